"""The databases of a test run: made, copied and dropped on one server."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Thread
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, make_url

from tests.deadline import DEADLINE
from tests.lasting import SPARE
from tests.restoring import Contents, Written

T = TypeVar("T")

ENDED = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1 AND pid != ALL ($2)"
"""Whoever is told to end is gone in milliseconds. PostgreSQL itself would look for that every tenth of a second."""


class Databases:
    """Has a connection that stays open, in a thread of its own: event loops of tests come and go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._names = count()
        self._contents: dict[str, Contents] = {}
        self._unwritten = defaultdict[str, list[str]](list)
        """The copies that nobody uses, by what they are copies of."""
        self._restoring: dict[str, asyncpg.Connection] = {}
        """The connection to each database that was restored before."""
        self._written: dict[str, Written] = {}
        """What was written to each of them when it was as it should be."""
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="databases")
        self._thread.start()
        self._connection = self._wait(_connect(url))

    def create(self, name: str, *, template: str = "template1") -> str:
        """Make a database; returns its address."""
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def copy(self, template: str) -> str:
        """Make a copy of a database under a new name; returns its address."""
        return self.create(f"test_{next(self._names)}", template=template)

    @contextmanager
    def lent(self, template: str) -> Iterator[str]:
        """A copy of a database that is remembered, with nothing in it of what was written to copies before."""
        unwritten = self._unwritten[template]
        url = unwritten.pop() if unwritten else self.copy(template)
        yield url
        self.end_sessions(url)
        if self.restore(url, template):
            unwritten.append(url)
        else:
            self.drop(url)

    def drop(self, url: str) -> None:
        """Drop the database with this address, whoever is connected to it."""
        if restoring := self._restoring.pop(url, None):
            self._wait(restoring.close())
        SPARE.end(_name(url))
        self.run(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def remember(self, template: str) -> None:
        """Keep in mind what a database holds, for its copies to be restored."""
        self._contents[template] = self._wait(_contents(make_url(self.url).set(database=template)))

    def restore(self, url: str, template: str) -> bool:
        """Undo in a copy of this template what was written since it was made, or tell that it cannot be undone.

        What sessions have written that are still there counts if they have told of it: see `tests.restoring.REPORT`.
        """
        return self._wait(self._restore(url, self._contents[template]))

    def end_sessions(self, url: str) -> None:
        """End what still runs on the database with this address, such as a statement that nobody waits for any more.

        Of its connections those stay that the next test takes.
        """
        self._wait(self._end_sessions(url))

    def run(self, statement: str, *arguments: Any) -> Any:
        """Run a statement outside of any transaction; returns the first value of its first row."""
        return self._wait(self._connection.fetchval(statement, *arguments))

    def close(self) -> None:
        """End the connection and the thread."""
        for connection in (*self._restoring.values(), self._connection):
            self._wait(connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _restore(self, url: str, contents: Contents) -> bool:
        if url not in self._restoring:
            self._restoring[url] = await _connect(url, session_replication_role="replica")
        written = await contents.restore(self._restoring[url], self._written.get(url, contents.written))
        if written is not None:
            self._written[url] = written
        return written is not None

    async def _end_sessions(self, url: str) -> None:
        ours = SPARE.processes(_name(url))
        if url in self._restoring:
            ours.append(self._restoring[url].get_server_pid())
        async with asyncio.timeout(DEADLINE):
            while await self._connection.fetchval(ENDED, _name(url), ours):  # noqa: ASYNC110  (nobody tells of it)
                await asyncio.sleep(0.001)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _name(url: str) -> str:
    return str(make_url(url).database)


async def _connect(url: str | URL, **settings: str) -> asyncpg.Connection:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return await asyncpg.connect(dsn, server_settings=settings)


async def _contents(url: URL) -> Contents:
    connection = await _connect(url)
    try:
        return await Contents.read(connection)
    finally:
        await connection.close()

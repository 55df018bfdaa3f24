"""The databases of a test run: made, copied and dropped on one server."""

import asyncio
from collections.abc import Coroutine
from itertools import count
from threading import Thread
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import make_url

from tests.deadline import DEADLINE

T = TypeVar("T")

ENDED = "SELECT count(pg_terminate_backend(pid, $2)) FROM pg_stat_activity WHERE datname = $1"
WRITTEN = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
"""The next transaction id of the server: only transactions that write take one."""


class Databases:
    """Has a connection that stays open, in a thread of its own: event loops of tests come and go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._names = count()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="databases")
        self._thread.start()
        dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = self._wait(asyncpg.connect(dsn))

    def create(self, name: str, *, template: str = "template1") -> str:
        """Make a database; returns its address."""
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def copy(self, template: str) -> str:
        """Make a copy of a database under a new name; returns its address."""
        return self.create(f"test_{next(self._names)}", template=template)

    def drop(self, url: str) -> None:
        """Drop the database with this address, whoever is connected to it."""
        self.run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def end_sessions(self, url: str) -> None:
        """End what still runs on the database with this address, such as a statement that nobody waits for any more."""
        self.run(ENDED, make_url(url).database, int(DEADLINE * 1_000))

    def written(self) -> str:
        """A mark that stays as it is for as long as nobody writes to any database of the server."""
        return str(self.run(WRITTEN))

    def run(self, statement: str, *arguments: Any) -> Any:
        """Run a statement outside of any transaction; returns the first value of its first row."""
        return self._wait(self._connection.fetchval(statement, *arguments))

    def close(self) -> None:
        """End the connection and the thread."""
        self._wait(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

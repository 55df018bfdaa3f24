"""Connections that outlast a test: the next one on the same database takes them. To open one, and to learn the tables
again, takes PostgreSQL longer than most of what a test asks. And so do compiled statements of the ORM.
"""

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import Any

from asyncpg import Connection, InterfaceError, PostgresError
from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from db.address import Address
from db.engine import Database
from tests.restoring import REPORT

MOST = 20
"""Connections that wait for a test: a server takes a hundred, and some tests need most of them."""
COMPILED = LRUCache[Any, Any](500)
"""The compiled statements of the ORM, as many as an engine has by default."""
DIALECTS: list[Any] = []
"""The dialects of engines, of which the first that has connected is the one that they are compiled for."""
Key = tuple[str, ...]
"""The database of a connection, and everything else that it was opened with."""


class Lasting(Connection):  # type: ignore[misc]
    """A connection that stays open though its database is closed, if it is spared."""

    __slots__ = ("is_spared",)

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.is_spared = False

    @property
    def is_idle(self) -> bool:
        """Whether it is open, and nobody is within a transaction."""
        return not (self.is_closed() or self.is_in_transaction())

    def get_reset_query(self) -> str:
        return f"{super().get_reset_query()}\nRESET SESSION AUTHORIZATION;\n{REPORT}"

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  (the driver's)
        if not self.is_spared:
            await super().close(timeout=timeout)

    def terminate(self) -> None:
        if not self.is_spared:
            super().terminate()


class Spare:
    """Connections that nobody uses, as they were when they were opened. They belong to one event loop."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._idle = defaultdict[Key, list[Lasting]](list)

    def take(self, key: Key) -> Lasting | None:
        """A connection of this kind, if there is one."""
        idle = self._idle[key] if self.is_here else []
        while idle:
            connection = idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def put(self, key: Key, connection: Lasting) -> None:
        """Keep a connection for the next test, or end it if something still runs on it."""
        try:
            await connection.reset(timeout=1)
        except (InterfaceError, PostgresError, OSError, TimeoutError):
            connection.terminate()
        else:
            self._idle[key].append(connection)
            if sum(map(len, self._idle.values())) > MOST:
                next(idle for idle in self._idle.values() if idle).pop(0).terminate()

    @property
    def is_here(self) -> bool:
        """Whether this is the event loop that they belong to."""
        return asyncio.get_running_loop() is self.loop

    def processes(self, database: str) -> list[int]:
        """The processes of PostgreSQL at the other ends of the connections to a database."""
        return [one.get_server_pid() for key, idle in self._idle.items() if key[0] == database for one in idle]

    def end(self, database: str | None = None) -> None:
        """End the connections to a database, or all."""
        for key in [key for key in self._idle if database in (key[0], None)]:
            for connection in self._idle.pop(key):
                connection.terminate()


SPARE = Spare()


class LastingDatabase(Database):
    """Takes the connections that another on the same database has left, and leaves its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._opened: list[tuple[Key, Lasting]] = []
        for opened in (self.engine, self.batches):
            _share_compiled(opened.sync_engine)

    async def close(self) -> None:
        """Leave the connections on which nothing runs to the next test."""
        spared = [one for one in self._opened if SPARE.is_here and one[1].is_idle]
        for _, connection in spared:
            connection.is_spared = True
        await super().close()
        self._opened.clear()
        for key, connection in spared:
            connection.is_spared = False
            await SPARE.put(key, connection)

    async def _open(self, address: Address, settings: dict[str, str]) -> Connection:
        key = (address.arguments.get("database", ""), str(address.arguments), str(address.settings | settings))
        lasting = replace(address, arguments=address.arguments | {"connection_class": Lasting})
        connection = SPARE.take(key) or await super()._open(lasting, settings)
        self._opened.append((key, connection))
        return connection


def _share_compiled(engine: Engine) -> None:
    """Compile a statement of the ORM once for all tests, as one engine would: what it keeps is of one dialect."""
    engine.dialect = next((known for known in DIALECTS if known.server_version_info), engine.dialect)
    if not engine.dialect.server_version_info:
        DIALECTS.append(engine.dialect)
    engine.update_execution_options(compiled_cache=COMPILED)

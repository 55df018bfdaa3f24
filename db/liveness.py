"""The liveness of PostgreSQL. A server that hangs refuses nothing: without a probe everything would wait for its
deadline.
"""

import asyncio
from collections.abc import Awaitable, Callable

from asyncpg import Connection

from db.background import Background

BEAT = 0.3
"""Seconds between two signs of life."""
SILENCE = 1.2
"""Seconds without one after which nobody waits any more."""


class Liveness:
    """Asks for a sign of life again and again, on a connection of its own, and calls `tell` with whether one came.

    A refusal is one too: only silence is not.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], tell: Callable[[bool], None]) -> None:
        self._connect = connect
        self._tell = tell
        self._connection: Connection | None = None
        self._background = Background("liveness", self._probe)

    async def __aenter__(self) -> None:
        await self._background.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(*error)
        self._hang_up()

    async def _probe(self) -> None:
        while True:
            self._tell(await self._is_alive())
            await asyncio.sleep(BEAT)

    async def _is_alive(self) -> bool:
        asked = asyncio.create_task(self._ask())
        try:
            # What has come while this process itself stood still is taken in between the two looks.
            for timeout in (SILENCE, 0.1):
                await asyncio.wait([asked], timeout=timeout)
            return asked.done()
        finally:
            asked.cancel()

    async def _ask(self) -> None:
        try:
            if self._connection is None:
                self._connection = await self._connect()
            await self._connection.fetch("SELECT 1")
        except (Exception, asyncio.CancelledError):  # noqa: BLE001  (it is asked again, on another connection)
            self._hang_up()

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.terminate()
            self._connection = None

"""Calls of one statement in bulk: what is asked while the statement runs goes into its next run."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Bulk(Generic[Key, Value]):
    """Runs a statement for all keys that are asked for at one moment; `run` returns what it found, by key."""

    def __init__(self, run: Callable[[list[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        self._run = run
        self._asked: dict[Key, asyncio.Future[Value | None]] = {}
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, key: Key) -> Value | None:
        """Return what the statement found for a key, or None. A call that is cancelled ends with the statement."""
        found = self._asked.setdefault(key, asyncio.get_running_loop().create_future())
        if self._running is None:
            self._running = asyncio.create_task(self._run_all())
        try:
            return await asyncio.shield(found)
        except asyncio.CancelledError:
            await asyncio.wait([found])
            raise

    async def _run_all(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            try:
                values = await self._run([*asked])
            except Exception as error:  # noqa: BLE001  (each caller has it)
                for found in asked.values():
                    found.set_exception(error)
                    found.exception()  # nobody may wait for it any more
            else:
                for key, found in asked.items():
                    found.set_result(values.get(key))
        self._running = None

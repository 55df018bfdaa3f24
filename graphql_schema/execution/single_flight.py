"""Work that several wait for at one moment is done once, such as the compilation of a statement."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Run(Generic[T]):
    task: asyncio.Task[T]
    work: Callable[[], Coroutine[Any, Any, T]]
    """Kept, as the key may be the identity of something that it knows."""
    waiting: int = 0


class SingleFlight(Generic[T]):
    """Work by its key, for as long as it is under way: who comes later begins anew."""

    def __init__(self) -> None:
        self._running: dict[Hashable, _Run[T]] = {}

    async def once(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do the work under this key once for all who wait; it is cancelled when nobody waits for it any more."""
        run = self._running.get(key) or self._begin(key, work)
        run.waiting += 1
        try:
            return await asyncio.shield(run.task)
        finally:
            run.waiting -= 1
            if not run.waiting:
                self._end(key, run)
                run.task.cancel()

    def _begin(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> _Run[T]:
        run = self._running[key] = _Run(asyncio.create_task(work()), work)
        run.task.add_done_callback(lambda _: self._end(key, run))
        return run

    def _end(self, key: Hashable, run: _Run[T]) -> None:
        if self._running.get(key) is run:
            del self._running[key]

"""The end of what takes too long. One timer watches all that runs: one for each costs as much as a small answer."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

from db.errors import TooSlow

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Run:
    task: asyncio.Task[Any]
    due: float
    is_stopped: bool = False


class Deadline:
    """Cancels what takes longer than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._running: dict[_Run, None] = {}
        """The runs under way, the oldest first."""
        self._watching: asyncio.AbstractEventLoop | None = None
        """The event loop in which the timer ticks."""

    async def keep(self, work: Awaitable[T]) -> T:
        """Await the work; returns its result, and raises TooSlow when it does not come in time."""
        run = self._begin()
        try:
            return await work
        except asyncio.CancelledError:
            if run.is_stopped and run.task.cancelling() == 1:  # by nobody else
                raise TooSlow from None
            raise
        finally:
            del self._running[run]
            if run.is_stopped:
                run.task.uncancel()

    def _begin(self) -> _Run:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task
        run = _Run(task, loop.time() + self.seconds)
        self._running[run] = None
        if self._watching is not loop:
            self._watching = loop
            loop.call_at(run.due, self._look)
        return run

    def _look(self) -> None:
        """Stop what is due, and look again when the oldest of the others is."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for run in self._running:
            if run.due > now:
                loop.call_at(run.due, self._look)
                return
            if not run.is_stopped:
                run.is_stopped = True
                run.task.cancel()
        self._watching = None

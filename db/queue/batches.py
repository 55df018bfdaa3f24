"""Short jobs that wait at one moment share a transaction: to begin and to end one costs more than most of them.

Where one of them fails, nothing of it is kept, and each is run by itself: a failure is that of one job.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Run = TypeVar("Run")

MOST = 16
"""Jobs of one transaction: what the first of them has changed is locked until the last is done."""


@dataclass(eq=False, slots=True)
class Batch(Generic[Run]):
    """Some jobs, and the task that runs them."""

    runs: list[Run] = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None


class Batches(Generic[Run]):
    """Has `run` run jobs together, so many batches at a time as there are turns."""

    def __init__(self, run: Callable[[Sequence[Run]], Awaitable[None]], turns: asyncio.Semaphore) -> None:
        self._run = run
        self._turns = turns
        self._next: Batch[Run] | None = None
        """The batch that waits for its turn, and may have more jobs until then."""

    async def __call__(self, run: Run) -> None:
        """Run a job with those that come at this moment. Raises what it raises."""
        batch = self._joined(run)
        assert batch.task
        try:
            await asyncio.wait([batch.task])
        except asyncio.CancelledError:
            batch.task.cancel()
            await asyncio.wait([batch.task])
            raise
        if len(batch.runs) == 1:
            batch.task.result()
        elif batch.task.cancelled() or batch.task.exception():
            await self.alone(run)

    async def alone(self, run: Run) -> None:
        """Run a job by itself. Raises what it raises."""
        async with self._turns:
            await self._run([run])

    def _joined(self, run: Run) -> Batch[Run]:
        batch = self._next
        if batch is None or len(batch.runs) == MOST:
            batch = self._next = Batch()
            batch.task = asyncio.create_task(self._run_all(batch))
        batch.runs.append(run)
        return batch

    async def _run_all(self, batch: Batch[Run]) -> None:
        async with self._turns:
            if self._next is batch:
                self._next = None
            await self._run(batch.runs)

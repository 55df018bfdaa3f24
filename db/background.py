"""Background tasks: work that goes on for as long as the process does, and begins again whenever it ends.

An asyncio task that ends takes its exception with it, and nobody looks. Here the end is logged and counted by the name
of the work, the work begins again after a pause that grows, and `down` names the tasks that are not running, for the
health check.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Self

import structlog
from prometheus_client import Counter

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
SETTLED = 1.0
"""Seconds that work has to go on after it has ended once, until it counts as up again."""

RESTARTS = Counter("trellis_background_restarts_total", "Background tasks that ended and began again.", ["task"])

_running: set["Background"] = set()

log = structlog.get_logger()


class Ended(Exception):  # noqa: N818  (an outcome, not an error)
    """A background task has ended for a reason that needs no traceback."""


class Background:
    """An asynchronous context manager that runs `work` from its start to its end.

    At the end the work has `grace` seconds to come to an end by itself, if somebody has told it to; then it is
    cancelled, and after `timeout` seconds left behind.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]], *, grace: float = 0, timeout: float = 2) -> None:
        self.name = name
        self.work = work
        self.grace = grace
        self.timeout = timeout
        self._ends = 0
        """How often in a row the work has ended soon after its beginning."""
        self._began = 0.0
        self._is_over = False

    @property
    def is_down(self) -> bool:
        """Whether the work has ended and has not gone on for a while since."""
        return bool(self._ends) and time.monotonic() - self._began < SETTLED

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_going(), name=self.name)
        _running.add(self)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._is_over = True
        _running.discard(self)
        if self.grace:
            await asyncio.wait([self._task], timeout=self.grace)
        self._task.cancel()
        await asyncio.wait([self._task], timeout=self.timeout)

    async def _keep_going(self) -> None:
        while True:
            self._began = time.monotonic()
            error = await self._end()
            if self._is_over:
                return
            told = {"error": str(error)} if isinstance(error, Ended) else {"exc_info": error}
            log.error("background task ended", task=self.name, **told)
            RESTARTS.labels(self.name).inc()
            self._ends = 1 if time.monotonic() - self._began > LONGEST_PAUSE else self._ends + 1
            self._began = float("inf")
            await asyncio.sleep(min(SHORTEST_PAUSE * 2 ** min(self._ends, 10), LONGEST_PAUSE))

    async def _end(self) -> BaseException | None:
        """The exception that the work ends with. A cancellation that is not ours comes from inside of it."""
        try:
            await self.work()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  (whatever it is, the work goes on)
            return error
        return None


def down() -> list[str]:
    """The names of the background tasks of this process that do not run as they should."""
    return sorted(background.name for background in _running if background.is_down)

"""A fair lock: those who ask for much wait behind themselves, not others behind them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from db.errors import Overloaded


class Turns:
    """Lets `size` in at a time. Of each who waits one is let in after the other, those last who had a turn just now.

    On behalf of each at most `max_waiting` wait, and for `timeout` seconds at most, if there is such a number.
    """

    def __init__(self, size: int, *, max_waiting: int, timeout: float | None = None) -> None:
        self.max_waiting = max_waiting
        self.timeout = timeout
        self._free = size
        self._queues: dict[Hashable, deque[asyncio.Future[None]]] = {}
        """Those who wait, in the order in which one of theirs is let in."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def turn(self, who: Hashable) -> AsyncIterator[None]:
        """A time among those who are let in.

        Raises Overloaded, at once where too many wait on behalf of `who`, and where it takes too long.
        """
        if self._free:
            self._free -= 1
        else:
            await self._wait(who)
        try:
            yield
        finally:
            self._let_in(after=who)

    async def _wait(self, who: Hashable) -> None:
        queue = self._queues.get(who, ())
        if len(queue) >= self.max_waiting:
            raise Overloaded
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(who, deque()).append(turn)
        try:
            async with asyncio.timeout(self.timeout):
                await turn
        except (asyncio.CancelledError, TimeoutError) as error:
            self._leave(who, turn)
            if isinstance(error, TimeoutError):
                raise Overloaded from None
            raise

    def _leave(self, who: Hashable, turn: asyncio.Future[None]) -> None:
        """Give up a turn that is waited for, or that was given at the same moment."""
        if not turn.cancelled():
            self._let_in(after=who)
            return
        queue = self._queues[who]
        queue.remove(turn)
        if not queue:
            del self._queues[who]

    def _let_in(self, *, after: Hashable) -> None:
        """Give the place of one who leaves to one of those who wait first; who has had a turn is last then."""
        self._put_last(after)
        if not self._queues:
            self._free += 1
            return
        who = next(iter(self._queues))
        self._queues[who].popleft().set_result(None)
        self._put_last(who)

    def _put_last(self, who: Hashable) -> None:
        if queue := self._queues.pop(who, None):
            self._queues[who] = queue

"""Turns at what few can do at a time: those who ask for much wait behind themselves, not others behind them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from db.errors import Overloaded


class Turns:
    """At most `size` at a time. Of each who waits one is let in after the other, and at most `most_waiting` wait."""

    def __init__(self, size: int, *, most_waiting: int) -> None:
        self.most_waiting = most_waiting
        self._free = size
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}
        """Those who wait, in the order in which one of theirs is let in."""

    @asynccontextmanager
    async def turn(self, who: Hashable) -> AsyncIterator[None]:
        """A time among those who are let in. Raises Overloaded at once where too many wait on behalf of `who`."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(who)
        try:
            yield
        finally:
            self._let_in()

    async def _wait(self, who: Hashable) -> None:
        queue = self._waiting.setdefault(who, deque())
        if len(queue) == self.most_waiting:
            raise Overloaded
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # let in and cancelled at once
                self._let_in()
            raise

    def _let_in(self) -> None:
        """Give a place that is free to one of those who wait first; they are last then."""
        while self._waiting:
            who = next(iter(self._waiting))
            queue = self._waiting.pop(who)
            turn = queue.popleft()
            if queue:
                self._waiting[who] = queue
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

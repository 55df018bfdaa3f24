"""How long a client is waited for: until it has sent what it began to, and until it has read what was sent."""

import asyncio
import math
from collections.abc import Callable


class Patience:
    """Calls `expired` when the moment `due` has come, and cuts off a client that reads nothing for `reader_timeout`
    seconds while something waits for it.

    `shortest` is the number of seconds in which something new can be due.
    """

    def __init__(
        self, transport: asyncio.Transport, expired: Callable[[], None], *, shortest: float, reader_timeout: float
    ) -> None:
        self.transport = transport
        self.reader_timeout = reader_timeout
        self.due = math.inf
        self.sent = 0
        """Bytes that the transport was given."""
        self._expired = expired
        self._shortest = shortest
        self._now = asyncio.get_running_loop().time
        self._taken = 0
        """Bytes that the client had taken at the last look."""
        self._read_at = 0.0
        """The time of the last look at which it had taken more, or all."""
        self._watch = asyncio.get_running_loop().call_soon(self.look)

    def wait(self, seconds: float) -> None:
        """Wait so many seconds from now."""
        self.due = self._now() + seconds

    def rest(self) -> None:
        """Wait for nothing that has to come."""
        self.due = math.inf

    @property
    def is_resting(self) -> bool:
        """Whether nothing has to come."""
        return self.due == math.inf

    def end(self) -> None:
        """Look no more."""
        self._watch.cancel()

    def look(self) -> None:
        """Look whether the time is up, and again at the latest before something new can be due."""
        now = self._now()
        if self._is_unread(now):
            self.transport.abort()
            return
        if now >= self.due:
            self.rest()
            self._expired()
        at = min(self.due, now + min(self._shortest, self.reader_timeout))
        self._watch = asyncio.get_running_loop().call_at(at, self.look)

    def _is_unread(self, now: float) -> bool:
        waiting = self.transport.get_write_buffer_size()
        taken = self.sent - waiting
        if taken > self._taken or not waiting:
            self._taken, self._read_at = taken, now
        return now - self._read_at >= self.reader_timeout

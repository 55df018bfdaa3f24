"""Signs of life: pings that the client of a WebSocket has to answer."""

import asyncio
import random
from collections.abc import Callable
from typing import Protocol

from app.settings import Settings


class Beating(Protocol):
    """The socket as a heartbeat knows it."""

    transport: asyncio.Transport

    def ping(self, data: bytes) -> None:
        """Send a ping."""
        ...


class Heartbeat:
    """Pings a client every `ping_interval` seconds, and calls `stopped` where it does not answer in `ping_timeout`.

    While there is something to read before the ping, it has the rest of `reader_timeout`.
    """

    __slots__ = ("_asked", "_asked_at", "_now", "_settings", "_socket", "_stopped", "_timer")

    def __init__(self, socket: Beating, settings: Settings, stopped: Callable[[], None]) -> None:
        self._socket = socket
        self._settings = settings
        self._stopped = stopped
        self._now = asyncio.get_running_loop().time
        self._asked: bytes | None = None
        """The content of the ping that was not answered yet."""
        self._asked_at = 0.0
        self._wait(settings.ping_interval, self._ask)

    def hear(self, answer: bytes) -> None:
        """Take in a pong. It counts only for the last ping."""
        if answer == self._asked:
            self._asked = None
            self._timer.cancel()
            self._wait(max(0, self._settings.ping_interval - self._now() + self._asked_at), self._ask)

    def cancel(self) -> None:
        """Ask no more."""
        self._timer.cancel()

    def _wait(self, seconds: float, act: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, act)

    def _ask(self) -> None:
        self._asked, self._asked_at = random.randbytes(4), self._now()  # noqa: S311  (it keeps no secret)
        self._socket.ping(self._asked)
        self._wait(self._settings.ping_timeout, self._miss)

    def _miss(self) -> None:
        settings = self._settings
        left = settings.reader_timeout - settings.ping_interval - (self._now() - self._asked_at)
        if left > 0 and self._socket.transport.get_write_buffer_size():
            self._wait(min(left, settings.ping_timeout), self._miss)
        else:
            self._stopped()

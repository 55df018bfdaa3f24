"""The thread that writes the log. Callers hand in an entry and go on, however slowly the log is read.

Entries that are not read in time are dropped and counted: a terminal that stands still must not stop the server.
"""

import os
import select
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TextIO

from prometheus_client import Counter
from structlog.typing import EventDict

MAX_WAITING = 10_000
AT_ONCE = 500
GATHERING = 0.02
"""Seconds in which entries gather: to wake the thread for each would cost more than to write it."""

DROPPED = Counter("trellis_log_entries_dropped_total", "Entries of the log that nobody read in time.")

Entry = EventDict | str | threading.Event
"""Fields to be rendered; a text that is rendered already; or what is set once all before it is written."""


class LogWriter:
    """Renders entries by `render` and writes them to `stream`, in their order."""

    def __init__(self) -> None:
        self.render: Callable[[EventDict], str] = str
        self.stream: TextIO | None = None
        self._waiting = SimpleQueue[Entry]()
        self._dropped = 0
        self._counting = threading.Lock()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, stream: TextIO, render: Callable[[EventDict], str]) -> None:
        """Write to this stream from now on."""
        self.flush()
        self.stream, self.render = stream, render
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
            self._thread.start()

    def put(self, entry: EventDict | str) -> None:
        """Take in an entry, or drop it if too many wait."""
        if self._waiting.qsize() < MAX_WAITING:
            self._waiting.put(entry)
        else:
            self._drop(1)

    def flush(self, *, within: float = 1.0) -> bool:
        """Wait until all entries that were handed in are written; False when they are not in so many seconds."""
        if self._thread is None:
            return True
        written = threading.Event()
        self._waiting.put(written)
        self._hurry.set()
        return written.wait(within)

    def _write_all(self) -> None:
        while True:
            entries = [self._waiting.get()]
            self._hurry.wait(GATHERING)
            self._hurry.clear()
            entries += [self._waiting.get() for _ in range(min(AT_ONCE, self._waiting.qsize()))]
            lines = [self._line(entry) for entry in entries if not isinstance(entry, threading.Event)]
            if self._dropped:
                lines.append(self._line(self._drops()))
            try:
                self._write("".join(lines))
            except Exception:  # noqa: BLE001  (there is nowhere to say it, until it can be written again)
                self._drop(len(lines))
            for entry in entries:
                if isinstance(entry, threading.Event):
                    entry.set()

    def _line(self, entry: EventDict | str) -> str:
        if isinstance(entry, str):
            return f"{entry}\n"
        try:
            return f"{self.render(entry)}\n"
        except Exception as error:  # noqa: BLE001  (an entry that cannot be rendered must not end the log)
            return f"{entry.get('event')!r} could not be logged: {error!r}\n"

    def _drop(self, number: int) -> None:
        DROPPED.inc(number)
        with self._counting:
            self._dropped += number

    def _drops(self) -> EventDict:
        with self._counting:
            number, self._dropped = self._dropped, 0
        return {"event": "log entries dropped", "level": "error", "entries": number}

    def _write(self, text: str) -> None:
        """Past the buffer of the stream: its lock would keep the process from ending while nobody reads."""
        assert self.stream
        try:
            descriptor = self.stream.fileno()
        except OSError:  # it lives in memory
            self.stream.write(text)
            return
        left = memoryview(text.encode(errors="backslashreplace"))
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except BlockingIOError:
                select.select([], [descriptor], [])

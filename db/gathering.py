"""Batches that may wait: only a few run at a time, and requests that come meanwhile gather in the next ones."""

from collections import deque

from db.coalescing import Batch, Coalescer, Run


class Gathering(Coalescer):
    """Runs at most `at_once` batches at a time, so that many requests take few connections, and none in vain."""

    def __init__(self, run: Run, *, size: int, at_once: int) -> None:
        super().__init__(run, size=size)
        self.at_once = at_once
        self._queue: deque[Batch] = deque()

    def _send(self, batch: Batch) -> None:
        if len(self._running) >= self.at_once:
            self._queue.append(batch)
            return
        super()._send(batch)
        if batch.task:  # somebody still waits
            batch.task.add_done_callback(lambda _: self._send_next())

    def _send_next(self) -> None:
        while self._queue and len(self._running) < self.at_once:
            self._send(self._queue.popleft())

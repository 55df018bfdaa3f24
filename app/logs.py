"""Logging: structured entries, as text for people or one JSON object a line, and one entry for every request.

Nothing here writes a token, a variable or the local variables of a traceback. Entries are rendered and written by a
thread (`app.log_writer`).
"""

import atexit
import logging
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO
from urllib.parse import quote

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor

from app.log_writer import LogWriter

CLIENT_LEFT = 499

_noted: ContextVar[Mapping[str, Any]] = ContextVar("noted", default={})  # noqa: B039  (never changed, only replaced)


def note(**fields: Any) -> None:
    """Add fields to every entry that this task, and those it starts from here on, will write."""
    _noted.set({**_noted.get(), **fields})


def _merge_noted(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    return {**_noted.get(), **entry}


def _add_moment(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    entry["timestamp"] = datetime.now(UTC)
    return entry


ENRICHING: list[Processor] = [
    _merge_noted,
    structlog.stdlib.add_log_level,
    _add_moment,
    # A traceback that waits would keep alive all that its functions know.
    structlog.processors.format_exc_info,
]
# One list and one output for good: loggers keep those that they were first used with.
PROCESSORS: list[Processor] = []

log = structlog.get_logger()


_writer = LogWriter()
flush = _writer.flush
atexit.register(flush)


class _Output:
    """Takes our own entries, without the way through the standard library: that costs as much as a statement."""

    debug = info = warning = error = critical = staticmethod(_writer.put)


_output = _Output()


class _Handler(logging.Handler):
    """Takes what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        _writer.put(self.format(record))


def configure(level: str, *, json: bool, stream: TextIO = sys.stderr) -> None:
    """Send the entries of this process, and those of the libraries, to `stream`."""
    renderer = _renderer(json=json, stream=stream)
    _writer.start(stream, lambda entry: str(renderer(None, "", entry)))
    PROCESSORS[:] = [*ENRICHING, lambda _logger, _method, entry: ((entry,), {})]
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _output,
        cache_logger_on_first_use=True,
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=ENRICHING,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.root.handlers[:] = [handler]
    # Below this, libraries write addresses and statements, with whatever secrets are in them.
    logging.root.setLevel(logging.WARNING)


class RequestLog:
    """Writes one entry when a request over HTTP has been answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        note(method=scope["method"], path=_quoted(scope["path"]))
        status, started = CLIENT_LEFT, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            status = 500
            raise
        finally:
            log.info("request", status=status, ms=elapsed(started))


_quoted = lru_cache(maxsize=1_000)(quote)


def elapsed(started: float) -> float:
    """Milliseconds since `started`, a reading of `time.perf_counter`."""
    return round((time.perf_counter() - started) * 1000, 1)


def _renderer(*, json: bool, stream: TextIO) -> Processor:
    if json:
        return structlog.processors.JSONRenderer(_dumps)
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)


def _dumps(entry: EventDict, **_options: Any) -> str:
    return orjson.dumps(entry, default=repr, option=orjson.OPT_UTC_Z).decode()

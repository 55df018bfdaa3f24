"""Logging: structured entries, as text for people or one JSON object a line, and one entry for every request.

Nothing here writes a token, a variable or the local variables of a traceback.
"""

import logging
import sys
import time
from typing import Any, TextIO
from urllib.parse import quote

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor

CLIENT_LEFT = 499
PACKAGES = ("app", "graphql_schema", "db")

ENRICHING: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# One list for good: loggers keep the one that they were first used with.
PROCESSORS: list[Processor] = [*ENRICHING, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]

log = structlog.get_logger()


def configure(level: str, *, json: bool, stream: TextIO = sys.stderr) -> None:
    """Send the entries of this process, and those of the libraries, to `stream`."""
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=ENRICHING,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(json=json, stream=stream),
            ],
        )
    )
    logging.root.handlers[:] = [handler]
    # Below this, libraries write addresses and statements, with whatever secrets are in them.
    logging.root.setLevel(logging.WARNING)
    for package in PACKAGES:
        logging.getLogger(package).setLevel(level)


class RequestLog:
    """Writes one entry when a request over HTTP has been answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with bound_contextvars(method=scope["method"], path=quote(scope["path"])):
            await self._logged(scope, receive, send)

    async def _logged(self, scope: Scope, receive: Receive, send: Send) -> None:
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


def elapsed(started: float) -> float:
    """Milliseconds since `started`, a reading of `time.perf_counter`."""
    return round((time.perf_counter() - started) * 1000, 1)


def _rendering(*, json: bool, stream: TextIO) -> list[Processor]:
    if json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_dumps)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]


def _dumps(entry: EventDict, **_options: Any) -> str:
    return orjson.dumps(entry, default=repr).decode()

"""Health checks for balancers and supervisors: whether this process lives, and whether it can serve."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from db import background

TIMEOUT = 1.0

Check = Callable[[], Awaitable[None]]
Age = Callable[[], Awaitable[float]]

log = structlog.get_logger()


def routes(checks: Mapping[str, Check], ages: Mapping[str, Age]) -> list[Route]:
    """`/health/live` always answers 200; `/health/ready` answers 503 unless every check passes.

    It also tells ages, in seconds, null where they cannot be known: of what waits, which another process may not do.
    """

    async def live(_request: Request) -> Response:
        return _answer({"status": "ok"})

    async def ready(_request: Request) -> Response:
        passed = await asyncio.gather(*(_passes(name, check) for name, check in checks.items()))
        states = {name: "ok" if good else "unavailable" for name, good in zip(checks, passed, strict=True)}
        told = {**states, **{name: await _age(name, age) for name, age in ages.items()}}
        if all(passed):
            return _answer({"status": "ok", **told})
        return _answer({"status": "unavailable", **told}, status=503)

    return [Route("/health/live", live), Route("/health/ready", ready)]


async def tasks_run() -> None:
    """Raise the names of the background tasks of this process that do not run as they should."""
    if down := background.down():
        raise RuntimeError(", ".join(down))


async def _passes(name: str, check: Check) -> bool:
    """Whether a check passes. The reason why not stands in the log only: anybody may ask for health."""
    try:
        async with asyncio.timeout(TIMEOUT):
            await check()
    except Exception as error:  # noqa: BLE001  (whatever it is, the dependency cannot be used)
        log.warning("not ready", dependency=name, error=repr(error))
        return False
    return True


async def _age(name: str, age: Age) -> float | None:
    try:
        async with asyncio.timeout(TIMEOUT):
            return round(await age(), 1)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is not known)
        log.warning("not known", age=name, error=repr(error))
        return None


def _answer(body: dict[str, Any], *, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status, headers, media_type="application/json")

"""Metrics for operators: how many operations of which kind, how long they took, which fields were not compiled, which
errors.

Labels have few values, all of them from our own code or the schema: nothing that a client sends becomes one.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from hmac import compare_digest
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.auth import Sessions
from db.errors import Unauthenticated
from db.queue.operators import State
from graphql_schema.execution import Operation

Queue = Callable[[], Awaitable[State]]
"""Looks at the queue of jobs."""
Payments = Callable[[], Awaitable[Mapping[str, int]]]
"""Looks at what waits of payments."""

SECONDS = Histogram("trellis_operation_seconds", "Time to answer a query or a mutation.", ["kind", "answered"])
RESOLVED = Counter("trellis_resolved_total", "Root fields that were not compiled, by the field in the way.", ["field"])
ERRORS = Counter("trellis_errors_total", "Errors in answers and refusals, by their code.", ["code"])
RATE_LIMITED = Counter(
    "trellis_rate_limited_total",
    "Operations that had too little left, by the bucket (usr, ip, org, text, key) and whether that is enforced.",
    ["bucket", "mode"],
)

QUEUE_AGE = Gauge("trellis_queue_age_seconds", "Seconds for which the first of the jobs that are due waits already.")
OUTBOX_AGE = Gauge("trellis_outbox_age_seconds", "Seconds for which the first event in the outbox waits for a relay.")
JOBS = Gauge("trellis_jobs", "Jobs in the queue: waiting, running, and failed for good.", ["state"])
PAYMENT_EVENTS = Gauge("trellis_payment_events", "Events of payments: waiting, and parked for an operator.", ["state"])
OVERDUE = Gauge("trellis_payments_overdue", "Payments of which nothing was heard for 15 minutes.")

_seconds = cache(SECONDS.labels)


def count(operation: Operation, answer: Mapping[str, Any], *, seconds: float) -> None:
    """Count an operation that was answered."""
    plan = operation.plan
    _seconds(operation.kind, plan.way).observe(seconds)
    for field in plan.obstacles.values():
        RESOLVED.labels(field).inc()
    count_errors(answer.get("errors", ()))


def count_errors(errors: Iterable[Mapping[str, Any]]) -> None:
    """Count errors that a client was told of."""
    for error in errors:
        ERRORS.labels(error["extensions"]["code"]).inc()


def route(sessions: Sessions, token: str | None, queue: Queue, payments: Payments) -> Route:
    """`/metrics` in the format of Prometheus, for clients with the token of the settings, and for administrators."""

    async def metrics(request: Request) -> Response:
        credential = request.headers.get("authorization")
        if not await _may(sessions, credential, token):
            return PlainTextResponse("Not found", 404)
        await _look_at(queue, payments)
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})

    return Route("/metrics", metrics)


async def _look_at(queue: Queue, payments: Payments) -> None:
    """Take over the numbers of the queue and of payments. Without an answer of the database the last ones are told."""
    with suppress(Exception):
        state = await queue()
        QUEUE_AGE.set(state.age)
        OUTBOX_AGE.set(state.outbox_age)
        for name in ("waiting", "running", "failed"):
            JOBS.labels(name).set(getattr(state, name))
        counts = await payments()
        OVERDUE.set(counts["overdue"])
        for name in ("waiting", "parked"):
            PAYMENT_EVENTS.labels(name).set(counts[name])


async def _may(sessions: Sessions, credential: str | None, token: str | None) -> bool:
    if token and compare_digest((credential or "").encode(), f"Bearer {token}".encode()):
        return True
    try:
        return (await sessions.viewer(credential)).is_admin
    except Unauthenticated:
        return False

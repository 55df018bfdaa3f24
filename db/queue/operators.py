"""The queue as operators see it: what waits and for how long, what has failed for good, and what to do about it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from asyncpg import Connection
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.domain.types import JobId

from db.access import GUEST
from db.address import Address
from db.engine import Database
from db.mail import Mailer
from db.outgoing import NO_OUTGOING, Outgoing
from db.queue.declared import Arguments, JobKind
from db.queue.locks import Locks
from db.queue.names import LOG, QUEUE, queries
from db.queue.steps import Report, Steps
from db.upstream import NO_UPSTREAM, Upstream
from db.write import Work

Fetch = Callable[[str], Awaitable[Sequence[Any]]]

MAX_LISTED = 1_000

# The reason is kept with the entry of the last try.
LIST = f"""
    SELECT id, entrypoint AS kind, payload, status::text, created, execute_after AS due, attempts AS tries, (
        SELECT traceback ->> 'exception_message' FROM {LOG} WHERE job_id = job.id AND traceback IS NOT NULL
        ORDER BY id DESC LIMIT 1
    ) AS reason
    FROM {QUEUE} AS job WHERE status IN ('queued', 'picked', 'failed') AND ($1::text IS NULL OR status::text = $1)
    ORDER BY id LIMIT {MAX_LISTED}
"""  # noqa: S608  (names and a number of ours)
FIND = f"SELECT id FROM {QUEUE} WHERE id = ANY($1::bigint[]) AND status::text = ANY($2::text[]) ORDER BY id"  # noqa: S608  (a name of ours)
STATE = f"""
    SELECT
        coalesce(extract(epoch FROM now() - min(execute_after) FILTER (
            WHERE status = 'queued' AND execute_after <= now()
        )), 0)::float AS age,
        count(*) FILTER (WHERE status = 'queued') AS waiting,
        count(*) FILTER (WHERE status = 'picked') AS running,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        coalesce((
            SELECT extract(epoch FROM now() - created_at)::float
            FROM outbox_events WHERE published_at IS NULL ORDER BY outbox_events.id LIMIT 1
        ), 0) AS outbox_age
    FROM {QUEUE}
"""  # noqa: S608  (a name of ours)


@dataclass(frozen=True, slots=True)
class Queued:
    """A job in the queue."""

    id: int
    kind: str
    arguments: Arguments
    status: str
    """`queued`, `picked` by a worker, or `failed` for good."""
    created: datetime
    due: datetime
    tries: int
    reason: str | None
    """Why the last try failed."""


@dataclass(frozen=True, slots=True)
class State:
    """Numbers of what waits: seconds for the first of the jobs that are due, and for the first event of the outbox."""

    age: float
    waiting: int
    running: int
    failed: int
    outbox_age: float


async def listed(connection: Connection, status: str | None = None) -> list[Queued]:
    """The jobs of a status, or all, the oldest first."""
    rows = map(dict, await connection.fetch(LIST, status))
    return [Queued(arguments=orjson.loads(row.pop("payload")), **row) for row in rows]


async def state(fetch: Fetch) -> State:
    """The queue in numbers, by a connection or a pool that may look into it."""
    (row,) = await fetch(STATE)
    return State(**row)


async def retry(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Start jobs again that have failed for good; returns those of them that have."""
    found = await _found(connection, ids, ("failed",))
    await queries(connection).requeue_jobs(found)
    return [*found]


async def cancel(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Take jobs out of the queue; returns those that were in it. Of one that runs nothing more is kept."""
    found = await _found(connection, ids, ("queued", "picked", "failed"))
    await queries(connection).mark_job_as_cancelled(found)
    return [*found]


async def run(
    database: Database,
    owner: Address,
    connection: Connection,
    kind: JobKind,
    arguments: Arguments,
    report: Report,
    *,
    mailer: Mailer,
    outgoing: Outgoing | None = None,
    upstream: Upstream | None = None,
) -> None:
    """Run a job here, without a queue, while no worker runs one on the same thing."""
    async with Locks(AsyncpgDriver(connection)).on(kind.thing(arguments)):
        if kind.is_long:
            ways = mailer, database.store, outgoing or NO_OUTGOING, upstream or NO_UPSTREAM
            steps = Steps(partial(database.work, GUEST), _held, report, owner.owned, *ways)
            await kind.function(steps, **arguments)
            return
        async with database.work(GUEST) as work:
            await kind.function(work, **arguments)


async def _held(_work: Work) -> None:
    """Nobody else has a job that is in no queue."""


async def _found(connection: Connection, ids: Sequence[int], statuses: Sequence[str]) -> list[JobId]:
    return [JobId(row["id"]) for row in await connection.fetch(FIND, ids, statuses)]

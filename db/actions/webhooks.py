"""Messages of GitHub: kept as they came, and worked in by a job, in the order of receipt a repository.

One that cannot be worked in holds no other up: it is tried again, ever later, and then parked for people to look at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import ColumnElement, and_, func, or_, select, text, update

from db import tables
from db.actions.projection import project
from db.base import new_id
from db.errors import CannotRun, Overloaded, Refusal, TooSlow
from db.failures import Failure, failure_of
from db.ids import key_of
from db.ingestion.messages import READERS
from db.queue.declared import job
from db.queue.steps import Cancelled, Lost, Steps
from db.tables import RepositoryEventKind, WebhookEventKind
from db.write import Work

AT_ONCE = 100
"""Events that one transaction works in."""
MOST = 10_000
"""Events that are worked in once more at a time, the first of them first."""
TOGETHER = timedelta(milliseconds=500)
"""The time in which messages about a repository gather, to be worked in by one transaction."""
TRIES = 8
SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_REASON = 1_000
UNEXPECTED = "This was not expected; the log says more."
"""The reason that is shown of a failure which no message explains."""

_event, _repository = tables.WebhookEvent, tables.Repository
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery of GitHub whose signature was found to be right."""

    organization_id: UUID
    delivery_id: str
    event: str
    body: str
    """JSON, as it came."""


KEEP = text("""
    WITH given AS (
        SELECT * FROM unnest(:ids ::uuid[], :organizations ::uuid[], :deliveries ::text[], :events ::text[],
                             :bodies ::text[]) AS given(id, organization_id, delivery_id, event, body)
    ), new AS (
        INSERT INTO webhook_deliveries (id, organization_id, delivery_id)
        SELECT id, organization_id, delivery_id FROM given ORDER BY organization_id, delivery_id, id
        ON CONFLICT (organization_id, delivery_id) DO NOTHING
        RETURNING id
    ), read AS MATERIALIZED (
        SELECT given.*, given.body::jsonb AS payload FROM given JOIN new USING (id)
    ), about AS (
        SELECT read.*, repository.id AS repository_id, (payload->'repository'->>'id')::bigint AS github_repository_id
        FROM read LEFT JOIN LATERAL (
            SELECT id FROM repositories
            WHERE organization_id = read.organization_id AND is_active AND (
                github_id = (payload->'repository'->>'id')::bigint
                OR github_id IS NULL AND lower(full_name) = lower(payload->'repository'->>'full_name')
            )
            ORDER BY github_id NULLS LAST LIMIT 1
        ) AS repository ON true
    )
    INSERT INTO webhook_events (id, delivery_id, organization_id, repository_id, github_repository_id, event, action,
                                payload, received_at, processed_at)
    SELECT id, delivery_id, organization_id, repository_id, github_repository_id, event, payload->>'action',
           payload, now(), CASE WHEN repository_id IS NULL OR event <> ALL(:read) THEN now() END
    FROM about ORDER BY id
    RETURNING repository_id, processed_at IS NULL
""")
"""Of deliveries those are kept that have not come before, each once. Nothing has to be done with an event that says
nothing of a repository that the organization follows, or is of another kind.
"""


async def keep(work: Work, deliveries: Sequence[Delivery]) -> None:
    """Keep what GitHub sent, and have it worked in."""
    found = await work.execute(
        KEEP,
        {
            "ids": [new_id() for _ in deliveries],
            "organizations": [one.organization_id for one in deliveries],
            "deliveries": [one.delivery_id for one in deliveries],
            "events": [one.event for one in deliveries],
            "bodies": [one.body for one in deliveries],
            "read": list(READERS),
        },
    )
    await _tell(work, {repository for repository, waits in found if waits})


@job(on=(WebhookEventKind.WEBHOOKS_RECEIVED,), after=TOGETHER)
async def project_webhooks(steps: Steps, repository: str) -> None:
    """Work what GitHub sent about a repository into its rows."""
    await _project_all(steps, key_of(_repository, repository))


@job(cron="* * * * *", at_once=1)
async def retry_webhooks(steps: Steps) -> None:
    """Work in what waits: what has failed before, and what was kept by a server that ended before it could say so."""
    async with steps.work() as work:
        waiting = (await work.scalars(select(_event.repository_id).where(_waits()).distinct())).all()
    for key in waiting:
        await _project_all(steps, key)


@job(on=(RepositoryEventKind.REPOSITORY_CONNECTED,))
async def adopt_webhooks(steps: Steps, repository: str) -> None:
    """Work in what GitHub sent about a repository before the organization followed it."""
    key = key_of(_repository, repository)
    async with steps.work() as work:
        found = await work.scalar(select(_repository).where(_repository.id == key))
        if found:
            await _again(work, found.organization_id, _event.repository_id.is_(None))
    await _project_all(steps, key)


async def replay(work: Work, organization: tables.Organization, *conditions: ColumnElement[bool]) -> int:
    """Have events of an organization worked in once more, on behalf of the viewer; returns how many."""
    count = await _again(work, organization.id, *conditions)
    work.audit("webhooks_replayed", organization, events=count)
    return count


async def _again(work: Work, organization_id: UUID, *conditions: ColumnElement[bool]) -> int:
    named = _event.payload["repository"]["full_name"].astext
    about = (
        select(_repository.id)
        .where(
            _repository.organization_id == organization_id,
            or_(
                _repository.id == _event.repository_id,
                _repository.github_id == _event.github_repository_id,
                and_(_repository.github_id.is_(None), func.lower(_repository.full_name) == func.lower(named)),
            ),
        )
        .order_by(_repository.github_id.nulls_last())
        .limit(1)
        .correlate(_event)
        .scalar_subquery()
    )
    readable = _event.organization_id == organization_id, _event.event.in_(READERS)
    chosen = (
        select(_event.id, about.label("repository_id"))
        .where(*readable, *conditions, about.is_not(None))
        .order_by(_event.received_at, _event.id)
        .limit(MOST)
        .with_for_update(of=_event)
        .cte("chosen")
    )
    anew = {"processed_at": None, "parked_at": None, "retry_at": None, "error": None, "attempts": 0}
    renewed = update(_event).where(_event.id == chosen.c.id).values(repository_id=chosen.c.repository_id, **anew)
    found = await work.execute(renewed.returning(_event.repository_id), synchronize_session=False)
    repositories = found.scalars().all()
    await _tell(work, set(repositories))
    return len(repositories)


async def _tell(work: Work, repositories: Iterable[UUID]) -> None:
    for repository in (_repository(id=key) for key in sorted(repositories)):
        await work.happened(WebhookEventKind.WEBHOOKS_RECEIVED, repository)


async def _project_all(steps: Steps, repository: UUID | None) -> None:
    """Work in all that waits of a repository, many events at a time; where that fails, each by itself."""
    done = AT_ONCE
    while done == AT_ONCE:
        try:
            async with steps.work() as work:
                done = await _project(work, repository, _waits())
        except Exception as error:
            if not is_of_a_message(error):
                raise
            done = await _one_by_one(steps, repository)


async def _one_by_one(steps: Steps, repository: UUID | None) -> int:
    """Work in the next events of a repository, each by itself; returns how many that were."""
    async with steps.work() as work:
        next_ = select(_event.id).where(_event.repository_id == repository, _waits()).order_by(_event.id).limit(AT_ONCE)
        keys = (await work.scalars(next_)).all()
    for key in keys:
        try:
            async with steps.work() as work:
                await _project(work, repository, _waits(), _event.id == key)
        except Exception as error:
            if not is_of_a_message(error):
                raise
            async with steps.work() as work:
                await _note_failure(work, key, error)
    return len(keys)


async def _project(work: Work, key: UUID | None, *conditions: ColumnElement[bool]) -> int:
    """Work in the next events of a repository, which nobody else does meanwhile; returns how many."""
    locked = select(_repository).where(_repository.id == key).with_for_update(key_share=True)
    repository = await work.scalar(locked)
    of_it = select(_event).where(_event.repository_id == key, *conditions).order_by(_event.id).limit(AT_ONCE)
    events = (await work.scalars(of_it.with_for_update())).all()
    if repository is None or not events:
        return 0
    for event in events:
        work.change(event, {"processed_at": datetime.now(UTC), "error": None, "retry_at": None})
    await work.flush()
    await project(work, repository, [(one.event, one.action, one.payload) for one in events])
    latest = max(one.received_at for one in events)
    work.change(
        repository,
        {
            "github_id": repository.github_id or next((one.github_repository_id for one in events), None),
            "last_event_at": max(repository.last_event_at or latest, latest),
        },
    )
    return len(events)


def _waits() -> ColumnElement[bool]:
    is_due = or_(_event.retry_at.is_(None), _event.retry_at <= func.now())
    return and_(~_event.is_processed, _event.repository_id.is_not(None), _event.parked_at.is_(None), is_due)


async def _note_failure(work: Work, key: UUID, error: Exception) -> None:
    """Note why an event could not be worked in, and when that is tried again."""
    event = await work.scalar(select(_event).where(_event.id == key, _waits()).with_for_update())
    if event is None:
        return
    now = datetime.now(UTC)
    event.attempts += 1
    event.error = reason(error)
    event.parked_at = now if event.attempts >= TRIES else None
    event.retry_at = now + SHORTEST_PAUSE * 2 ** (event.attempts - 1)
    log.warning("webhook not worked in", id=event.public_id, tries=event.attempts, exc_info=error)


def reason(error: Exception) -> str:
    """Why a message could not be worked in, for those who manage the organization."""
    match error:
        case ValidationError():
            first, *_ = error.errors(include_input=False, include_url=False)
            return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:LONGEST_REASON]
        case Refusal():
            return error.message
    return UNEXPECTED


def is_of_a_message(error: Exception) -> bool:
    """Whether a message can have failed: not the servers of ours, nor is it the end of the job."""
    is_of_servers = failure_of(error) not in (None, Failure.INVALID_VALUE)
    return not is_of_servers and not isinstance(error, Lost | Cancelled | Overloaded | TooSlow | CannotRun)

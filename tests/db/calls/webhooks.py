"""Calls of what becomes of messages of GitHub."""

from db import tables
from db.actions import github_tokens, ingestion_gaps, missing_events, projection, webhook_secrets, webhooks
from db.actions.webhooks import Delivery
from db.tables import IngestionGapKind
from db.upstream import TokenRefused
from db.write import Work
from tests.db.calls import Call
from tests.db.telling import issue, sha
from tests.world import NOON


async def kept(work: Work, analytical: tables.Organization) -> None:
    body = '{"repository": {"id": 7, "full_name": "analytical/engine"}}'
    await webhooks.keep(work, [Delivery(analytical.id, "called", "push", body)])


async def replayed(work: Work, analytical: tables.Organization) -> None:
    await webhooks.replay(work, analytical, tables.WebhookEvent.delivery_id == "delivery-vault")


async def projected(work: Work, engine: tables.Repository) -> None:
    await projection.project(work, engine, [("issues", "opened", issue(77, title="It was called"))])


async def looked(work: Work, shore: tables.Repository) -> None:
    went_on = [("called", sha(8))]
    await ingestion_gaps.look(work, shore, went_on, [], known=[], held=None)


async def closed(work: Work, engine: tables.Repository) -> None:
    gap = {"kind": IngestionGapKind.COMMITS, "branch": "closed", "after_sha": sha(1), "found_at": NOON}
    await work.add(tables.IngestionGap(repository_id=engine.id, **gap))
    await ingestion_gaps.close(work, engine)


async def trusted(work: Work, remote: tables.Organization) -> None:
    await github_tokens.put(work, remote, "token")


async def refused(work: Work, analytical: tables.Organization) -> None:
    await github_tokens.note(work, analytical, TokenRefused())


async def requested(work: Work, engine: tables.Repository) -> None:
    organization = await work.get(tables.Organization, tables.Organization(id=engine.organization_id).public_id, at="")
    organization.github_token = b"sealed"
    await missing_events.request(work, engine)


CALLS = (
    Call(
        github_tokens.put,
        "olga",
        ("remote",),
        trusted,
        "SELECT count(*) = 1 FROM organizations WHERE slug = 'remote' AND github_token IS NOT NULL",
    ),
    Call(
        github_tokens.note,
        "ada",
        ("analytical",),
        refused,
        "SELECT count(*) = 1 FROM organizations WHERE github_token_refused_at IS NOT NULL",
    ),
    Call(
        missing_events.request,
        "ada",
        ("engine",),
        requested,
        "SELECT count(*) = 1 FROM audit_logs WHERE action = 'missing_events_requested'",
    ),
    Call(
        webhooks.keep,
        "ada",
        ("analytical",),
        kept,
        "SELECT count(*) = 1 FROM webhook_events WHERE delivery_id = 'called'",
    ),
    Call(
        webhooks.replay,
        "ada",
        ("analytical",),
        replayed,
        "SELECT count(*) = 1 FROM audit_logs WHERE action = 'webhooks_replayed'",
    ),
    Call(
        webhook_secrets.rotate,
        "ada",
        ("analytical",),
        webhook_secrets.rotate,
        "SELECT count(*) = 1 FROM organizations WHERE webhook_secret IS NOT NULL",
    ),
    Call(
        projection.project,
        "ada",
        ("engine",),
        projected,
        "SELECT count(*) = 1 FROM issues WHERE number = 77 AND title = 'It was called'",
    ),
    Call(
        ingestion_gaps.close,
        "ada",
        ("engine",),
        closed,
        "SELECT NOT is_open FROM ingestion_gaps WHERE branch = 'closed'",
    ),
    Call(
        ingestion_gaps.look,
        "olga",
        ("shore",),
        looked,
        "SELECT count(*) = 1 FROM ingestion_gaps WHERE branch = 'called' AND is_open",
    ),
)

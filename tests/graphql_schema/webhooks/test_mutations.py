"""Whoever manages an organization gives GitHub another secret, and has messages worked in once more."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.outbox import OutboxEvent
from tests.conftest import Graph
from tests.db.ingesting import found, keep, now, project
from tests.db.telling import issue, repository
from tests.graphql_schema.asking import change, done, listed, refusal
from tests.world import World

ERRORS = "errors { code message path }"
ROTATE = f"""
    mutation ($input: RotateWebhookSecretInput!) {{
      rotateWebhookSecret(input: $input) {{ secret organization {{ slug }} {ERRORS} }}
    }}
"""
REPLAY = f"""
    mutation ($input: ReplayWebhookEventsInput!) {{
      replayWebhookEvents(input: $input) {{ replayedCount organization {{ slug }} {ERRORS} }}
    }}
"""
SET_TOKEN = f"""
    mutation ($input: SetGithubTokenInput!) {{ setGithubToken(input: $input) {{ organization {{ slug }} {ERRORS} }} }}
"""
REQUEST = f"""
    mutation ($input: RequestMissingEventsInput!) {{
      requestMissingEvents(input: $input) {{ repository {{ name }} {ERRORS} }}
    }}
"""
TOKEN = "github_pat_11ABCDEFG"
KNOWN = "query ($slug: String!) { organization(slug: $slug) { hasGithubToken githubTokenRefusedAt githubRetryAt } }"
PARKED = """
    query ($slug: String!) {
      organization(slug: $slug) { webhookEvents(filter: {isParked: true}) { nodes { error attempts parkedAt } } }
    }
"""


async def test_a_secret_is_shown_once_and_kept_nowhere(graph: Graph, world: World) -> None:
    made = await done(graph, "ada", ROTATE, organizationId=world.analytical.public_id)
    assert made["organization"] == {"slug": "analytical"}
    assert len(made["secret"]) >= 40
    async with graph.database.read() as session:
        for table in (tables.Organization, tables.AuditLog, tables.IdempotencyKey, OutboxEvent):
            assert made["secret"] not in repr((await session.execute(select(table.__table__))).all())


@pytest.mark.parametrize(("who", "code"), [("ben", "FORBIDDEN"), ("vera", "FORBIDDEN"), ("olga", "NOT_FOUND")])
async def test_nobody_else_does_either(graph: Graph, world: World, who: str, code: str) -> None:
    for mutation in (ROTATE, REPLAY):
        given = {"organizationId": world.analytical.public_id}
        assert await refusal(graph, who, mutation, **given) == (code, "input.organizationId")
    assert (await now(graph.database, world.analytical)).webhook_secret is None


async def told(graph: Graph, world: World) -> None:
    """Two issues of Engine, and one of a repository that nobody follows, all of them worked in."""
    strange = {"repository": repository(full_name="analytical/strange") | {"id": 9}}
    await keep(graph.database, world, ("issues", issue(5)), ("issues", issue(6)), ("issues", issue(7) | strange))
    await project(graph.database, world.engine)


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        (None, 2),
        ({}, 2),
        ({"event": "issues"}, 2),
        ({"event": "release"}, 0),
        ({"isProcessed": False}, 0),
        ({"isProcessed": True}, 2),
        ({"repositoryId": "@engine"}, 2),
        ({"repositoryId": "@vault"}, 0),
        ({"receivedSince": "2126-01-01T00:00:00Z"}, 0),
        ({"receivedUntil": "2126-01-01T00:00:00Z", "receivedSince": "2026-02-01T00:00:00Z"}, 2),
    ],
    ids=range(10),
)
async def test_those_that_meet_all_conditions_are_worked_in_again(
    graph: Graph, world: World, chosen: Any, count: int
) -> None:
    await told(graph, world)
    event = tables.WebhookEvent
    await change(graph.database, world.engine_event, world.vault_event, event="push_of_the_world")
    await change(graph.database, *await found(graph.database, event), attempts=3)
    given = chosen and {
        name: getattr(world, value[1:]).public_id if str(value)[0] == "@" else value for name, value in chosen.items()
    }
    made = await done(graph, "ada", REPLAY, organizationId=world.analytical.public_id, filter=given)
    assert made["replayedCount"] == count
    waiting = await found(graph.database, event, ~event.is_processed)
    assert [row.attempts for row in waiting] == [0] * count


async def test_a_repository_of_another_organization_is_not_found(graph: Graph, world: World) -> None:
    given = {"organizationId": world.analytical.public_id, "filter": {"repositoryId": world.shore.public_id}}
    assert await refusal(graph, "ada", REPLAY, **given) == ("NOT_FOUND", "input.filter.repositoryId")


async def test_a_message_that_was_parked_is_seen_and_worked_in_once_what_was_wrong_is_mended(
    graph: Graph, world: World
) -> None:
    await keep(graph.database, world, ("issues", issue(5)))
    event = tables.WebhookEvent
    [row] = await found(graph.database, event, ~event.is_processed)
    parked = {"parked_at": func.now() - timedelta(hours=1), "attempts": 8, "error": "Wrong."}
    await change(graph.database, row, **parked)
    [shown] = await listed(graph, "ada", PARKED, slug="analytical")
    assert (shown["error"], shown["attempts"]) == ("Wrong.", 8)
    assert await listed(graph, "ben", PARKED, slug="analytical") == []
    await done(graph, "ada", REPLAY, organizationId=world.analytical.public_id, filter={"isProcessed": False})
    await project(graph.database, world.engine)
    assert (await now(graph.database, row)).is_processed
    assert await listed(graph, "ada", PARKED, slug="analytical") == []


async def test_what_was_replayed_changes_nothing_that_is_newer(graph: Graph, world: World) -> None:
    told = [issue(5, minutes=minutes, title=str(minutes), action="edited") for minutes in (1, 2)]
    await keep(graph.database, world, *(("issues", one) for one in told))
    await project(graph.database, world.engine)
    [before] = await found(graph.database, tables.Issue, tables.Issue.number == 5)
    await done(graph, "ada", REPLAY, organizationId=world.analytical.public_id)
    await project(graph.database, world.engine)
    [after] = await found(graph.database, tables.Issue, tables.Issue.number == 5)
    assert (after.title, after.updated_at) == ("2", before.updated_at)


async def known(graph: Graph, who: str) -> list[Any]:
    """What somebody sees of the token of Analytical."""
    return [*(await graph.data(who, KNOWN, slug="analytical"))["organization"].values()]


async def test_a_token_is_shown_to_nobody_and_those_who_manage_see_how_it_does(graph: Graph, world: World) -> None:
    assert await known(graph, "ada") == [False, None, None]
    await done(graph, "ada", SET_TOKEN, organizationId=world.analytical.public_id, token=TOKEN)
    moment = func.now() - timedelta(hours=1)
    await change(graph.database, world.analytical, github_token_refused_at=moment, github_retry_at=moment)
    has, *moments = await known(graph, "ada")
    assert has
    assert all(moments)
    assert await known(graph, "ben") == [None, None, None]
    async with graph.database.read() as session:
        for table in (tables.Organization, tables.AuditLog, tables.IdempotencyKey, OutboxEvent):
            assert TOKEN not in repr((await session.execute(select(table.__table__))).all())


async def test_a_token_is_taken_away_by_null(graph: Graph, world: World) -> None:
    for token, has in ((TOKEN, True), (None, False)):
        await done(graph, "ada", SET_TOKEN, organizationId=world.analytical.public_id, token=token)
        assert (await known(graph, "ada"))[0] is has
    given = {"organizationId": world.analytical.public_id, "token": "two words"}
    assert await refusal(graph, "ada", SET_TOKEN, **given) == ("BAD_USER_INPUT", "input.token")


@pytest.mark.parametrize(("who", "code"), [("ben", "FORBIDDEN"), ("vera", "FORBIDDEN"), ("olga", "NOT_FOUND")])
async def test_only_those_who_manage_give_tokens_and_have_github_asked(
    graph: Graph, world: World, who: str, code: str
) -> None:
    given = {"organizationId": world.analytical.public_id, "token": TOKEN}
    assert await refusal(graph, who, SET_TOKEN, **given) == (code, "input.organizationId")
    given = {"repositoryId": world.engine.public_id}
    assert await refusal(graph, who, REQUEST, **given) == (code, "input.repositoryId")


async def test_without_a_token_nobody_can_have_github_asked(graph: Graph, world: World) -> None:
    given = {"repositoryId": world.engine.public_id}
    assert await refusal(graph, "ada", REQUEST, **given) == ("BAD_USER_INPUT", "input.repositoryId")


async def test_who_has_github_asked_makes_the_job(graph: Graph, world: World) -> None:
    await done(graph, "ada", SET_TOKEN, organizationId=world.analytical.public_id, token=TOKEN)
    await done(graph, "ada", REQUEST, repositoryId=world.engine.public_id)
    [event] = await found(graph.database, OutboxEvent, OutboxEvent.kind == "MISSING_EVENTS_REQUESTED")
    assert event.ids["repository"] == world.engine.public_id
    log = tables.AuditLog
    [entry] = await found(graph.database, log, log.action == "missing_events_requested")
    assert (entry.actor_id, entry.resource_id) == (world.ada.id, world.engine.id)

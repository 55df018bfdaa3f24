"""Asking how risky a pull request is: once for each commit, and again where that has failed."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.actions.reviewing import LEFT_FOR
from db.tables import ReviewStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, done, error_code, refusal
from tests.graphql_schema.code_reviews.asking import REQUEST
from tests.world import World


async def asked(graph: Graph, who: str, pull: tables.PullRequest) -> Any:
    return (await done(graph, who, REQUEST, pullRequestId=pull.public_id))["review"]


async def count(graph: Graph) -> int:
    """The reviews of all pull requests."""
    async with graph.database.work(graph.world.viewer("ada")) as work:
        return await work.scalar(select(func.count()).select_from(tables.CodeReview)) or 0


def at_head(world: World, status: ReviewStatus, **values: Any) -> tables.CodeReview:
    """A review of Engine's pull request as it stands."""
    pull = world.engine_pull
    return tables.CodeReview(
        pull_request_id=pull.id, head_sha=pull.head_sha, reviewer="rules/1", status=status, **values
    )


async def test_a_member_asks_for_a_review_of_the_pull_request_as_it_stands(
    graph: Graph, world: World, told: Any
) -> None:
    review = await asked(graph, "ben", world.engine_pull)
    assert (review["status"], review["headSha"], review["reviewer"]) == ("PENDING", f"{3:040x}", "rules/1")
    assert (review["isRuleSet"], review["requestedBy"], review["pullRequest"]) == (True, {"name": "Ben"}, {"number": 1})
    assert (review["riskScore"], review["riskLevel"], review["findings"]) == (None, None, [])
    assert [(kind, ids["review"]) for kind, ids in told] == [("CODE_REVIEW_REQUESTED", review["id"])]


async def test_the_same_commit_has_the_same_review_whoever_asks(graph: Graph, world: World, told: Any) -> None:
    first = await asked(graph, "ben", world.engine_pull)
    assert await asked(graph, "ada", world.engine_pull) == first
    assert len(told) == 1


async def test_twenty_who_ask_at_once_have_one_review(graph: Graph, world: World, told: Any) -> None:
    before = await count(graph)
    reviews = await asyncio.gather(*(asked(graph, who, world.engine_pull) for who in ("ada", "ben") * 10))
    assert len({review["id"] for review in reviews}) == 1
    assert (await count(graph) - before, len(told)) == (1, 1)


async def test_a_new_commit_has_a_new_review_and_the_old_one_stays(graph: Graph, world: World) -> None:
    first = await asked(graph, "ada", world.engine_pull)
    await change(graph.database, world.engine_pull, head_sha=f"{9:040x}")
    second = await asked(graph, "ada", world.engine_pull)
    assert (first["headSha"], second["headSha"]) == (f"{3:040x}", f"{9:040x}")
    assert await count(graph) == 5


@pytest.mark.parametrize("status", [ReviewStatus.PENDING, ReviewStatus.RUNNING, ReviewStatus.COMPLETED])
async def test_a_review_that_is_done_or_being_done_is_not_asked_for_again(
    graph: Graph, world: World, told: Any, status: ReviewStatus
) -> None:
    await add(graph.database, at_head(world, status))
    assert (await asked(graph, "ada", world.engine_pull))["status"] == status
    assert told == []


@pytest.mark.parametrize("status", [ReviewStatus.PENDING, ReviewStatus.RUNNING, ReviewStatus.FAILED])
async def test_a_review_that_has_failed_or_was_left_is_begun_again(
    graph: Graph, world: World, told: Any, status: ReviewStatus
) -> None:
    is_failed = status is ReviewStatus.FAILED
    old = datetime.now(UTC) if is_failed else datetime.now(UTC) - LEFT_FOR
    await add(graph.database, at_head(world, status, updated_at=old, error="It broke." if is_failed else None))
    review = await asked(graph, "ben", world.engine_pull)
    assert (review["status"], review["error"]) == ("PENDING" if is_failed else status, None)
    assert [kind for kind, _ in told] == ["CODE_REVIEW_REQUESTED"]


@pytest.mark.parametrize(
    ("who", "pull", "code"),
    [
        ("vera", "engine_pull", "FORBIDDEN"),
        ("ben", "vault_pull", "NOT_FOUND"),
        ("olga", "engine_pull", "NOT_FOUND"),
        ("rob", "engine_pull", "NOT_FOUND"),
    ],
)
async def test_who_may_not_comment_asks_for_no_review(
    graph: Graph, world: World, told: Any, who: str, pull: str, code: str
) -> None:
    given = {"pullRequestId": world.rows[pull].public_id}
    assert await refusal(graph, who, REQUEST, **given) == (code, "input.pullRequestId")
    assert told == []


async def test_a_guest_must_sign_in_to_ask(graph: Graph, world: World) -> None:
    given = {"pullRequestId": world.engine_pull.public_id}
    assert await error_code(graph, None, REQUEST, input=given) == "UNAUTHENTICATED"


async def test_an_id_of_nothing_is_not_found(graph: Graph) -> None:
    for nothing in (f"pul_{UNKNOWN}", "nonsense"):
        assert await refusal(graph, "ada", REQUEST, pullRequestId=nothing) == ("NOT_FOUND", "input.pullRequestId")

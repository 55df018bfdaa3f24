"""Asking for a review: once for each version, and again where it has failed."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.tables import DocumentStatus, ProjectRole, ProjectStatus, ReviewStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, done, error_code, refusal
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.reviews.asking import REQUEST
from tests.graphql_schema.specs.test_mutations import EDIT_DOCUMENT
from tests.world import NOON, World

EVENTS = """
    subscription ($document: ID!) {
      documentEvents(documentId: $document) { kind review { id status requestedBy { name } } document { version } }
    }
"""


async def asked(graph: Graph, who: str, document: tables.SpecificationDocument) -> Any:
    return (await done(graph, who, REQUEST, documentId=document.public_id))["review"]


async def count(graph: Graph) -> int:
    """The reviews of all documents."""
    async with graph.database.work(graph.world.viewer("ada")) as work:
        return await work.scalar(select(func.count()).select_from(tables.DocumentReview)) or 0


async def test_a_member_asks_for_a_review_of_the_document_as_it_stands(graph: Graph, world: World, told: Any) -> None:
    review = await asked(graph, "ben", world.design)
    assert (review["status"], review["documentVersion"], review["reviewer"]) == ("PENDING", 2, "rules/1")
    assert (review["isRuleSet"], review["requestedBy"], review["document"]) == (
        True,
        {"name": "Ben"},
        {"phase": "DESIGN"},
    )
    assert (review["overallScore"], review["completeness"], review["qualityMetrics"]) == (None, None, None)
    assert [(kind, ids["review"]) for kind, ids in told] == [("REVIEW_REQUESTED", review["id"])]


async def test_the_same_version_has_the_same_review_whoever_asks(graph: Graph, world: World, told: Any) -> None:
    first = await asked(graph, "ben", world.design)
    assert await asked(graph, "ada", world.design) == first
    assert len(told) == 1


async def test_twenty_who_ask_at_once_have_one_review(graph: Graph, world: World, told: Any) -> None:
    before = await count(graph)
    reviews = await asyncio.gather(*(asked(graph, who, world.design) for who in ("ada", "ben") * 10))
    assert len({review["id"] for review in reviews}) == 1
    assert (await count(graph) - before, len(told)) == (1, 1)


async def test_a_review_that_is_done_is_answered_as_it_is(graph: Graph, world: World, told: Any) -> None:
    review = await asked(graph, "ada", world.requirements)
    assert (review["id"], review["status"]) == (world.reviewed.public_id, "COMPLETED")
    assert [one["original"] for one in review["suggestions"]["nodes"]] == ["shall"]
    assert told == []


async def test_a_new_version_has_a_new_review_and_the_old_one_stays(graph: Graph, world: World) -> None:
    document = world.requirements
    await done(graph, "ada", EDIT_DOCUMENT, documentId=document.public_id, content="New", expectedVersion=2)
    review = await asked(graph, "ada", document)
    assert (review["documentVersion"], review["status"]) == (3, "PENDING")
    query = "query ($id: ID!) { node(id: $id) { ... on DocumentReview { documentVersion status } } }"
    old = (await graph.data("ada", query, id=world.reviewed.public_id))["node"]
    assert old == {"documentVersion": 2, "status": "COMPLETED"}


async def test_a_review_that_has_failed_is_begun_again(graph: Graph, world: World, told: Any) -> None:
    await change(graph.database, world.failed_review, document_version=2)
    review = await asked(graph, "ben", world.design)
    assert review["id"] == world.failed_review.public_id
    assert (review["status"], review["error"]) == ("PENDING", None)
    assert [kind for kind, _ in told] == ["REVIEW_REQUESTED"]


async def test_who_hears_of_a_document_hears_of_its_reviews(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("vera", EVENTS, document=world.design.public_id) as ear:
        await ear.begun()
        review = await asked(graph, "ben", world.design)
        heard = (await ear.hear())["data"]["documentEvents"]
    assert heard["kind"] == "REVIEW_REQUESTED"
    assert heard["review"] == {"id": review["id"], "status": "PENDING", "requestedBy": {"name": "Ben"}}


@pytest.mark.parametrize(("who", "code"), [("olga", "NOT_FOUND"), ("rob", "NOT_FOUND"), ("vera", "FORBIDDEN")])
async def test_who_may_not_comment_asks_for_no_review(
    graph: Graph, world: World, told: Any, who: str, code: str
) -> None:
    given = {"documentId": world.design.public_id}
    assert await refusal(graph, who, REQUEST, **given) == (code, "input.documentId")
    assert told == []


async def test_a_reviewer_of_the_project_may_ask(graph: Graph, world: World) -> None:
    await change(graph.database, world.veras_place, role=ProjectRole.REVIEWER)
    assert (await asked(graph, "vera", world.design))["status"] == "PENDING"


async def test_a_guest_must_sign_in_to_ask(graph: Graph, world: World) -> None:
    assert await error_code(graph, None, REQUEST, input={"documentId": world.design.public_id}) == "UNAUTHENTICATED"


async def test_an_id_of_nothing_is_not_found(graph: Graph) -> None:
    for nothing in (f"doc_{UNKNOWN}", "nonsense"):
        assert await refusal(graph, "ada", REQUEST, documentId=nothing) == ("NOT_FOUND", "input.documentId")


async def test_what_is_closed_is_not_reviewed(graph: Graph, world: World) -> None:
    given = {"documentId": world.design.public_id}
    await change(graph.database, world.design, status=DocumentStatus.ARCHIVED)
    assert await refusal(graph, "ada", REQUEST, **given) == ("FORBIDDEN", "input.documentId")
    await change(graph.database, world.design, status=DocumentStatus.DRAFT)
    await change(graph.database, world.atlas, status=ProjectStatus.SUSPENDED)
    assert await refusal(graph, "ada", REQUEST, **given) == ("FORBIDDEN", "input.documentId")


@pytest.mark.parametrize("status", [ReviewStatus.PENDING, ReviewStatus.RUNNING])
async def test_a_review_that_is_being_done_is_not_asked_for_again(
    graph: Graph, world: World, told: Any, status: ReviewStatus
) -> None:
    await change(graph.database, world.failed_review, document_version=2, status=status, error=None)
    assert (await asked(graph, "ada", world.design))["status"] == status
    assert told == []


async def test_a_review_that_was_left_in_the_middle_is_asked_for_again(graph: Graph, world: World, told: Any) -> None:
    left = tables.DocumentReview(
        document_id=world.design.id,
        document_version=2,
        reviewer="rules/1",
        status=ReviewStatus.RUNNING,
        updated_at=NOON,
    )
    await add(graph.database, left)
    assert (await asked(graph, "ada", world.design))["id"] == left.public_id
    assert [kind for kind, _ in told] == ["REVIEW_REQUESTED"]

"""Documents on their way from draft to approved: who brings them there, and what an edit makes of it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, text

from db import tables
from db.access import GUEST
from db.tables import AuditLog, DocumentStatus, ProjectRole
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import add, change, done, refusal
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.specs.test_mutations import APPROVE, EDIT_DOCUMENT, REQUEST_CHANGES, SUBMIT
from tests.world import NOON, World

STATUS = "query ($id: ID!) { node(id: $id) { ... on SpecificationDocument { status approvedBy { name } } } }"
PROJECT_EVENTS = """
    subscription ($id: ID!) { projectEvents(projectId: $id) { kind document { phase status } } }
"""
DOCUMENT_EVENTS = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind document { status } } }"
WAITS = "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted"


async def in_review(graph: Graph, document: Any) -> None:
    await change(graph.database, document, status=DocumentStatus.REVIEW)


async def approved(graph: Graph, world: World, document: Any) -> None:
    await change(
        graph.database, document, status=DocumentStatus.APPROVED, approved_at=NOON, approved_by_id=world.ada.id
    )


async def ben_leads(graph: Graph, world: World) -> None:
    await change(graph.database, world.bens_place, role=ProjectRole.LEAD)


async def told_of(graph: Graph, who: str, mutation: str, **given: Any) -> Any:
    """The document with which a mutation was refused, and the code, the message and the path of why."""
    (payload,) = (await graph.data(who, mutation, input=given)).values()
    (error,) = payload["errors"]
    return payload["document"], error["code"], error["message"], error["path"]


async def test_a_draft_is_submitted_and_approved_by_somebody_else(graph: Graph, world: World) -> None:
    await ben_leads(graph, world)
    document = {"documentId": world.requirements.public_id}
    assert (await done(graph, "ada", SUBMIT, **document))["document"]["status"] == "REVIEW"
    found = (await done(graph, "ben", APPROVE, **document, expectedVersion=2))["document"]
    assert (found["status"], found["version"], found["approvedBy"]) == ("APPROVED", 2, {"name": "Ben"})
    assert found["approvedAt"]


async def test_whoever_saved_the_version_does_not_approve_it_while_somebody_else_may(
    graph: Graph, world: World
) -> None:
    await ben_leads(graph, world)
    await in_review(graph, world.requirements)
    given = {"documentId": world.requirements.public_id, "expectedVersion": 2}
    document, code, message, path = await told_of(graph, "ada", APPROVE, **given)
    assert (document["status"], code, path) == ("REVIEW", "FORBIDDEN", ["input", "documentId"])
    assert message == "You saved this version: somebody else has to approve it."


@pytest.mark.parametrize("role", [ProjectRole.MEMBER, ProjectRole.REVIEWER, ProjectRole.VIEWER])
async def test_an_owner_with_whom_nobody_leads_approves_what_they_saved(
    graph: Graph, world: World, role: ProjectRole
) -> None:
    await change(graph.database, world.bens_place, role=role)
    await change(graph.database, world.robs_place, role=ProjectRole.LEAD)  # who was removed
    await in_review(graph, world.requirements)
    await done(graph, "ada", APPROVE, documentId=world.requirements.public_id, expectedVersion=2)


async def test_who_leads_does_not_approve_what_they_saved_because_the_owner_may(graph: Graph, world: World) -> None:
    await ben_leads(graph, world)
    document = {"documentId": world.requirements.public_id}
    await done(graph, "ben", EDIT_DOCUMENT, **document, content="New", expectedVersion=2)
    await done(graph, "ben", SUBMIT, **document)
    refused = await refusal(graph, "ben", APPROVE, **document, expectedVersion=3)
    assert refused == ("FORBIDDEN", "input.documentId")
    await done(graph, "ada", APPROVE, **document, expectedVersion=3)


async def test_another_version_than_was_read_is_not_approved(graph: Graph, world: World) -> None:
    await in_review(graph, world.requirements)
    given = {"documentId": world.requirements.public_id, "expectedVersion": 1}
    document, code, message, path = await told_of(graph, "ada", APPROVE, **given)
    assert (document["version"], document["status"]) == (2, "REVIEW")
    assert (code, path) == ("CONFLICT", ["input", "expectedVersion"])
    assert message == "The document is at version 2 by now; you saw version 1."


@pytest.mark.parametrize(
    ("status", "mutation", "message"),
    [
        (DocumentStatus.DRAFT, "approve", "This is DRAFT and cannot become APPROVED."),
        (DocumentStatus.ARCHIVED, "approve", "This is ARCHIVED and cannot become APPROVED."),
        (DocumentStatus.APPROVED, "submit", "This is APPROVED and cannot become REVIEW."),
        (DocumentStatus.ARCHIVED, "submit", "This is ARCHIVED and cannot become REVIEW."),
    ],
)
async def test_a_state_that_cannot_follow_is_refused_with_the_state_and_the_document(
    graph: Graph, world: World, told: Any, status: DocumentStatus, mutation: str, message: str
) -> None:
    at = {"approved_at": NOON} if status is DocumentStatus.APPROVED else {}
    await change(graph.database, world.requirements, status=status, **at)
    given: dict[str, Any] = {"documentId": world.requirements.public_id}
    given |= {"expectedVersion": 2} if mutation == "approve" else {}
    document, code, said, _ = await told_of(graph, "ada", {"approve": APPROVE, "submit": SUBMIT}[mutation], **given)
    assert (document["status"], code, said, told) == (status.value, "CONFLICT", message, [])


@pytest.mark.parametrize("status", [DocumentStatus.REVIEW, DocumentStatus.APPROVED, DocumentStatus.ARCHIVED])
async def test_a_document_is_sent_back_to_be_written(graph: Graph, world: World, status: DocumentStatus) -> None:
    if status is DocumentStatus.APPROVED:
        await approved(graph, world, world.requirements)
    await change(graph.database, world.requirements, status=status)
    found = (await done(graph, "ada", REQUEST_CHANGES, documentId=world.requirements.public_id))["document"]
    assert found == {"status": "DRAFT", "version": 2, "approvedAt": None, "approvedBy": None}


async def test_what_is_in_a_state_already_is_left_as_it_is_and_nobody_is_told(
    graph: Graph, world: World, told: Any
) -> None:
    await ben_leads(graph, world)
    await approved(graph, world, world.requirements)
    given = {"documentId": world.requirements.public_id, "expectedVersion": 2}
    found = (await done(graph, "ben", APPROVE, **given))["document"]
    assert found["approvedBy"] == {"name": "Ada"}
    assert (await done(graph, "ada", APPROVE, **given))["document"] == found
    assert told == []


async def test_an_edit_of_what_was_approved_is_a_draft_that_nobody_approved(graph: Graph, world: World) -> None:
    await approved(graph, world, world.requirements)
    given = {"documentId": world.requirements.public_id, "content": "New", "expectedVersion": 2}
    await done(graph, "ben", EDIT_DOCUMENT, **given)
    found = (await graph.data("ben", STATUS, id=world.requirements.public_id))["node"]
    assert found == {"status": "DRAFT", "approvedBy": None}


async def test_who_approved_a_document_is_named_to_all_who_see_it(graph: Graph, world: World) -> None:
    await approved(graph, world, world.requirements)
    await change(graph.database, world.requirements, approved_by_id=world.olga.id)  # whom they see nowhere else
    found = (await graph.data("vera", STATUS, id=world.requirements.public_id))["node"]
    assert found["approvedBy"] == {"name": "Olga"}


async def test_a_member_submits_and_only_who_manages_the_project_approves_or_sends_back(
    graph: Graph, world: World
) -> None:
    place = tables.ProjectMember(project_id=world.atlas.id, user_id=world.sam.id, role=ProjectRole.REVIEWER)
    await add(graph.database, place)
    document = {"documentId": world.requirements.public_id}
    assert await refusal(graph, "sam", SUBMIT, **document) == ("FORBIDDEN", "input.documentId")
    await done(graph, "ben", SUBMIT, **document)
    for who in ("ben", "sam", "vera"):
        refused = await refusal(graph, who, APPROVE, **document, expectedVersion=2)
        assert refused == ("FORBIDDEN", "input.documentId")
        assert await refusal(graph, who, REQUEST_CHANGES, **document) == ("FORBIDDEN", "input.documentId")
    await done(graph, "root", APPROVE, **document, expectedVersion=2)


async def test_a_change_of_status_is_heard_in_the_project_and_in_the_document(
    graph: Graph, world: World, listen: Listen
) -> None:
    async with (
        listen("vera", PROJECT_EVENTS, id=world.atlas.public_id) as project,
        listen("vera", DOCUMENT_EVENTS, id=world.requirements.public_id) as document,
    ):
        await document.begun()
        await done(graph, "ben", SUBMIT, documentId=world.requirements.public_id)
        of_project = (await project.hear())["data"]["projectEvents"]
        of_document = (await document.hear())["data"]["documentEvents"]
    assert of_project == {
        "kind": "DOCUMENT_STATUS_CHANGED",
        "document": {"phase": "REQUIREMENTS", "status": "REVIEW"},
    }
    assert of_document == {"kind": "DOCUMENT_STATUS_CHANGED", "document": {"status": "REVIEW"}}


async def test_the_audit_log_says_who_approved_what(graph: Graph, world: World) -> None:
    await in_review(graph, world.requirements)
    await done(graph, "ada", APPROVE, documentId=world.requirements.public_id, expectedVersion=2)
    async with graph.database.read() as session:
        entry = (await session.scalars(select(AuditLog).order_by(AuditLog.sequence.desc()).limit(1))).one()
    assert (entry.action, entry.resource_id) == ("document_status_changed", world.requirements.id)
    states = [(side or {}).get("status") for side in (entry.before, entry.after)]
    assert states == ["REVIEW", "APPROVED"]


async def test_of_approvals_at_the_same_time_one_counts(graph: Graph, world: World, told: Any) -> None:
    await in_review(graph, world.requirements)
    given = {"documentId": world.requirements.public_id, "expectedVersion": 2}
    payloads = await asyncio.gather(*(done(graph, who, APPROVE, **given) for who in ("ada", "root") * 4))
    assert len({payload["document"]["approvedBy"]["name"] for payload in payloads}) == 1
    assert [kind for kind, _ in told] == ["DOCUMENT_STATUS_CHANGED"]


@pytest.mark.parametrize("status", ["DRAFT", "REVIEW"])
async def test_what_is_saved_while_it_is_approved_is_not_approved(graph: Graph, world: World, status: str) -> None:
    """Not even if it is submitted again by then."""
    await in_review(graph, world.requirements)
    given = {"documentId": world.requirements.public_id, "expectedVersion": 2}
    async with graph.database.work(GUEST) as work:
        await work.execute(text("SET LOCAL lock_timeout = '30s'"))
        await saved(work, world, world.ben, status=status)
        late = asyncio.create_task(told_of(graph, "ada", APPROVE, **given))
        await until(graph.database, WAITS)
    document, code, _, _ = await late
    assert (document["version"], document["status"], code) == (3, status, "CONFLICT")


async def test_nobody_approves_what_they_save_and_submit_in_the_same_moment(graph: Graph, world: World) -> None:
    await ben_leads(graph, world)
    await in_review(graph, world.requirements)
    given = {"documentId": world.requirements.public_id, "expectedVersion": 3}
    async with graph.database.work(GUEST) as work:
        await work.execute(text("SET LOCAL lock_timeout = '30s'"))
        await saved(work, world, world.ben, status="REVIEW")
        late = asyncio.create_task(told_of(graph, "ben", APPROVE, **given))
        await until(graph.database, WAITS)
    _, code, _, _ = await late
    assert code == "FORBIDDEN"


async def saved(work: Any, world: World, author: tables.User, *, status: str) -> None:
    """Save a new text of the requirements of Atlas, as a transaction that is not yet over."""
    saving = "UPDATE specification_documents SET version = 3, content = 'New', status = :status WHERE id = :id"
    await work.execute(text(saving.replace(":status", f"'{status}'")), {"id": world.requirements.id})
    version = {"document_id": world.requirements.id, "version": 3, "content": "New", "author_id": author.id}
    await work.add(tables.DocumentVersion(**version))
    await work.flush()

"""Projects move to the next phase once the current one is approved, or back: by whom, and what becomes of documents."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, text

from db import tables
from db.access import GUEST
from db.tables import AuditLog, DocumentStatus, ProjectRole, ProjectStatus, SpecificationPhase
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import change, done, refusal
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.specs.test_mutations import TRANSITION_PHASE
from tests.world import NOON, World

PHASES = list(SpecificationPhase)
APPROVED = {"status": DocumentStatus.APPROVED, "approved_at": NOON}
EVENTS = "subscription ($id: ID!) { projectEvents(projectId: $id) { kind project { currentPhase } } }"


async def move(graph: Graph, who: str, project: Any, phase: str, *, expected: str) -> Any:
    """The payload of a transition."""
    given = {"projectId": project.public_id, "phase": phase, "expectedPhase": expected}
    return (await graph.data(who, TRANSITION_PHASE, input=given))["transitionPhase"]


async def refused(graph: Graph, who: str, project: Any, phase: str, *, expected: str) -> Any:
    """Why a transition was refused: the code, the field and the message, and the phase of the project it came with."""
    payload = await move(graph, who, project, phase, expected=expected)
    (error,) = payload["errors"]
    shown = payload["project"] and payload["project"]["currentPhase"]
    return error["code"], error["path"][-1], error["message"], shown


async def test_a_project_goes_to_the_next_phase_whose_document_is_a_draft(
    graph: Graph, world: World, told: Any
) -> None:
    payload = await move(graph, "olga", world.island, "DESIGN", expected="REQUIREMENTS")
    assert payload["project"] == {
        "currentPhase": "DESIGN",
        "documents": {
            "nodes": [{"phase": "REQUIREMENTS", "status": "APPROVED"}, {"phase": "DESIGN", "status": "DRAFT"}]
        },
    }
    assert (payload["document"]["phase"], payload["document"]["status"]) == ("DESIGN", "DRAFT")
    assert [kind for kind, _ in told] == ["PHASE_CHANGED", "DOCUMENT_STATUS_CHANGED"]


async def test_a_project_goes_back_to_any_phase_whose_document_has_to_be_approved_again(
    graph: Graph, world: World
) -> None:
    await change(graph.database, world.island, current_phase=SpecificationPhase.IMPLEMENTATION)
    payload = await move(graph, "olga", world.island, "REQUIREMENTS", expected="IMPLEMENTATION")
    assert payload["project"]["currentPhase"] == "REQUIREMENTS"
    document = payload["document"]
    assert (document["phase"], document["status"], document["approvedAt"]) == ("REQUIREMENTS", "DRAFT", None)


async def test_the_document_of_the_implementation_is_made_on_entry_and_kept(graph: Graph, world: World) -> None:
    await change(graph.database, world.outline, phase=SpecificationPhase.TASKS, **APPROVED)
    await change(graph.database, world.island, current_phase=SpecificationPhase.TASKS)
    first = (await move(graph, "olga", world.island, "IMPLEMENTATION", expected="TASKS"))["document"]
    assert first["content"].startswith("# Implementation\n")
    assert (first["version"], first["currentVersion"]) == (1, {"author": {"name": "Olga"}})
    await move(graph, "olga", world.island, "TASKS", expected="IMPLEMENTATION")
    await change(graph.database, world.outline, **APPROVED)
    again = await move(graph, "olga", world.island, "IMPLEMENTATION", expected="TASKS")
    assert again["document"] == first
    phases = [document["phase"] for document in again["project"]["documents"]["nodes"]]
    assert phases == ["REQUIREMENTS", "TASKS", "IMPLEMENTATION"]


@pytest.mark.parametrize("status", [DocumentStatus.DRAFT, DocumentStatus.REVIEW, DocumentStatus.ARCHIVED])
async def test_nothing_goes_on_without_approval(graph: Graph, world: World, told: Any, status: DocumentStatus) -> None:
    await change(graph.database, world.requirements, status=status)
    found = await refused(graph, "ada", world.atlas, "DESIGN", expected="REQUIREMENTS")
    assert found == ("CONFLICT", "phase", f"REQUIREMENTS is {status}, not APPROVED.", "REQUIREMENTS")
    assert told == []


async def test_a_phase_without_a_document_is_not_left(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, current_phase=SpecificationPhase.TASKS)
    found = await refused(graph, "ada", world.atlas, "IMPLEMENTATION", expected="TASKS")
    assert found == ("CONFLICT", "phase", "TASKS is missing, not APPROVED.", "TASKS")


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ("TASKS", "No phase is skipped: after REQUIREMENTS comes DESIGN."),
        ("IMPLEMENTATION", "No phase is skipped: after REQUIREMENTS comes DESIGN."),
        ("REQUIREMENTS", "The project is in REQUIREMENTS already."),
    ],
)
async def test_no_phase_is_skipped_or_entered_twice(graph: Graph, world: World, phase: str, message: str) -> None:
    found = await refused(graph, "olga", world.island, phase, expected="REQUIREMENTS")
    assert found == ("BAD_USER_INPUT", "phase", message, None)


async def test_a_project_that_is_in_another_phase_by_now_stays_there(graph: Graph, world: World) -> None:
    found = await refused(graph, "olga", world.island, "TASKS", expected="DESIGN")
    message = "The project is in REQUIREMENTS by now; you saw it in DESIGN."
    assert found == ("CONFLICT", "expectedPhase", message, "REQUIREMENTS")


async def test_phases_are_changed_by_who_manages_the_project(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "phase": "DESIGN", "expectedPhase": "REQUIREMENTS"}
    await change(graph.database, world.requirements, **APPROVED)
    for who, code in {"olga": "NOT_FOUND", "rob": "NOT_FOUND", "vera": "FORBIDDEN", "ben": "FORBIDDEN"}.items():
        assert await refusal(graph, who, TRANSITION_PHASE, **given) == (code, "input.projectId")
    await change(graph.database, world.bens_place, role=ProjectRole.LEAD)
    await done(graph, "ben", TRANSITION_PHASE, **given)


async def test_a_closed_project_stays_in_its_phase(graph: Graph, world: World) -> None:
    await change(graph.database, world.island, status=ProjectStatus.SUSPENDED)
    code, at, message, _ = await refused(graph, "olga", world.island, "DESIGN", expected="REQUIREMENTS")
    assert (code, at) == ("FORBIDDEN", "projectId")
    assert "suspended" in message


async def test_a_new_phase_is_heard_of(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("olga", EVENTS, id=world.island.public_id) as ear:
        await ear.begun()
        await move(graph, "olga", world.island, "DESIGN", expected="REQUIREMENTS")
        event = (await ear.hear())["data"]["projectEvents"]
    assert event == {"kind": "PHASE_CHANGED", "project": {"currentPhase": "DESIGN"}}


async def test_the_audit_log_says_from_where_to_where(graph: Graph, world: World) -> None:
    await move(graph, "olga", world.island, "DESIGN", expected="REQUIREMENTS")
    async with graph.database.read() as session:
        about = select(AuditLog).where(AuditLog.action == "phase_transition")
        entry = (await session.scalars(about)).one()
    assert (entry.actor_id, entry.project_id, entry.resource_id) == (world.olga.id, world.island.id, world.island.id)
    phases = {"fromPhase": "REQUIREMENTS", "toPhase": "DESIGN"}
    assert {name: entry.details[name] for name in phases} == phases


async def test_of_two_who_go_on_at_the_same_time_one_does(graph: Graph, world: World) -> None:
    both = (move(graph, "olga", world.island, "DESIGN", expected="REQUIREMENTS") for _ in range(2))
    payloads = await asyncio.gather(*both)
    codes = sorted([error["code"] for error in payload["errors"]] for payload in payloads)
    assert codes == [[], ["CONFLICT"]]
    async with graph.database.read() as session:
        counted = select(func.count()).where(AuditLog.action == "phase_transition")
        assert await session.scalar(counted) == 1


async def test_of_two_who_enter_the_implementation_at_the_same_time_one_makes_its_document(
    graph: Graph, world: World
) -> None:
    await change(graph.database, world.outline, phase=SpecificationPhase.TASKS, **APPROVED)
    await change(graph.database, world.island, current_phase=SpecificationPhase.TASKS)
    both = (move(graph, "olga", world.island, "IMPLEMENTATION", expected="TASKS") for _ in range(2))
    payloads = await asyncio.gather(*both)
    assert sorted([error["code"] for error in payload["errors"]] for payload in payloads) == [[], ["CONFLICT"]]
    document = tables.SpecificationDocument
    async with graph.database.read() as session:
        made = select(func.count()).where(document.phase == SpecificationPhase.IMPLEMENTATION)
        assert await session.scalar(made) == 1


async def test_what_is_saved_while_the_project_goes_on_holds_it_back(graph: Graph, world: World) -> None:
    """An edit makes a draft of what was approved: whoever waits for it sees that."""
    async with graph.database.work(GUEST) as work:
        await work.execute(text("SET LOCAL lock_timeout = '30s'"))
        saving = "UPDATE specification_documents SET status = 'DRAFT', approved_at = NULL WHERE id = :id"
        await work.execute(text(saving), {"id": world.needs.id})
        late = asyncio.create_task(refused(graph, "olga", world.island, "DESIGN", expected="REQUIREMENTS"))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    code, _, message, _ = await late
    assert (code, message) == ("CONFLICT", "REQUIREMENTS is DRAFT, not APPROVED.")

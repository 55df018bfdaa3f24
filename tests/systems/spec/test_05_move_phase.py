"""A project moves on once the document of its phase is approved, or back; every other way is refused clearly."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from db.tables import ProjectRole
from tests.app.serving import Served, listeners, until
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done
from tests.world import World

MOVE = """
    mutation ($input: TransitionPhaseInput!) {
      transitionPhase(input: $input) {
        project { currentPhase documents { nodes { phase status } } auditLogs(first: 1) { nodes { action details } } }
        document { phase status content }
        errors { code message path }
      }
    }
"""
ERRORS = "errors { code message path }"
SUBMIT = f"mutation ($input: DocumentInput!) {{ submitDocument(input: $input) {{ document {{ id }} {ERRORS} }} }}"
APPROVE = f"mutation ($input: ApproveDocumentInput!) {{ approveDocument(input: $input) {{ {ERRORS} }} }}"
EDIT = f"mutation ($input: EditDocumentInput!) {{ editDocument(input: $input) {{ document {{ status }} {ERRORS} }} }}"
REMOVE = f"mutation ($input: RemoveProjectMemberInput!) {{ removeProjectMember(input: $input) {{ {ERRORS} }} }}"
EVENTS = "subscription ($id: ID!) { projectEvents(projectId: $id) { kind project { currentPhase } } }"
CREATE = 'mutation { createProject(input: {name: "Globe"}) { project { id documents { nodes { id phase } } } } }'


async def move(graph: Graph, who: str, project: str, phase: str, *, expected: str) -> Any:
    given = {"projectId": project, "phase": phase, "expectedPhase": expected}
    return (await graph.data(who, MOVE, input=given))["transitionPhase"]


async def approve(graph: Graph, who: str, document: str, *, version: int) -> None:
    await done(graph, who, SUBMIT, documentId=document)
    await done(graph, who, APPROVE, documentId=document, expectedVersion=version)


async def test_05_move_from_the_first_phase_to_the_last_and_back(graph: Graph) -> None:
    project = (await graph.data("sam", CREATE))["createProject"]["project"]
    documents = {one["phase"]: one["id"] for one in project["documents"]["nodes"]}
    phases = ["REQUIREMENTS", "DESIGN", "TASKS", "IMPLEMENTATION"]
    for now, after in pairwise(phases):
        await approve(graph, "sam", documents[now], version=1)
        moved = await move(graph, "sam", project["id"], after, expected=now)
        assert (moved["project"]["currentPhase"], moved["document"]["phase"]) == (after, after)
        assert moved["document"]["status"] == "DRAFT"
    assert moved["document"]["content"].startswith("# Implementation")
    back = (await move(graph, "sam", project["id"], "REQUIREMENTS", expected="IMPLEMENTATION"))["project"]
    states = {one["phase"]: one["status"] for one in back["documents"]["nodes"]}
    approved = dict.fromkeys(phases[1:3], "APPROVED")
    assert states == {"REQUIREMENTS": "DRAFT", **approved, "IMPLEMENTATION": "DRAFT"}


async def test_05_move_is_noted_in_the_audit_log(graph: Graph, world: World) -> None:
    moved = await move(graph, "olga", world.island.public_id, "DESIGN", expected="REQUIREMENTS")
    actions = {entry["action"] for entry in moved["project"]["auditLogs"]["nodes"]}
    assert actions <= {"phase_transition", "document_status_changed"}
    query = """query ($id: ID!) { project(id: $id) { auditLogs { nodes { action details } } } }"""
    entries = (await graph.data("olga", query, id=world.island.public_id))["project"]["auditLogs"]["nodes"]
    [details] = [entry["details"] for entry in entries if entry["action"] == "phase_transition"]
    assert (details["fromPhase"], details["toPhase"]) == ("REQUIREMENTS", "DESIGN")


@pytest.mark.parametrize(
    ("who", "phase", "code", "field", "message"),
    [
        ("ben", "DESIGN", "FORBIDDEN", "projectId", "You may see this, but you may not do this to it."),
        ("rob", "DESIGN", "NOT_FOUND", "projectId", "There is no such object."),
        ("ada", "DESIGN", "CONFLICT", "phase", "REQUIREMENTS is DRAFT, not APPROVED."),
        ("ada", "TASKS", "BAD_USER_INPUT", "phase", "No phase is skipped: after REQUIREMENTS comes DESIGN."),
    ],
)
async def test_05_move_is_refused_clearly(
    graph: Graph, world: World, who: str, phase: str, code: str, field: str, message: str
) -> None:
    payload = await move(graph, who, world.atlas.public_id, phase, expected="REQUIREMENTS")
    assert payload["errors"] == [{"code": code, "message": message, "path": ["input", field]}]
    assert (payload["project"] is not None) == (code == "CONFLICT")


async def test_05_move_once_of_two_at_the_same_time(graph: Graph, world: World) -> None:
    both = (move(graph, "olga", world.island.public_id, "DESIGN", expected="REQUIREMENTS") for _ in range(2))
    codes = [[error["code"] for error in payload["errors"]] for payload in await asyncio.gather(*both)]
    assert sorted(codes) == [[], ["CONFLICT"]]


async def test_05_move_is_refused_once_what_was_approved_is_edited(graph: Graph, world: World) -> None:
    document = world.requirements.public_id
    await approve(graph, "ada", document, version=2)
    saved = await done(graph, "ben", EDIT, documentId=document, content="# Other", expectedVersion=2)
    assert saved["document"]["status"] == "DRAFT"
    payload = await move(graph, "ada", world.atlas.public_id, "DESIGN", expected="REQUIREMENTS")
    assert [error["message"] for error in payload["errors"]] == ["REQUIREMENTS is DRAFT, not APPROVED."]


async def test_05_move_after_an_approval_that_an_edit_came_between_is_refused(graph: Graph, world: World) -> None:
    """Approval and edit are sent at the same time, over the same version: whichever comes first, no text that nobody
    has read is approved.
    """
    await change(graph.database, world.bens_place, role=ProjectRole.LEAD)
    document = world.requirements.public_id
    for number in range(2, 8):
        await done(graph, "ben", SUBMIT, documentId=document)
        approval = {"documentId": document, "expectedVersion": number}
        edit = {"documentId": document, "content": f"# Text {number}", "expectedVersion": number}
        approving = graph.data("root", APPROVE, input=approval)
        one, other = await asyncio.gather(approving, done(graph, "ben", EDIT, **edit))
        assert [error["code"] for error in one["approveDocument"]["errors"]] in ([], ["CONFLICT"])
        assert other["document"]["status"] == "DRAFT"
        payload = await move(graph, "ada", world.atlas.public_id, "DESIGN", expected="REQUIREMENTS")
        assert [error["code"] for error in payload["errors"]] == ["CONFLICT"]


async def test_05_move_is_heard_by_members_and_by_nobody_who_was_removed(served: Served, world: World) -> None:
    async def post(who: str, query: str, **given: Any) -> None:
        body = {"query": query, "variables": {"input": given}}
        answer = await served.post(body, authorization=f"Bearer {world.tokens[who]}")
        assert [payload["errors"] for payload in answer.json()["data"].values()] == [[]]

    ears = [f"Bearer {world.tokens[who]}" for who in ("vera", "ben")]
    async with served.talk(authorization=ears[0]) as vera, served.talk(authorization=ears[1]) as ben:
        for number, ear in enumerate((vera, ben), start=1):
            await ear.ask(EVENTS, id=world.atlas.public_id)
            await until(lambda at=number: listeners(served) >= at)  # type: ignore[misc]
            assert (await ear.hear())["payload"]["data"]["projectEvents"]["kind"] == "SNAPSHOT"
        async with asyncio.timeout(5):
            await post("ada", REMOVE, memberId=world.veras_place.public_id)
            last = await vera.hear()
        assert last["type"] == "error"
        assert last["payload"][0]["extensions"]["code"] == "FORBIDDEN"
        await post("ada", SUBMIT, documentId=world.requirements.public_id)
        await post("ada", APPROVE, documentId=world.requirements.public_id, expectedVersion=2)
        move = {"projectId": world.atlas.public_id, "phase": "DESIGN", "expectedPhase": "REQUIREMENTS"}
        await post("ada", MOVE, **move)
        heard = [(await ben.hear())["payload"]["data"]["projectEvents"] for _ in range(4)]
    assert [one["kind"] for one in heard] == [
        "MEMBER_REMOVED",
        "DOCUMENT_STATUS_CHANGED",
        "DOCUMENT_STATUS_CHANGED",
        "PHASE_CHANGED",
    ]
    assert heard[-1]["project"] == {"currentPhase": "DESIGN"}

"""Beginning a project with texts: each phase has one document, and what is wrong is told at its place."""

from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, done, refusals, with_ids
from tests.world import World

CREATE = """
    mutation ($input: CreateProjectInput!) {
      createProject(input: $input) {
        project { name documents { nodes { id } } }
        documents { id phase content version status currentVersion { content author { name } } }
        errors { code path }
      }
    }
"""
ATOMIC = """
    mutation ($input: CreateProjectInput!) @atomic {
      before: createProject(input: {name: "Before"}) { project { name } errors { code } }
      begun: createProject(input: $input) { documents { phase } errors { code path } }
    }
"""
PHASES = ["REQUIREMENTS", "DESIGN", "TASKS"]


def document(phase: str, content: str = "# Mine") -> dict[str, str]:
    return {"phase": phase, "content": content}


async def test_the_payload_lists_the_documents_by_phase(graph: Graph) -> None:
    begun = await done(graph, "sam", CREATE, name="Globe")
    assert [document["phase"] for document in begun["documents"]] == PHASES
    assert [document["id"] for document in begun["documents"]] == [
        document["id"] for document in begun["project"]["documents"]["nodes"]
    ]
    assert all(document["content"].startswith("# ") for document in begun["documents"])


@pytest.mark.parametrize("members", [[], ["@ben"]], ids=["alone", "with members"])
async def test_a_document_begins_with_the_text_that_is_given(graph: Graph, world: World, members: list[str]) -> None:
    texts = [document("IMPLEMENTATION", "# Built"), document("DESIGN", "")]
    people = with_ids(world, [{"userId": member} for member in members])
    begun = await done(graph, "ada", CREATE, name="Globe", documents=texts, members=people)
    assert [found["phase"] for found in begun["documents"]] == [*PHASES, "IMPLEMENTATION"]
    design, built = begun["documents"][1], begun["documents"][3]
    for found, content in ((design, ""), (built, "# Built")):
        assert (found["content"], found["version"], found["status"]) == (content, 1, "DRAFT")
        assert found["currentVersion"] == {"content": content, "author": {"name": "Ada"}}


async def test_the_rows_take_a_statement_a_table(graph: Graph, world: World) -> None:
    people = with_ids(world, [{"userId": "@ben"}])
    await done(graph, "ada", CREATE, name="Globe", documents=[document("IMPLEMENTATION")], members=people)
    written = [statement.split()[2] for statement in graph.statements if statement.startswith("INSERT")]
    assert [table for table in written if table != "audit_logs"] == [
        "specification_projects",
        "specification_documents",
        "document_versions",
        "project_members",
        "notifications",
    ]


# --- what is wrong, and where ----------------------------------------------------------------------------------------

WRONG: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "two of one phase": (
        {"documents": [document("TASKS"), document("DESIGN"), document("DESIGN")]},
        [("CONFLICT", "input.documents.2.phase")],
    ),
    "a text that cannot be": (
        {"documents": [document("DESIGN"), document("TASKS", "\0")]},
        [("BAD_USER_INPUT", "input.documents.1.content")],
    ),
    "more than there are phases": (
        {"documents": [document("DESIGN")] * 5},
        [("BAD_USER_INPUT", "input.documents")],
    ),
    "who is not seen": (
        {"members": [{"userId": "@ben"}, {"userId": "@olga"}, {"userId": f"usr_{UNKNOWN}"}]},
        [("NOT_FOUND", "input.members.1.userId"), ("NOT_FOUND", "input.members.2.userId")],
    ),
    "the project": ({"name": " ", "documents": [document("DESIGN")]}, [("BAD_USER_INPUT", "input.name")]),
    "two of one phase, with members": (
        {"documents": [document("DESIGN"), document("DESIGN")], "members": [{"userId": "@ben"}]},
        [("CONFLICT", "input.documents.1.phase")],
    ),
}


@pytest.mark.parametrize(("given", "refused"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_told_at_its_place_and_nothing_is_made(
    graph: Graph, world: World, told: Any, given: dict[str, Any], refused: list[tuple[str, str]]
) -> None:
    before = await counts(graph)
    given = with_ids(world, {"name": "Globe", **given})
    assert await refusals(graph, "ada", CREATE, **given) == refused
    data = await graph.data("ada", ATOMIC, input=given)
    assert [(error["code"], ".".join(error["path"])) for error in data["begun"]["errors"]] == refused
    assert data["before"] == {"project": None, "errors": [{"code": "ROLLED_BACK"}]}
    assert (await counts(graph), told) == (before, [])


async def test_what_a_refused_project_would_have_listed_is_null(graph: Graph) -> None:
    (payload,) = (await graph.data("ada", CREATE, input={"name": " "})).values()
    assert (payload["project"], payload["documents"]) == (None, None)


async def test_a_guest_begins_nothing_with_texts(graph: Graph) -> None:
    answer = await graph(None, CREATE, input={"name": "Globe", "documents": [document("DESIGN")]})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def counts(graph: Graph) -> list[int]:
    async with graph.database.read() as session:
        made = (tables.SpecificationProject, tables.SpecificationDocument, tables.DocumentVersion, tables.ProjectMember)
        return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in made]

"""A project begins with its documents, its members and its entry in the audit log in one transaction, or not at all."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, text

from db import tables
from db.access import GUEST
from tests.app.serving import Served
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done, error_code, refusals, values
from tests.world import World

CREATE = """
    mutation ($input: CreateProjectInput!) {
      createProject(input: $input) {
        project {
          id
          currentPhase
          owner { name }
          members { nodes { role user { name } } }
          documents { nodes { phase content version currentVersion { author { name } } } }
          auditLogs { nodes { action actor { name } } }
        }
        errors { code path }
      }
    }
"""
MADE = (tables.SpecificationProject, tables.SpecificationDocument, tables.DocumentVersion, tables.ProjectMember)


async def counts(graph: Graph) -> list[Any]:
    """How many rows there are of all that a project begins with, and entries of the audit log."""
    async with graph.database.read() as session:
        return [await session.scalar(select(func.count()).select_from(one)) for one in (*MADE, tables.AuditLog)]


async def test_04_create_a_project_with_its_documents_members_and_entry(graph: Graph, world: World) -> None:
    given = {
        "name": "Globe",
        "members": [{"userId": world.ben.public_id, "role": "LEAD"}, {"userId": world.vera.public_id}],
        "documents": [{"phase": "DESIGN", "content": "# As a sphere"}],
    }
    project = (await done(graph, "ada", CREATE, **given))["project"]
    assert (project["owner"], project["currentPhase"]) == ({"name": "Ada"}, "REQUIREMENTS")
    assert project["members"]["nodes"] == [
        {"role": "LEAD", "user": {"name": "Ben"}},
        {"role": "MEMBER", "user": {"name": "Vera"}},
    ]
    documents = project["documents"]["nodes"]
    assert [document["phase"] for document in documents] == ["REQUIREMENTS", "DESIGN", "TASKS"]
    assert documents[1]["content"] == "# As a sphere"
    assert all(document["version"] == 1 and document["content"] for document in documents)
    assert all(document["currentVersion"] == {"author": {"name": "Ada"}} for document in documents)
    entries = project["auditLogs"]["nodes"]
    assert {entry["action"] for entry in entries} == {"project_created", "members_added"}
    assert all(entry["actor"] == {"name": "Ada"} for entry in entries)


@pytest.mark.parametrize("table", [one.__tablename__ for one in (*MADE, tables.AuditLog)])
async def test_04_create_nothing_if_any_part_of_it_fails(graph: Graph, world: World, table: str) -> None:
    before = await counts(graph)
    async with graph.database.work(GUEST) as work:
        await work.execute(text("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'"))
        trigger = f"CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail()"
        await work.execute(text(trigger))
    given = {"name": "Globe", "members": [{"userId": world.ben.public_id}]}
    assert await error_code(graph, "ada", CREATE, input=given) == "INTERNAL_SERVER_ERROR"
    assert await counts(graph) == before


async def test_04_create_nothing_with_a_member_who_is_not_seen(graph: Graph, world: World) -> None:
    before = await counts(graph)
    members = [{"userId": world.ben.public_id}, {"userId": world.olga.public_id}]
    found = await refusals(graph, "ada", CREATE, name="Globe", members=members)
    assert found == [("NOT_FOUND", "input.members.1.userId")]
    assert await counts(graph) == before


async def test_04_create_nothing_with_a_name_that_does_not_fit(graph: Graph) -> None:
    for name in ("", " ", "x" * 20_000):
        assert await refusals(graph, "ada", CREATE, name=name) == [("BAD_USER_INPUT", "input.name")]


async def test_04_create_nothing_for_who_has_not_shown_their_address(graph: Graph, world: World) -> None:
    await change(graph.database, world.sam, email_verified_at=None)
    assert await refusals(graph, "sam", CREATE, name="Globe") == [("FORBIDDEN", "")]


async def test_04_create_a_project_with_what_belongs_to_it_or_neither(graph: Graph, world: World) -> None:
    both = """
        mutation ($project: CreateProjectInput!, $comment: AddCommentInput!) @atomic {
          createProject(input: $project) { project { id } errors { code } }
          addComment(input: $comment) { errors { code } }
        }
    """
    comment = {"threadId": world.thread_0.public_id, "content": " "}
    found = await graph.data("ada", both, project={"name": "Globe"}, comment=comment)
    assert found == {
        "createProject": {"project": None, "errors": [{"code": "ROLLED_BACK"}]},
        "addComment": {"errors": [{"code": "BAD_USER_INPUT"}]},
    }
    assert await values(graph, "ada", "{ projects { nodes { name } } }") == ["Atlas"]


async def test_04_create_one_project_however_often_it_is_sent(served: Served, world: World) -> None:
    body = {"query": CREATE, "variables": {"input": {"name": "Globe"}}}
    headers = {"authorization": f"Bearer {world.tokens['ada']}", "idempotency_key": "once"}
    answers = await asyncio.gather(*(served.post(body, **headers) for _ in range(4)))
    assert len({answer.json()["data"]["createProject"]["project"]["id"] for answer in answers}) == 1
    listed = await served.post({"query": "{ projects { totalCount } }"}, authorization=headers["authorization"])
    assert listed.json()["data"] == {"projects": {"totalCount": 2}}

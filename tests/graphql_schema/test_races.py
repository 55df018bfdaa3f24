"""What one finds can be gone, or taken, before one has written: that is a conflict, told like every other."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, text

from db.access import GUEST
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import refusals, with_ids
from tests.world import World

RACES: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "a comment in a thread that goes": ("ben", "addComment", {"threadId": "@thread_0", "content": "Late"}, "thread_0"),
    "a thread on a document that goes": (
        "ben",
        "openThread",
        {"documentId": "@design", "content": "Late", "position": {"line": 1}},
        "design",
    ),
    "a reaction to a comment that goes": ("vera", "addReaction", {"commentId": "@comment", "type": "LIKE"}, "comment"),
    "a member who goes": ("ada", "addProjectMembers", {"projectId": "@atlas", "members": [{"userId": "@rob"}]}, "rob"),
    "a course that goes": ("ada", "enroll", {"courseId": "@logic"}, "logic"),
    "a module that goes": ("olga", "skipModule", {"moduleId": "@advanced"}, "advanced"),
    "a lesson that goes": ("sam", "completeLesson", {"lessonId": "@logic_1_2"}, "logic_1_2"),
}
"""Who asks, the mutation with its input, and the row that somebody else deletes in the meantime."""


@pytest.mark.parametrize(("who", "mutation", "given", "row"), RACES.values(), ids=RACES)
async def test_what_goes_while_one_writes_is_a_conflict(
    graph: Graph, world: World, who: str, mutation: str, given: dict[str, Any], row: str
) -> None:
    gone = getattr(world, row)
    async with graph.database.work(GUEST) as work:
        await work.execute(text("UPDATE project_members SET role = 'REVIEWER' WHERE role = 'VIEWER'"))
    async with graph.database.work(GUEST) as work:
        await work.execute(text("SET LOCAL lock_timeout = '30s'"))
        await work.execute(delete(type(gone)).where(type(gone).id == gone.id))
        late = asyncio.create_task(told(graph, world, who, mutation, given))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await late in (["CONFLICT"], ["NOT_FOUND"])


async def test_who_becomes_the_owner_while_they_are_added_is_no_member(graph: Graph, world: World) -> None:
    async with graph.database.work(GUEST) as work:
        await work.execute(text("DELETE FROM project_members"))
        await work.execute(text("UPDATE specification_projects SET owner_id = :rob"), {"rob": world.rob.id})
        given = {"projectId": "@atlas", "members": [{"userId": "@rob"}]}
        late = asyncio.create_task(told(graph, world, "root", "addProjectMembers", given))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await late == ["CONFLICT"]


async def told(graph: Graph, world: World, who: str, mutation: str, given: dict[str, Any]) -> list[str]:
    """The codes of what a mutation was refused for."""
    name = {"addReaction": "Reaction"}.get(mutation, mutation[0].upper() + mutation[1:])
    asked = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ errors {{ code path }} }} }}"
    return [code for code, _ in await refusals(graph, who, asked, **with_ids(world, given))]

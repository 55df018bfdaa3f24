"""Mutations that are one statement, with what is selected of them in it or read afterwards, and what all have moved."""

from typing import Any

import pytest

from db.epoch import fingerprint
from db.outbox import topic, viewer_topic
from db.roots import at
from graphql_schema.execution import Request
from tests.conftest import Graph
from tests.world import World

EDIT = """
mutation ($id: ID!, $people: UserFilter) {
  editDocument(input: { documentId: $id, content: "New", expectedVersion: 2 }) {
    document { project { documents { totalCount } people(filter: $people) { totalCount } } }
    errors { code }
  }
}
"""
ADD = """mutation ($thread: ID!) {
  addComment(input: {threadId: $thread, content: "Yes"}) { comment { id } errors { code } }
}"""
TWICE = """mutation ($thread: ID!) @atomic {
  one: addComment(input: {threadId: $thread, content: "Yes"}) { comment { id } }
  two: addComment(input: {threadId: $thread, content: "No"}) { comment { id } }
}"""
RENAME = """mutation ($project: ID!) {
  updateProject(input: {projectId: $project, name: "Globe"}) { project { name } errors { code } }
}"""
READ = """mutation ($ids: [ID!]!) {
  markNotificationsRead(input: {notificationIds: $ids}) { viewer { id } errors { code } }
}"""


async def test_what_is_read_afterwards_has_parameters_of_its_own(either: Graph) -> None:
    """`role` is in the rule of documents and in a filter, which keeps nobody."""
    answer = await either.data("ben", EDIT, id=either.world.requirements.public_id, people={"role": []})
    project = {"documents": {"totalCount": 2}, "people": {"totalCount": 0}}
    assert answer["editDocument"] == {"document": {"project": project}, "errors": []}


async def moved(graph: Graph, who: str, text: str, *, key: str | None = None, **variables: Any) -> dict[str, int]:
    """The topics that a mutation has moved."""
    context = graph.context(who)
    request = Request(text, variables=variables, extensions={"idempotencyKey": key} if key else None)
    answer = await graph.executor.execute(graph.executor.prepare(request), context)
    assert "errors" not in answer
    return context.moved


async def test_a_change_says_where_it_is_to_be_seen(either: Graph, world: World) -> None:
    project = topic("project", world.atlas.id)
    for number in (1, 2):
        assert await moved(either, "ben", ADD, thread=world.thread_0.public_id) == {project: number}


async def test_what_changes_nothing_moves_nothing(either: Graph, world: World) -> None:
    assert await moved(either, "vera", ADD, thread=world.thread_0.public_id) == {}


async def test_a_mutation_of_several_steps_says_it_too(either: Graph, world: World) -> None:
    assert await moved(either, "ada", RENAME, project=world.atlas.public_id) == {topic("project", world.atlas.id): 1}


async def test_a_change_of_each_row_of_a_list_says_it_once(either: Graph, world: World) -> None:
    ids = [world.rows[name].public_id for name in ("welcome", "invitation")]
    found = await moved(either, "ben", READ, ids=ids)
    assert found == {topic("user", world.ben.id): 1}


@pytest.mark.parametrize(("text", "last"), [(TWICE, 2), (ADD, 1)])
async def test_a_transaction_says_where_its_last_event_is_and_so_does_a_repetition(
    either: Graph, world: World, text: str, last: int
) -> None:
    given = {"thread": world.thread_0.public_id}
    first = await moved(either, "ben", text, key="k", **given)
    await moved(either, "ada", ADD, **given)
    assert first == await moved(either, "ben", text, key="k", **given) == {topic("project", world.atlas.id): last}


async def test_a_transaction_without_a_key_says_it(either: Graph, world: World) -> None:
    given = {"thread": world.thread_0.public_id}
    assert await moved(either, "ben", TWICE, **given) == {topic("project", world.atlas.id): 2}


def test_names_say_nothing_and_what_is_other_peoples_is_left_out(world: World) -> None:
    course = topic("course", world.ada.id)
    people = [topic("user", world.ben.id), viewer_topic(world.ben.id), topic("progress", world.ben.id, world.ada.id)]
    found = {course: 3, **dict.fromkeys(people, 5)}
    assert at(found, world.vera.id) == at(found, None) == {fingerprint(course): 3}
    assert at(found, world.ben.id) == {fingerprint(one): number for one, number in found.items()}

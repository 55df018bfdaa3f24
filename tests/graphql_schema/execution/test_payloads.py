"""Rows that a payload lists: in its order, by one statement, with null for those that the viewer does not see."""

from typing import Any

import orjson
import pytest
from sqlalchemy import delete

from db import tables
from db.access import GUEST
from graphql_schema.execution import Request
from tests.conftest import Graph
from tests.graphql_schema.asking import change, with_ids
from tests.world import World

MARK_READ = """
    mutation ($input: NotificationsInput!) {
      marked: markNotificationsRead(input: $input) { notifications { title isRead } errors { code } }
    }
"""
WELCOME, INVITATION = ({"title": title, "isRead": True} for title in ("Welcome", "Invitation"))


async def marked(graph: Graph, *names: str, query: str = MARK_READ) -> Any:
    """The notifications that Ben's payload lists, once he has read those of these names."""
    given = with_ids(graph.world, {"notificationIds": [f"@{name}" for name in names]})
    return (await graph.data("ben", query, input=given))["marked"]["notifications"]


@pytest.mark.parametrize("directive", ["", "@atomic"])
async def test_the_rows_come_in_the_order_of_the_payload(either: Graph, directive: str) -> None:
    query = MARK_READ.replace(") {\n", f") {directive} {{\n", 1)
    assert await marked(either, "welcome", "invitation", query=query) == [WELCOME, INVITATION]
    assert await marked(either, "invitation", "welcome", query=query) == [INVITATION, WELCOME]


async def test_a_row_that_is_listed_twice_comes_twice(either: Graph) -> None:
    assert await marked(either, "invitation", "welcome", "invitation") == [INVITATION, WELCOME, INVITATION]


async def test_a_list_of_nothing_is_empty_and_that_of_a_refused_mutation_null(either: Graph) -> None:
    assert await marked(either) == []
    assert await marked(either, "invitation", "alert") is None


async def test_what_is_deferred_of_a_list_comes_at_once(either: Graph) -> None:
    query = MARK_READ.replace("{ title isRead }", "{ title ... @defer { isRead } }")
    assert await marked(either, "welcome", "invitation", query=query) == [WELCOME, INVITATION]


async def test_a_list_is_one_statement_however_long_it_is(graph: Graph) -> None:
    await marked(graph, "welcome", "invitation")  # now nothing is changed any more
    numbers = set[int]()
    for names in (["welcome"], ["welcome", "invitation"] * 50):
        assert await marked(graph, *names) == [{"welcome": WELCOME, "invitation": INVITATION}[name] for name in names]
        numbers.add(len(graph.statements))
        assert sum(" AS asked0(key, ordinal)" in statement for statement in graph.statements) == 1
    assert len(numbers) == 1


@pytest.mark.parametrize("is_gone", [True, False], ids=["gone", "of another"])
async def test_a_row_that_is_not_seen_any_more_is_null_at_its_place(
    either: Graph, world: World, *, is_gone: bool
) -> None:
    given = with_ids(world, {"notificationIds": ["@welcome", "@invitation", "@welcome"]})
    request = Request(MARK_READ, variables={"input": given}, extensions={"idempotencyKey": "once"})
    for listed in ([WELCOME, INVITATION, WELCOME], [WELCOME, None, WELCOME]):
        operation = either.executor.prepare(request)
        answer = orjson.loads(orjson.dumps(await either.executor.execute(operation, either.context("ben"))))
        assert answer == {"data": {"marked": {"notifications": listed, "errors": []}}}
        if is_gone:
            async with either.database.work(GUEST) as work:
                await work.execute(delete(tables.Notification).where(tables.Notification.id == world.invitation.id))
        else:
            await change(either.database, world.invitation, user_id=world.vera.id)


IDS = ["ntf_1", "ntf_2", "ntf_3"]


@pytest.mark.parametrize(
    ("declared", "input", "variables", "items"),
    [
        ("$input: NotificationsInput!", "$input", {"input": {"notificationIds": IDS}}, 3),
        ("$input: NotificationsInput!", "$input", {"input": {"notificationIds": []}}, 0),
        ("$ids: [ID!]!", "{notificationIds: $ids}", {"ids": IDS}, 3),
        ("$id: ID!", "{notificationIds: [$id, $id]}", {"id": "ntf_1"}, 2),
    ],
)
def test_what_is_listed_counts_as_often_as_the_input_has_items(
    graph: Graph, declared: str, input: str, variables: dict[str, Any], items: int
) -> None:
    def estimate(selection: str) -> Any:
        mutation = f"mutation ({declared}) {{ markNotificationsRead(input: {input}) {{ {selection} }} }}"
        return graph.executor.prepare(Request(mutation, variables=variables)).estimate

    some, none = estimate("errors { code } notifications { user { name } }"), estimate("errors { code }")
    assert (some.nodes - none.nodes, some.weight - none.weight) == (items, 2 * items)


def test_a_list_of_a_payload_whose_input_may_be_left_out_has_as_many_as_are_given(graph: Graph) -> None:
    create = """
        mutation ($modules: [ModuleInput!]!) {
          none: createCourse(input: {slug: "a", title: "A", description: "", difficulty: EXPERT}) { modules { id } }
          some: createCourse(
            input: {slug: "b", title: "B", description: "", difficulty: EXPERT, modules: $modules}
          ) { modules { id } }
        }
    """
    for given in ([], [{"title": "One"}, {"title": "Two"}]):
        estimate = graph.executor.prepare(Request(create, variables={"modules": given})).estimate
        assert estimate.nodes == len(given)

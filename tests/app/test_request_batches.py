"""Several operations in one request: only where they are allowed, paid for together, answered in their order."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from db.epoch import fingerprint
from db.outbox import topic
from tests.app.serving import Served, serving
from tests.world import World

VIEWER = {"query": "{ viewer { name } }"}
COURSES = {"query": "{ courses(first: 30) { nodes { title } } }"}
HEAVY = {"query": "{ courses(first: 100) { nodes { instructor { id } modules(first: 31) { nodes { id } } } } }"}
"""At most 3,401 of weight, which are 341 points."""


@pytest.fixture
async def batching(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    async with serving(database_url, redis_url, batch_limit=3, rate_limit_restored=1) as running:
        yield running


def code_of(answer: httpx.Response) -> str:
    [error] = answer.json()["errors"]
    return str(error["extensions"]["code"])


def told(answer: dict[str, Any]) -> Any:
    """The data of an answer, or the codes of its errors."""
    return answer["data"] if "data" in answer else [error["extensions"]["code"] for error in answer["errors"]]


async def test_batches_are_not_accepted_unless_they_are_switched_on(bare: Served) -> None:
    answer = await bare.post([VIEWER])
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


async def test_the_answers_come_in_the_order_of_the_operations(batching: Served, world: World) -> None:
    batch = [VIEWER, {"query": "mutation { signOut { signedOut } }"}, COURSES]
    answer = await batching.post(batch, authorization=f"Bearer {world.tokens['ada']}")
    assert answer.status_code == 200
    assert [list(told(one)) for one in answer.json()] == [["viewer"], ["signOut"], ["courses"]]


async def test_each_says_what_it_has_moved(batching: Served, world: World) -> None:
    add = "mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code } } }"
    one = {"query": add, "variables": {"input": {"threadId": world.thread_0.public_id, "content": "Yes"}}}
    answers = await batching.post([one, VIEWER, one], authorization=f"Bearer {world.tokens['ben']}")
    found = [answer["extensions"].get("at") for answer in answers.json()]
    name = fingerprint(topic("project", world.atlas.id))
    assert found == [{name: 1}, None, {name: 2}]


async def test_one_that_is_refused_does_not_stop_the_others(batching: Served) -> None:
    subscription = {"query": 'subscription { documentEvents(documentId: "doc_1") { kind } }'}
    answer = await batching.post([{"query": "{"}, subscription, VIEWER])
    assert [told(one) for one in answer.json()] == [["GRAPHQL_PARSE_FAILED"], ["BAD_REQUEST"], {"viewer": None}]


async def test_a_batch_has_some_operations_and_not_too_many(batching: Served) -> None:
    assert len((await batching.post([VIEWER] * 3)).json()) == 3
    answer = await batching.post([VIEWER] * 4)
    assert (answer.status_code, code_of(answer)) == (400, "MAX_BATCH_LIMIT")
    answer = await batching.post([])
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


async def test_what_is_in_a_batch_is_a_request(batching: Served) -> None:
    answer = await batching.post([7, [VIEWER], {"query": None}])
    assert [told(one) for one in answer.json()] == [["BAD_REQUEST"]] * 3


async def test_together_they_may_cost_what_one_operation_may(batching: Served) -> None:
    assert len((await batching.post([HEAVY, HEAVY])).json()) == 2
    answer = await batching.post([HEAVY, HEAVY, HEAVY])
    assert code_of(answer) == "COST_ESTIMATED_TOO_EXPENSIVE"
    assert answer.json()["extensions"]["cost"]["requestedQueryCost"] == 3 * 341


async def test_each_says_what_it_cost_and_all_are_paid(batching: Served) -> None:
    answer = await batching.post([COURSES, VIEWER])
    costs = [one["extensions"]["cost"] for one in answer.json()]
    assert [(one["requestedQueryCost"], one["actualQueryCost"]) for one in costs] == [(4, 1), (1, 1)]
    assert answer.headers["x-ratelimit-remaining"] == "9998"
    assert {one["throttleStatus"]["currentlyAvailable"] for one in costs} == {9_998}


async def test_one_that_takes_too_long_does_not_stop_the_others(batching: Served) -> None:
    batching.app.sockets.graph.executor.deadline.seconds = 0
    answer = await batching.post([COURSES, {"query": "{ __typename }"}])
    assert [told(one) for one in answer.json()] == [["GATEWAY_TIMEOUT"], {"__typename": "Query"}]
    assert answer.json()[0]["extensions"]["cost"]["actualQueryCost"] == 4, "all that was expected"


async def test_a_batch_that_cannot_be_paid_as_a_whole_is_refused_as_a_whole(database_url: str, redis_url: str) -> None:
    async with serving(database_url, redis_url, batch_limit=3, rate_limit=7, rate_limit_restored=1) as served:
        answer = await served.post([COURSES, COURSES])
        assert (answer.status_code, code_of(answer)) == (429, "REQUEST_RATE_LIMITED")
        assert answer.headers["x-ratelimit-remaining"] == "7"

"""What an operation costs: that every answer says it, who pays for it, and how to know before it is run."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.costs import cost, with_cost
from app.rate_limits import Throttle
from tests.app.serving import Served, serving
from tests.app.test_http import code_of
from tests.world import World

COURSES = "{ courses(first: 30) { nodes { title } } }"
"""At most 1 + 30 of weight, which are 4 points; two courses are found, so that 1 is paid."""
TWO = "{ a: courses(first: 5) { totalCount nodes { id } } courses(first: 24) { nodes { instructor { name } } } }"
SUBSCRIPTION = 'subscription { documentEvents(documentId: "doc_1") { kind } }'
TOO_EXPENSIVE = "{ courses(first: 100) { nodes { instructor { teaching(first: 98) { nodes { id } } } } } }"
TOO_MANY = "{ courses(first: 100) { nodes { modules(first: 100) { nodes { id } } } } }"
TOO_DEEP = f"{{ viewer {{ {'teaching { nodes { instructor { ' * 4} id {'} } } ' * 4} }} }}"


@pytest.fixture
async def slow(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """A server that gives so little back that what is left can be told exactly."""
    async with serving(database_url, redis_url, rate_limit_restored=1) as running:
        yield running


def bearer(world: World, name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {world.tokens[name]}"}


async def cost_of(served: Served, query: str, **headers: str) -> Any:
    """What the extensions of an answer say."""
    return (await served.post({"query": query}, **headers)).json()["extensions"]["cost"]


# --- in every answer -------------------------------------------------------------------------------------------------


def test_it_has_the_form_that_shopify_gave_it() -> None:
    text = with_cost(b'{"data":{}}', cost(101, 46, throttle=Throttle(1_000, 953.7, 50)))
    assert text == (
        b'{"data":{},"extensions":{"cost":{"requestedQueryCost":101,"actualQueryCost":46,"throttleStatus":'
        b'{"maximumAvailable":1000,"currentlyAvailable":953,"restoreRate":50}}}}'
    )


async def test_an_answer_says_what_was_expected_what_was_paid_and_what_is_left(slow: Served) -> None:
    answer = await slow.post({"query": COURSES})
    assert answer.json()["extensions"]["cost"] == {
        "requestedQueryCost": 4,
        "actualQueryCost": 1,
        "throttleStatus": {"maximumAvailable": 10_000, "currentlyAvailable": 9_999, "restoreRate": 1},
    }
    assert answer.headers["x-ratelimit-remaining"] == "9999"


@pytest.mark.parametrize("query", ["{ __schema { queryType { name } } }", "mutation { signOut { signedOut } }"])
async def test_so_does_one_that_was_not_compiled_and_one_without_data(served: Served, query: str) -> None:
    assert (await cost_of(served, query))["actualQueryCost"] >= 1


async def test_so_does_one_over_a_socket(served: Served) -> None:
    async with served.talk() as talk:
        await talk.ask(COURSES)
        message = await talk.hear_all()
    found = message["payload"]["extensions"]["cost"]
    assert (found["requestedQueryCost"], found["actualQueryCost"]) == (4, 1)


async def test_with_a_header_it_is_told_field_by_field(served: Served) -> None:
    found = await cost_of(served, TWO, x_cost_debug="1")
    assert found["fields"] == [
        {"path": ["a"], "requestedCost": 0.1, "nodes": 0},
        {"path": ["a", "totalCount"], "requestedCost": 0.1, "nodes": 0},
        {"path": ["a", "nodes"], "requestedCost": 0.5, "nodes": 5},
        {"path": ["courses"], "requestedCost": 0.1, "nodes": 0},
        {"path": ["courses", "nodes"], "requestedCost": 2.4, "nodes": 24},
        {"path": ["courses", "nodes", "instructor"], "requestedCost": 2.4, "nodes": 0},
    ]
    assert found["requestedQueryCost"] == 6, "the sum, rounded up"
    assert "fields" not in await cost_of(served, TWO)


# --- of what was refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "requested"), [(TOO_EXPENSIVE, 1_011), (TOO_MANY, 1_021)])
async def test_what_is_too_expensive_says_how_expensive_it_is_and_where(
    bare: Served, query: str, requested: int
) -> None:
    found = await cost_of(bare, query, x_cost_debug="1")
    assert (found["requestedQueryCost"], found["actualQueryCost"]) == (requested, None)
    assert found["throttleStatus"]["currentlyAvailable"] == 10_000
    assert -(-sum(field["requestedCost"] for field in found["fields"]) // 1) == requested


async def test_what_was_refused_before_it_could_be_counted_does_not(bare: Served) -> None:
    assert (await bare.post({"query": TOO_DEEP})).json().keys() == {"errors"}


async def test_who_has_too_little_left_is_told_what_it_would_have_cost(database_url: str, redis_url: str) -> None:
    async with serving(database_url, redis_url, rate_limit=3, rate_limit_restored=1) as served:
        answer = await served.post({"query": COURSES})
        refused = {
            "requestedQueryCost": 4,
            "actualQueryCost": None,
            "throttleStatus": {"maximumAvailable": 3, "currentlyAvailable": 3, "restoreRate": 1},
        }
        assert (answer.status_code, answer.json()["extensions"]) == (429, {"cost": refused})
        async with served.talk() as talk:
            for query in (COURSES, "{ courses(first: 40) { nodes { id } } }"):
                await talk.ask(query)
                [error] = (await talk.hear())["payload"]
                assert error["extensions"]["code"] == "REQUEST_RATE_LIMITED"
                assert error["extensions"]["cost"]["actualQueryCost"] is None


async def test_over_a_socket_the_error_says_it(bare: Served) -> None:
    async with bare.talk() as talk:
        await talk.ask(TOO_EXPENSIVE)
        [error] = (await talk.hear())["payload"]
    assert error["extensions"]["code"] == "COST_ESTIMATED_TOO_EXPENSIVE"
    assert error["extensions"]["cost"]["requestedQueryCost"] == 1_011


# --- who pays --------------------------------------------------------------------------------------------------------


async def test_the_members_of_an_organization_pay_out_of_its_bucket_too(
    database_url: str, redis_url: str, world: World
) -> None:
    shared = {"organization_rate_limit": 4, "organization_rate_limit_restored": 1}
    async with serving(database_url, redis_url, **shared) as served:
        assert (await cost_of(served, COURSES, **bearer(world, "ada")))["throttleStatus"]["maximumAvailable"] == 4
        assert (await served.post({"query": COURSES}, **bearer(world, "ben"))).status_code == 429
        for other in ("olga", "sam"):
            assert (await served.post({"query": COURSES}, **bearer(world, other))).status_code == 200


async def test_who_sends_too_many_new_texts_can_still_send_known_ones(database_url: str, redis_url: str) -> None:
    async with serving(database_url, redis_url, text_limit=len(COURSES) + 1, text_limit_restored=1) as served:
        assert (await served.post({"query": COURSES})).status_code == 200
        for unread in ("{ viewer { id } }", "{ nothing }", "?"):
            answer = await served.post({"query": unread})
            assert (answer.status_code, code_of(answer)) == (429, "REQUEST_RATE_LIMITED")
            assert int(answer.headers["retry-after"]) >= 1
        assert (await served.post({"query": COURSES})).status_code == 200


async def test_a_text_that_is_longer_than_any_bucket_is_refused_for_its_length(served: Served) -> None:
    answer = await served.post({"query": " " * 1_030_000})
    assert (answer.status_code, code_of(answer)) == (200, "MAX_DOCUMENT_BYTES_LIMIT")


async def test_what_never_gets_its_answer_is_paid_in_full(slow: Served) -> None:
    slow.app.sockets.graph.executor.deadline.seconds = 0
    assert (await slow.post({"query": COURSES})).status_code == 504
    slow.app.sockets.graph.executor.deadline.seconds = 10
    assert (await cost_of(slow, "{ __typename }"))["throttleStatus"]["currentlyAvailable"] == 10_000 - 4 - 1


# --- known before ----------------------------------------------------------------------------------------------------

PRICE = "rateLimit(dryRun: $dry) { cost nodeCount limit remaining used resetAt }"
PRICED = f"query ($dry: Boolean) {{ courses(first: 30) {{ nodes {{ title }} }} {PRICE} }}"


async def test_an_operation_can_ask_for_what_it_costs(slow: Served) -> None:
    data = (await slow.post({"query": PRICED})).json()["data"]
    assert data["courses"]["nodes"]
    assert data["rateLimit"].pop("resetAt").endswith("+00:00")
    assert data["rateLimit"] == {"cost": 4, "nodeCount": 30, "limit": 10_000, "remaining": 9_996, "used": 4}


async def test_on_a_dry_run_nothing_is_run_or_paid(bare: Served) -> None:
    answer = (await bare.post({"query": PRICED, "variables": {"dry": True}})).json()
    assert answer.keys() == {"data", "extensions"}
    assert answer["data"].keys() == {"rateLimit"}
    assert (answer["data"]["rateLimit"]["cost"], answer["data"]["rateLimit"]["used"]) == (4, 0)
    found = answer["extensions"]["cost"]
    assert (found["requestedQueryCost"], found["actualQueryCost"]) == (4, 0)
    assert found["throttleStatus"]["currentlyAvailable"] == 10_000


async def test_a_dry_run_needs_no_points(database_url: str, redis_url: str) -> None:
    async with serving(database_url, redis_url, rate_limit=3, rate_limit_restored=1) as served:
        assert (await served.post({"query": PRICED})).status_code == 429
        answer = (await served.post({"query": PRICED, "variables": {"dry": True}})).json()
        assert answer["data"]["rateLimit"]["cost"] == 4

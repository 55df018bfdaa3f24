"""Row 6: rules are evaluated on what happens, as their owner; what they tell is logged, and tried until it arrives.

What happens is noticed by whatever projects it; everything else goes through the graph.
"""

import asyncio
from typing import Any

from sqlalchemy import text
from standardwebhooks import Webhook

from db.access import GUEST
from db.actions.rule_deliveries import send_due_deliveries
from db.tables import RuleTrigger, Sensitivity
from tests.app.hooks import OK, Receiver, answering, hanging
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done
from tests.graphql_schema.notification_rules.asking import (
    RESEND,
    TEST,
    UPDATE,
    deliveries,
    issue,
    made,
    news,
    notice,
    opened,
)
from tests.graphql_schema.notification_rules.sending import Sending
from tests.tls import needs_openssl
from tests.world import World

LOGGED = """
    query ($slug: String!) { organization(slug: $slug) { notificationRules(orderBy: NAME_ASC) { nodes {
      name user { name } deliveries(filter: {channel: [WEBHOOK]}) { nodes { status lastError rule { name } } }
    } } } }
"""


async def later(graph: Graph) -> None:
    """Let the time come at which all is tried again that waits."""
    async with graph.database.work(GUEST) as work:
        waits = "UPDATE notification_deliveries SET next_attempt_at = now() WHERE status = 'PENDING'"
        await work.execute(text(waits))
    async with graph.database.work(GUEST) as work:
        await send_due_deliveries.function(work)


async def logged(graph: Graph, who: str) -> dict[str, Any]:
    """What was sent by requests, by the names of the rules that somebody sees."""
    rules = (await graph.data(who, LOGGED, slug="analytical"))["organization"]["notificationRules"]["nodes"]
    return {rule["name"]: [one["status"] for one in rule["deliveries"]["nodes"]] for rule in rules}


@needs_openssl
async def test_06_one_thing_is_told_on_all_channels_of_a_rule_once(
    graph: Graph, world: World, receiver: Receiver, sending: Sending
) -> None:
    given = {"channels": ["IN_APP", "EMAIL", "WEBHOOK"], "url": receiver.url, "conditions": {"label": "urgent"}}
    found = await made(graph, "ben", **given)
    row = await issue(graph.database, world.engine, 11, labels=["urgent"])
    async with sending() as box:
        await asyncio.gather(*(notice(graph.database, RuleTrigger.ISSUE_OPENED, row) for _ in range(20)))
        await opened(graph, world, "engine", 12, labels=["idea"])
    assert len(await news(graph, "ben")) == len(box.sent) == len(receiver.requests) == 1
    told = Webhook(found["secret"]).verify(receiver.requests[0].body, receiver.requests[0].headers)
    assert (told["type"], told["data"]["subjectId"]) == ("ISSUE_OPENED", row.public_id)
    assert {one["channel"]: one["status"] for one in await deliveries(graph, "ben", found["rule"]["id"])} == {
        "IN_APP": "SENT",
        "EMAIL": "SENT",
        "WEBHOOK": "SENT",
    }


@needs_openssl
async def test_06_what_fails_is_tried_again_then_dead_then_sent_by_hand_always_under_one_id(
    graph: Graph, world: World, receiver: Receiver, sending: Sending
) -> None:
    rule = (await made(graph, "ben", name="hook", channels=["WEBHOOK"], url=receiver.url))["rule"]["id"]
    receiver.answers = [hanging, answering("302 Found", "location: https://127.0.0.1/"), answering("500 Failure")]
    async with sending():
        await opened(graph, world, "engine", 11)
    for _ in range(9):
        assert (await logged(graph, "ada"))["hook"] == ["PENDING"]
        async with sending():
            await later(graph)
    (dead,) = await deliveries(graph, "ben", rule)
    assert (dead["status"], dead["attempts"], dead["lastError"]) == ("DEAD", 10, "The server answered 500.")
    receiver.answers = [OK]
    async with sending():
        await done(graph, "ben", RESEND, deliveryId=dead["id"])
    assert (await logged(graph, "ben"))["hook"] == ["SENT"]
    assert {request.headers["webhook-id"] for request in receiver.requests} == {dead["id"]}


async def test_06_what_is_restricted_reaches_those_alone_who_see_it(graph: Graph, world: World) -> None:
    for who in ("ada", "ben", "vera"):
        await made(graph, who, channels=["IN_APP"])
    await opened(graph, world, "vault", 11)
    assert [len(await news(graph, who)) for who in ("ada", "ben", "vera")] == [1 + 1, 0, 0]  # Ada has two rules for it
    assert set(await logged(graph, "ada")) == {"adas_rule", "bens_rule", "watch"}
    assert set(await logged(graph, "vera")) == {"watch"}


@needs_openssl
async def test_06_what_becomes_restricted_while_it_waits_is_not_sent(
    graph: Graph, world: World, receiver: Receiver, sending: Sending
) -> None:
    rule = (await made(graph, "ben", channels=["WEBHOOK"], url=receiver.url))["rule"]["id"]
    async with sending():
        await opened(graph, world, "engine", 11)
        await change(graph.database, world.engine, sensitivity=Sensitivity.RESTRICTED)
    assert receiver.connections == 0
    assert [one["status"] for one in await deliveries(graph, "ben", rule)] == ["DEAD"]


async def test_06_of_a_hundred_things_at_once_a_rule_tells_one_and_is_silent(graph: Graph, world: World) -> None:
    rule = (await made(graph, "ben", cooldownSeconds=3_600, conditions={"label": "urgent"}))["rule"]["id"]
    rows = [await issue(graph.database, world.engine, number, labels=["urgent"]) for number in range(100, 200)]
    await asyncio.gather(*(notice(graph.database, RuleTrigger.ISSUE_OPENED, row) for row in rows))
    assert len(await deliveries(graph, "ben", rule)) == 1
    changed = await done(graph, "ben", UPDATE, ruleId=rule, isActive=False)
    assert changed["rule"]["silentUntil"]
    assert (await done(graph, "ben", TEST, ruleId=rule))["firings"] == []  # they were opened long ago

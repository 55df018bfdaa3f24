"""Rules are made, changed, tried out and deleted, by their owners and by those who manage the organization."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db import tables
from db.actions.notification_rules import MOST_RULES, SEALED
from db.ids import key_of
from db.tables import DeliveryStatus
from tests.conftest import KEYRING, Graph
from tests.graphql_schema.asking import add, change, done, refusal, refusals
from tests.graphql_schema.notification_rules.asking import (
    CREATE,
    DELETE,
    RESEND,
    ROTATE,
    TEST,
    UPDATE,
    deliveries,
    issue,
    made,
    opened,
)
from tests.world import World

URL = "https://hooks.example.com/trellis?key=of-nobody"
REQUESTS = {"channels": ["WEBHOOK"], "url": URL}


async def test_a_rule_is_what_its_owner_says(graph: Graph, world: World) -> None:
    found = await made(
        graph,
        "ben",
        name="bugs",
        repositoryId=world.engine.public_id,
        conditions={"label": "bug", "author": "grace"},
        channels=["EMAIL", "IN_APP", "EMAIL"],
        cooldownSeconds=60,
    )
    assert found["secret"] is None
    assert found["rule"] | {"id": ""} == {
        "id": "",
        "name": "bugs",
        "trigger": "ISSUE_OPENED",
        "channels": ["IN_APP", "EMAIL"],
        "urlHost": None,
        "cooldownSeconds": 60,
        "isActive": True,
        "silentUntil": None,
        "conditions": {"author": "grace", "branch": None, "label": "bug", "threshold": None, "metric": None},
        "user": {"name": "Ben"},
        "organization": {"name": "Analytical"},
        "repository": {"name": "engine"},
    }


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"name": " "}, ("BAD_USER_INPUT", "input.name")),
        ({"channels": []}, ("BAD_USER_INPUT", "input.channels")),
        ({"cooldownSeconds": -1}, ("BAD_USER_INPUT", "input.cooldownSeconds")),
        ({"cooldownSeconds": 604_801}, ("BAD_USER_INPUT", "input.cooldownSeconds")),
        ({"conditions": {"threshold": 3}}, ("BAD_USER_INPUT", "input.conditions")),
        ({"conditions": {"branch": "main"}}, ("BAD_USER_INPUT", "input.conditions")),
        ({"trigger": "PULL_REQUEST_STALE"}, ("BAD_USER_INPUT", "input.conditions")),
        ({"trigger": "METRIC_BELOW", "conditions": {"threshold": 1}}, ("BAD_USER_INPUT", "input.conditions")),
        (
            {"trigger": "PULL_REQUEST_STALE", "conditions": {"threshold": 0}},
            ("BAD_USER_INPUT", "input.conditions.threshold"),
        ),
        ({"channels": ["WEBHOOK"]}, ("BAD_USER_INPUT", "input.url")),
        ({"url": URL}, ("BAD_USER_INPUT", "input.url")),
        ({"channels": ["WEBHOOK"], "url": "http://example.com"}, ("BAD_USER_INPUT", "input.url")),
        ({"channels": ["WEBHOOK"], "url": "https://127.0.0.1/"}, ("BAD_USER_INPUT", "input.url")),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused_at_its_field(
    graph: Graph, world: World, given: dict[str, Any], refused: tuple[str, str]
) -> None:
    usual = {
        "organizationId": world.analytical.public_id,
        "name": "watch",
        "trigger": "ISSUE_OPENED",
        "channels": ["IN_APP"],
    }
    assert await refusals(graph, "ben", CREATE, **usual | given) == [refused]


async def test_rules_are_for_members(graph: Graph, world: World) -> None:
    given = {
        "organizationId": world.analytical.public_id,
        "name": "a",
        "trigger": "ISSUE_OPENED",
        "channels": ["IN_APP"],
    }
    assert await refusal(graph, "olga", CREATE, **given) == ("NOT_FOUND", "input.organizationId")
    assert await refusal(graph, "root", CREATE, **given) == ("FORBIDDEN", "input.organizationId")
    await done(graph, "vera", CREATE, **given)


async def test_a_rule_is_about_a_repository_that_its_owner_sees_in_the_organization(graph: Graph, world: World) -> None:
    given = {
        "organizationId": world.analytical.public_id,
        "name": "a",
        "trigger": "ISSUE_OPENED",
        "channels": ["IN_APP"],
    }
    for who, repository, code in (("ben", "vault", "NOT_FOUND"), ("olga", "shore", "NOT_FOUND")):
        refused = await refusal(graph, who, CREATE, **given, repositoryId=world.rows[repository].public_id)
        assert refused[0] == code
    await add(graph.database, tables.OrganizationMember(organization_id=world.analytical.id, user_id=world.olga.id))
    refused = await refusal(graph, "olga", CREATE, **given, repositoryId=world.shore.public_id)
    assert refused == ("BAD_USER_INPUT", "input.repositoryId")


async def test_of_many_rules_at_once_no_more_are_made_than_there_may_be(graph: Graph, world: World) -> None:
    given = {"organizationId": world.analytical.public_id, "trigger": "ISSUE_OPENED", "channels": ["IN_APP"]}
    some = [graph.data("vera", CREATE, input={**given, "name": f"rule {number}"}) for number in range(MOST_RULES + 5)]
    payloads = [found["createNotificationRule"] for found in await asyncio.gather(*some)]
    refused = [payload["errors"][0]["code"] for payload in payloads if payload["errors"]]
    assert refused == ["CONFLICT"] * 5


async def test_an_address_and_the_secret_of_a_rule_are_sealed_and_never_shown_again(graph: Graph, world: World) -> None:
    found = await made(graph, "ben", **REQUESTS)
    assert found["secret"].startswith("whsec_")
    assert found["rule"]["urlHost"] == "hooks.example.com"
    async with graph.database.read() as session:
        kept = await session.get_one(tables.NotificationRule, key_of(tables.NotificationRule, found["rule"]["id"]))
        assert SEALED.text(KEYRING, kept, "url") == URL
        assert SEALED.text(KEYRING, kept, "secret") == found["secret"]
        assert kept.url is not None
        assert b"example" not in kept.url


async def test_a_rule_is_changed_by_its_owner_and_by_those_who_manage_the_organization(
    graph: Graph, world: World
) -> None:
    rule = world.bens_rule.public_id
    assert (await done(graph, "ben", UPDATE, ruleId=rule, name="mine"))["rule"]["name"] == "mine"
    assert not (await done(graph, "ada", UPDATE, ruleId=rule, isActive=False))["rule"]["isActive"]
    assert await refusal(graph, "vera", UPDATE, ruleId=rule, name="hers") == ("NOT_FOUND", "input.ruleId")
    assert await refusal(graph, "olga", UPDATE, ruleId=rule, name="hers") == ("NOT_FOUND", "input.ruleId")
    assert await refusal(graph, "ben", UPDATE, ruleId=rule, channels=None) == ("BAD_USER_INPUT", "input.channels")
    assert await refusal(graph, "ben", UPDATE, ruleId=rule, url=URL) == ("BAD_USER_INPUT", "input.url")


async def test_who_leaves_the_organization_has_no_rules_there(graph: Graph, world: World) -> None:
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await graph.data("ben", node, id=world.bens_rule.public_id))["node"]
    async with graph.database.work(world.viewer("root")) as work:
        await work.delete(await work.get(tables.OrganizationMember, world.bens_membership.public_id, at="", lock=True))
    assert (await graph.data("ben", node, id=world.bens_rule.public_id))["node"] is None
    assert await refusal(graph, "ben", DELETE, ruleId=world.bens_rule.public_id) == ("NOT_FOUND", "input.ruleId")


async def test_a_rule_that_sends_requests_no_more_forgets_where_to(graph: Graph, world: World) -> None:
    rule = (await made(graph, "ben", **REQUESTS))["rule"]["id"]
    changed = await done(graph, "ben", UPDATE, ruleId=rule, channels=["EMAIL"])
    assert (changed["rule"]["urlHost"], changed["secret"]) == (None, None)
    again = await done(graph, "ben", UPDATE, ruleId=rule, channels=["WEBHOOK"], url="https://other.example.com/")
    assert again["rule"]["urlHost"] == "other.example.com"
    assert again["secret"].startswith("whsec_")
    kept = await done(graph, "ben", UPDATE, ruleId=rule, url="https://third.example.com/")
    assert (kept["rule"]["urlHost"], kept["secret"]) == ("third.example.com", None)


async def test_a_secret_is_followed_by_another_and_both_hold_for_a_day(graph: Graph, world: World) -> None:
    found = await made(graph, "ben", **REQUESTS)
    rule, first = found["rule"]["id"], found["secret"]
    rotated = await done(graph, "ben", ROTATE, ruleId=rule)
    assert rotated["secret"] != first
    until = datetime.fromisoformat(rotated["rule"]["previousSecretUntil"])
    assert timedelta(hours=23) < until - datetime.now(UTC) < timedelta(hours=25)
    async with graph.database.read() as session:
        kept = await session.get_one(tables.NotificationRule, key_of(tables.NotificationRule, rule))
        assert SEALED.text(KEYRING, kept, "previous_secret") == first
    assert await refusal(graph, "vera", ROTATE, ruleId=rule) == ("NOT_FOUND", "input.ruleId")
    assert await refusal(graph, "ben", ROTATE, ruleId=world.bens_rule.public_id) == ("CONFLICT", "input.ruleId")


async def test_a_rule_is_deleted_with_what_it_told(graph: Graph, world: World) -> None:
    rule = world.bens_rule.public_id
    assert await refusal(graph, "vera", DELETE, ruleId=rule) == ("NOT_FOUND", "input.ruleId")
    gone = await done(graph, "ben", DELETE, ruleId=rule)
    assert (gone["deletedRuleId"], gone["organization"]) == (rule, {"name": "Analytical"})
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await graph.data("ada", node, id=world.bens_rule_delivery.public_id))["node"] is None


async def test_a_dry_run_shows_what_a_rule_would_have_told_its_owner_of(graph: Graph, world: World) -> None:
    rule = (await made(graph, "ben", conditions={"label": "bug"}, cooldownSeconds=7_200))["rule"]["id"]
    await done(graph, "ben", UPDATE, ruleId=rule, isActive=False)
    now = datetime.now(UTC)
    for number, hours in ((11, 1), (12, 2), (13, 9), (14, 24 * 8), (15, -1)):
        await issue(graph.database, world.engine, number, opened_at=now - timedelta(hours=hours))
    await issue(graph.database, world.engine, 16, opened_at=now, labels=["idea"])
    await issue(graph.database, world.vault, 17, opened_at=now)
    found = (await done(graph, "ben", TEST, ruleId=rule))["firings"]
    assert [(one["title"], one["isSilenced"]) for one in found] == [
        ("Issue #11 was opened in analytical/engine", True),
        ("Issue #12 was opened in analytical/engine", False),
        ("Issue #13 was opened in analytical/engine", False),
    ]
    assert await deliveries(graph, "ben", rule) == []
    assert await refusal(graph, "vera", TEST, ruleId=rule) == ("NOT_FOUND", "input.ruleId")
    # Who manages the organization sees what its owner would see, and no more.
    assert len((await done(graph, "ada", TEST, ruleId=rule))["firings"]) == 3


async def test_what_did_not_arrive_is_sent_again_by_hand(graph: Graph, world: World) -> None:
    await made(graph, "ben", **REQUESTS)
    rule = (await made(graph, "ben", channels=["IN_APP", "WEBHOOK"], url=URL))["rule"]["id"]
    await opened(graph, world, "engine", 11)
    told = {one["channel"]: one for one in await deliveries(graph, "ben", rule)}
    dead = tables.NotificationDelivery(id=key_of(tables.NotificationDelivery, told["WEBHOOK"]["id"]))
    await change(graph.database, dead, status=DeliveryStatus.DEAD, attempts=10, last_error="No.", next_attempt_at=None)
    assert await refusal(graph, "vera", RESEND, deliveryId=dead.public_id) == ("NOT_FOUND", "input.deliveryId")
    again = (await done(graph, "ben", RESEND, deliveryId=dead.public_id))["delivery"]
    assert again == {"id": dead.public_id, "status": "PENDING", "attempts": 0, "lastError": "No."}
    in_app = told["IN_APP"]["id"]
    assert await refusal(graph, "ben", RESEND, deliveryId=in_app) == ("CONFLICT", "input.deliveryId")

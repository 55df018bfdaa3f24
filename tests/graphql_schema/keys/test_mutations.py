"""API keys: made as far as a plan has room, changed, given another secret, and revoked."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.access import Viewer
from db.actions.keys import PURPOSE, SCOPES
from db.errors import BadInput
from db.ids import key_of
from db.tables import OrganizationPlan, OrganizationRole, Plan
from db.tokens import is_key
from graphql_schema.execution import Request
from tests.conftest import KEYRING, Graph
from tests.graphql_schema.asking import change, done, refusal
from tests.world import World

ERRORS = "errors { code message path }"
FIELDS = "id name prefix scopes rateLimit usageCount lastUsedAt isActive expiresAt previousUntil revokedAt"
CREATE = f"""
    mutation ($input: CreateApiKeyInput!) {{
      createApiKey(input: $input) {{ secret apiKey {{ {FIELDS} user {{ name }} organization {{ slug }} }} {ERRORS} }}
    }}
"""
UPDATE = f"mutation ($input: UpdateApiKeyInput!) {{ updateApiKey(input: $input) {{ apiKey {{ {FIELDS} }} {ERRORS} }} }}"
ROTATE = f"""
    mutation ($input: RotateApiKeyInput!) {{ rotateApiKey(input: $input) {{ secret apiKey {{ {FIELDS} }} {ERRORS} }} }}
"""
REVOKE = f"mutation ($input: RevokeApiKeyInput!) {{ revokeApiKey(input: $input) {{ apiKey {{ {FIELDS} }} {ERRORS} }} }}"
MINE = "{ viewer { apiKeys { nodes { id name } } } }"
GIVEN: dict[str, Any] = {"name": "Nightly", "scopes": ["specs:read", "jobs:read", "specs:read"]}


async def stored(graph: Graph, public_id: str) -> tables.ApiKey:
    async with graph.database.read() as session:
        found: tables.ApiKey = await session.get_one(tables.ApiKey, key_of(tables.ApiKey, public_id))
        return found


async def test_a_key_is_made_with_a_secret_that_is_kept_nowhere(graph: Graph, world: World) -> None:
    made = await done(graph, "ben", CREATE, **GIVEN)
    secret, key = made["secret"], made["apiKey"]
    assert is_key(secret)
    assert key.pop("id").startswith("key_")
    assert key == {
        "name": "Nightly",
        "prefix": secret[:12],
        "scopes": ["jobs:read", "specs:read"],
        "rateLimit": 1000,
        "usageCount": "0",
        "lastUsedAt": None,
        "isActive": True,
        "expiresAt": None,
        "previousUntil": None,
        "revokedAt": None,
        "user": {"name": "Ben"},
        "organization": None,
    }
    async with graph.database.read() as session:
        for table in (tables.ApiKey, tables.AuditLog, tables.Notification, tables.IdempotencyKey):
            rows = (await session.execute(select(table.__table__))).all()
            assert secret not in repr(rows)
            assert secret.removeprefix("trl_")[10:] not in repr(rows)


async def test_its_owner_is_alerted_and_an_entry_says_who_made_it(graph: Graph, world: World) -> None:
    made = await done(graph, "ben", CREATE, **GIVEN)
    async with graph.database.read() as session:
        alerts = select(tables.Notification).where(tables.Notification.user_id == world.ben.id)
        (alert,) = [one for one in await session.scalars(alerts) if one.type.value == "SECURITY_ALERT"]
        entries = select(tables.AuditLog).where(tables.AuditLog.action == "api_key_created")
        entry = (await session.scalars(entries)).one()
    assert made["apiKey"]["prefix"] in alert.message
    key = await stored(graph, made["apiKey"]["id"])
    assert (entry.actor_id, entry.resource_id) == (world.ben.id, key.id)


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"scopes": ["specs:read", "specs:all"]}, "input.scopes"),
        ({"scopes": ["accounts:write"]}, "input.scopes"),
        ({"scopes": ["keys:write"]}, "input.scopes"),
        ({"scopes": []}, "input.scopes"),
        ({"name": " "}, "input.name"),
        ({"rateLimit": 0}, "input.rateLimit"),
        ({"rateLimit": 100_001}, "input.rateLimit"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "input.expiresAt"),
    ],
)
async def test_what_makes_no_key_is_refused(graph: Graph, given: dict[str, Any], at: str) -> None:
    assert await refusal(graph, "ben", CREATE, **GIVEN | given) == ("BAD_USER_INPUT", at)
    assert await graph.data("ben", MINE) == {"viewer": {"apiKeys": {"nodes": []}}}


async def test_who_asks_for_another_scope_is_told_which_there_are(graph: Graph) -> None:
    answer = await graph.data("ben", CREATE, input=GIVEN | {"scopes": ["specs"]})
    [error] = answer["createApiKey"]["errors"]
    assert error["message"] == f"The scopes of a key are among these: {', '.join(SCOPES)}."
    assert "accounts:read" in SCOPES
    assert not {"accounts:write", "keys:write"} & set(SCOPES)


async def test_who_has_not_shown_their_address_makes_no_key(graph: Graph, world: World) -> None:
    await change(graph.database, world.ben, email_verified_at=None)
    assert await refusal(graph, "ben", CREATE, **GIVEN) == ("FORBIDDEN", "")


@pytest.mark.parametrize(("plan", "most"), [(Plan.BASIC, 2), (Plan.PREMIUM, 20)])
async def test_of_many_at_once_as_many_are_made_as_the_plan_has_room_for(
    graph: Graph, world: World, plan: Plan, most: int, patient: None
) -> None:
    await change(graph.database, world.ben, plan=plan)
    answers = await asyncio.gather(*(graph.data("ben", CREATE, input=GIVEN) for _ in range(most + 8)))
    made = [answer["createApiKey"] for answer in answers]
    assert sum(one["secret"] is not None for one in made) == most
    assert {error["code"] for one in made for error in one["errors"]} == {"FORBIDDEN"}
    assert len((await graph.data("ben", MINE))["viewer"]["apiKeys"]["nodes"]) == most


async def test_the_keys_of_an_organization_count_there(graph: Graph, world: World, patient: None) -> None:
    given = GIVEN | {"organizationId": world.remote.public_id}
    answers = await asyncio.gather(*(graph.data("olga", CREATE, input=given) for _ in range(20)))
    assert sum(answer["createApiKey"]["secret"] is not None for answer in answers) == 2
    assert await refusal(graph, "olga", CREATE, **given) == ("FORBIDDEN", "")
    assert (await done(graph, "olga", CREATE, **GIVEN))["apiKey"]["organization"] is None
    await change(graph.database, world.remote, plan=OrganizationPlan.PRO)
    assert (await done(graph, "olga", CREATE, **given))["apiKey"]["organization"] == {"slug": "remote"}


async def test_who_does_not_manage_an_organization_makes_no_key_for_it(graph: Graph, world: World) -> None:
    for who, code in (("ben", "FORBIDDEN"), ("vera", "FORBIDDEN"), ("olga", "NOT_FOUND")):
        given = GIVEN | {"organizationId": world.analytical.public_id}
        assert await refusal(graph, who, CREATE, **given) == (code, "input.organizationId")


async def test_a_revoked_key_makes_room(graph: Graph, world: World) -> None:
    await done(graph, "ada", CREATE, **GIVEN)
    assert await refusal(graph, "ada", CREATE, **GIVEN) == ("FORBIDDEN", "")
    await done(graph, "ada", REVOKE, keyId=world.adas_key.public_id)
    await done(graph, "ada", CREATE, **GIVEN)


async def test_a_key_is_changed_by_its_owner_alone(graph: Graph, world: World) -> None:
    key = world.analyticals_key.public_id
    await make_admin(graph, world)
    assert await refusal(graph, "ben", UPDATE, keyId=key, scopes=["jobs:read"]) == ("FORBIDDEN", "input.keyId")
    assert await refusal(graph, "ben", ROTATE, keyId=key) == ("FORBIDDEN", "input.keyId")
    assert await refusal(graph, "root", ROTATE, keyId=key) == ("FORBIDDEN", "input.keyId")
    assert await refusal(graph, "olga", UPDATE, keyId=key, name="Mine") == ("NOT_FOUND", "input.keyId")
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    changed = await done(
        graph, "ada", UPDATE, keyId=key, name="New", scopes=["jobs:read"], rateLimit=7, isActive=False, expiresAt=soon
    )
    shown = {name: changed["apiKey"][name] for name in ("name", "scopes", "rateLimit", "isActive")}
    assert shown == {"name": "New", "scopes": ["jobs:read"], "rateLimit": 7, "isActive": False}
    assert changed["apiKey"]["expiresAt"]
    assert (await done(graph, "ada", UPDATE, keyId=key, expiresAt=None))["apiKey"]["expiresAt"] is None
    assert await refusal(graph, "ada", UPDATE, keyId=key, scopes=["all"]) == ("BAD_USER_INPUT", "input.scopes")
    assert await refusal(graph, "ada", UPDATE, keyId=key, rateLimit=0) == ("BAD_USER_INPUT", "input.rateLimit")


async def test_a_rotation_changes_the_secret_and_nothing_else(graph: Graph, world: World) -> None:
    before = await stored(graph, world.adas_key.public_id)
    rotated = await done(graph, "ada", ROTATE, keyId=world.adas_key.public_id)
    after = await stored(graph, world.adas_key.public_id)
    assert after.key_hash == KEYRING.sign(PURPOSE, rotated["secret"].encode())
    assert after.previous_hash == before.key_hash
    assert after.previous_until
    assert timedelta(hours=23) < after.previous_until - datetime.now(UTC) <= timedelta(hours=24)
    assert rotated["apiKey"]["prefix"] == rotated["secret"][:12] == after.secret_prefix
    assert (after.scopes, after.rate_limit, after.name) == (before.scopes, before.rate_limit, before.name)


async def test_a_key_is_revoked_by_its_owner_and_by_who_manages_its_organization(graph: Graph, world: World) -> None:
    await make_admin(graph, world)
    assert await refusal(graph, "ben", REVOKE, keyId=world.adas_key.public_id) == ("NOT_FOUND", "input.keyId")
    key = world.analyticals_key.public_id
    assert await refusal(graph, "vera", REVOKE, keyId=key) == ("NOT_FOUND", "input.keyId")
    first = (await done(graph, "ben", REVOKE, keyId=key))["apiKey"]["revokedAt"]
    assert first
    assert (await done(graph, "ada", REVOKE, keyId=key))["apiKey"]["revokedAt"] == first
    assert await refusal(graph, "ada", UPDATE, keyId=key, isActive=True) == ("CONFLICT", "input.keyId")
    assert await refusal(graph, "ada", ROTATE, keyId=key) == ("CONFLICT", "input.keyId")


async def test_people_see_their_own_keys_and_those_who_manage_an_organization_all_of_it(
    graph: Graph, world: World
) -> None:
    of_it = '{ organization(slug: "analytical") { apiKeys { nodes { name user { name } } } } }'
    shown = {"organization": {"apiKeys": {"nodes": [{"name": "analyticals_key", "user": {"name": "Ada"}}]}}}
    assert await graph.data("ada", of_it) == shown
    assert await graph.data("ben", of_it) == {"organization": {"apiKeys": {"nodes": []}}}
    await make_admin(graph, world)
    assert await graph.data("ben", of_it) == shown
    names = [key["name"] for key in (await graph.data("ada", MINE))["viewer"]["apiKeys"]["nodes"]]
    assert sorted(names) == ["adas_key", "analyticals_key"]


@pytest.mark.parametrize(("start", "extensions"), [(" @atomic {", {}), (" {", {"idempotencyKey": "once"})])
async def test_no_secret_is_kept_under_an_idempotency_key(graph: Graph, start: str, extensions: dict[str, Any]) -> None:
    text = CREATE.replace(") {", f"){start}", 1)
    operation = graph.executor.prepare(Request(text, variables={"input": GIVEN}, extensions=extensions))
    with pytest.raises(BadInput, match="createApiKey"):
        await graph.executor.execute(operation, graph.context("ben"))
    assert await graph.data("ben", MINE) == {"viewer": {"apiKeys": {"nodes": []}}}


async def make_admin(graph: Graph, world: World) -> None:
    """Let Ben manage the organization of Ada's key."""
    async with graph.database.work(Viewer()) as work:
        member = tables.OrganizationMember
        found = select(member).where(member.organization_id == world.analytical.id, member.user_id == world.ben.id)
        (await work.scalars(found)).one().role = OrganizationRole.ADMIN

"""Passkeys: added, used, removed; and whatever somebody sends who has none."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.auth import authenticate
from db import tables
from db.access import GUEST
from db.actions import challenges, passkeys
from graphql_schema.execution import Request
from tests.conftest import Graph
from tests.graphql_schema.accounts.authenticator import Authenticator, coded, decoded
from tests.graphql_schema.asking import add, change, done, error_code, refusal
from tests.world import PEOPLE, World

ERRORS = "errors { code path message }"
BEGIN_ADDING = "mutation { beginPasskeyRegistration { options errors { code message } } }"
ADD = f"""
    mutation ($input: AddPasskeyInput!) {{
      addPasskey(input: $input) {{ passkey {{ id name lastUsedAt }} user {{ name }} {ERRORS} }}
    }}
"""
REMOVE = f"""
    mutation ($input: RemovePasskeyInput!) {{
      removePasskey(input: $input) {{ deletedPasskeyId user {{ passkeys {{ nodes {{ name }} }} }} {ERRORS} }}
    }}
"""
BEGIN = "mutation { beginPasskeySignIn { options errors { code message } } }"
SIGN_IN = f"""
    mutation ($input: SignInWithPasskeyInput!) {{
      signInWithPasskey(input: $input) {{ user {{ name }} token {ERRORS} }}
    }}
"""
MINE = "{ viewer { passkeys { nodes { id name createdAt lastUsedAt } } } }"
OVER = [{"code": "BAD_USER_INPUT", "path": ["input", "response"], "message": challenges.OVER}]
NEW_DEVICE = "You signed in on a new device"
REFUSED = {"user": None, "token": None, "errors": [{"code": "BAD_USER_INPUT", "path": [], "message": passkeys.REFUSED}]}


async def begin_adding(graph: Graph, who: str = "ada") -> Any:
    return (await graph.data(who, BEGIN_ADDING))["beginPasskeyRegistration"]["options"]


async def begin(graph: Graph) -> Any:
    return (await graph.data(None, BEGIN))["beginPasskeySignIn"]["options"]


async def sign_in(graph: Graph, response: Any) -> Any:
    return (await graph.data(None, SIGN_IN, input={"response": response, "device": "Laptop"}))["signInWithPasskey"]


@pytest.fixture
async def device(graph: Graph) -> Authenticator:
    """A device with a passkey of Ada's."""
    made = Authenticator()
    await done(graph, "ada", ADD, response=made.make(await begin_adding(graph)), name="Laptop")
    return made


async def test_a_passkey_is_added_and_signs_in(graph: Graph, world: World, device: Authenticator) -> None:
    (mine,) = (await graph.data("ada", MINE))["viewer"]["passkeys"]["nodes"]
    assert (mine["name"], mine["lastUsedAt"]) == ("Laptop", None)
    signed_in = await sign_in(graph, device.sign(await begin(graph)))
    assert (signed_in["user"], signed_in["errors"]) == ({"name": "Ada"}, [])
    assert (await authenticate(graph.database, signed_in["token"])).id == world.ada.id
    (mine,) = (await graph.data("ada", MINE))["viewer"]["passkeys"]["nodes"]
    assert mine["lastUsedAt"] is not None
    assert await audited(graph) == ["passkey_added", "signed_in"]
    assert await alerts(graph, world.ada) == ["A passkey was added", NEW_DEVICE]


async def test_the_options_name_the_host_its_user_and_what_they_have(
    graph: Graph, world: World, device: Authenticator
) -> None:
    options = await begin_adding(graph)
    assert options["rp"] == {"name": "Trellis", "id": "trellis.test"}
    assert options["user"] == {"id": coded(world.ada.id.bytes), "name": "ada@example.com", "displayName": "Ada"}
    known = {"id": coded(device.credential_id), "type": "public-key", "transports": ["hybrid", "internal"]}
    assert options["excludeCredentials"] == [known]
    chosen = options["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "preferred")


async def test_the_options_to_sign_in_say_of_nobody_whether_they_have_one(graph: Graph, device: Authenticator) -> None:
    options = await begin(graph)
    assert options.pop("challenge") != (await begin(graph))["challenge"]
    expected = {"rpId": "trellis.test", "allowCredentials": [], "userVerification": "preferred", "timeout": 300_000}
    assert options == expected


async def test_where_browsers_know_no_name_of_the_host_there_are_no_passkeys(graph: Graph) -> None:
    for origin in (None, "http://127.0.0.1:8000", "http://[::1]:8000"):
        context = replace(graph.context(None), origin=origin)
        answer = await graph.executor.execute(graph.executor.prepare(Request(BEGIN)), context)
        assert answer["data"]["beginPasskeySignIn"]["options"] is None
        assert [error["code"] for error in answer["data"]["beginPasskeySignIn"]["errors"]] == ["FORBIDDEN"]


async def test_a_guest_adds_none_and_nobody_with_an_address_that_may_be_somebody_elses(
    graph: Graph, world: World
) -> None:
    assert await error_code(graph, None, BEGIN_ADDING) == "UNAUTHENTICATED"
    answer = Authenticator().make(await begin_adding(graph))
    await change(graph.database, world.ada, email_verified_at=None)
    assert await begin_adding(graph) is None
    assert (await refusal(graph, "ada", ADD, response=answer, name="Mine"))[0] == "FORBIDDEN"


HOSTILE: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://trellis.test.evil.example"},
    "the origin without encryption": {"origin": "http://trellis.test"},
    "another host": {"host": "evil.example"},
}


@pytest.mark.parametrize("wrong", HOSTILE.values(), ids=HOSTILE)
async def test_a_passkey_of_another_page_is_neither_added_nor_let_in(
    graph: Graph, device: Authenticator, wrong: dict[str, Any]
) -> None:
    given = {"name": "Elsewhere", "response": Authenticator(**wrong).make(await begin_adding(graph))}
    assert await refusal(graph, "ada", ADD, **given) == ("BAD_USER_INPUT", "input.response")
    assert await sign_in(graph, replace(device, **wrong).sign(await begin(graph))) == REFUSED
    assert (await sign_in(graph, device.sign(await begin(graph))))["errors"] == []


async def test_a_challenge_is_ours_of_its_purpose_and_of_its_person(graph: Graph, device: Authenticator) -> None:
    options, adding = await begin(graph), await begin_adding(graph)
    random = coded(b"\0" * 56)
    changed = coded(decoded(options["challenge"])[:23] + b"\xff" + decoded(options["challenge"])[24:])
    for challenge in (random, changed, adding["challenge"], "", "AAAA"):
        assert (await sign_in(graph, device.sign({"challenge": challenge})))["errors"] == OVER
    for challenge in (options["challenge"], (await begin_adding(graph, "ben"))["challenge"]):
        given = {"name": "Mine", "response": Authenticator().make(adding | {"challenge": challenge})}
        assert await refusal(graph, "ada", ADD, **given) == ("BAD_USER_INPUT", "input.response")


async def test_a_challenge_takes_one_answer(graph: Graph, device: Authenticator) -> None:
    options = await begin(graph)
    answer = device.sign(options)
    assert (await sign_in(graph, answer))["errors"] == []
    assert (await sign_in(graph, answer))["errors"] == OVER
    assert (await sign_in(graph, device.sign(options)))["errors"] == OVER
    options = await begin_adding(graph)
    await done(graph, "ada", ADD, response=Authenticator().make(options), name="Phone")
    given = {"name": "Tablet", "response": Authenticator().make(options)}
    assert await refusal(graph, "ada", ADD, **given) == ("BAD_USER_INPUT", "input.response")


async def test_an_answer_that_comes_twice_at_once_signs_in_once(graph: Graph, device: Authenticator) -> None:
    answer = replace(device, uses=6).sign(await begin(graph))
    answers = await asyncio.gather(*(sign_in(graph, answer) for _ in range(5)))
    assert sorted(len(one["errors"]) for one in answers) == [0, 1, 1, 1, 1]


async def test_a_challenge_ends(graph: Graph, device: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(challenges, "LIFETIME", timedelta(seconds=-1))
    assert (await sign_in(graph, device.sign(await begin(graph))))["errors"] == OVER


async def test_a_passkey_that_goes_back_in_its_uses_is_refused_and_its_owner_told(
    graph: Graph, world: World, device: Authenticator
) -> None:
    copy = replace(device)
    for _ in range(2):
        assert (await sign_in(graph, device.sign(await begin(graph))))["errors"] == []
    for _ in range(2):
        assert await sign_in(graph, copy.sign(await begin(graph))) == REFUSED
    assert (await alerts(graph, world.ada))[-2:] == ["A passkey was refused"] * 2
    assert (await sign_in(graph, copy.sign(await begin(graph))))["errors"] == []


async def test_nobody_is_told_of_a_copy_by_whoever_cannot_sign(
    graph: Graph, world: World, device: Authenticator
) -> None:
    assert (await sign_in(graph, device.sign(await begin(graph))))["errors"] == []
    assert await sign_in(graph, Authenticator(credential_id=device.credential_id).sign(await begin(graph))) == REFUSED
    assert await alerts(graph, world.ada) == ["A passkey was added", NEW_DEVICE]


async def test_a_device_that_does_not_count_is_let_in_as_often_as_it_signs(graph: Graph, device: Authenticator) -> None:
    for _ in range(2):
        assert (await sign_in(graph, replace(device, uses=-1).sign(await begin(graph))))["errors"] == []


async def test_an_unknown_passkey_another_key_and_another_person_are_told_alike(
    graph: Graph, world: World, device: Authenticator
) -> None:
    others = (
        Authenticator(),
        Authenticator(credential_id=device.credential_id, user=device.user),
        replace(device, user=world.ben.id.bytes),
    )
    for other in others:
        assert await sign_in(graph, other.sign(await begin(graph))) == REFUSED
    assert await audited(graph) == ["passkey_added", *["sign_in_failed"] * 3]


async def test_whoever_is_not_active_is_not_let_in(graph: Graph, world: World, device: Authenticator) -> None:
    await change(graph.database, world.ada, is_active=False)
    assert await sign_in(graph, device.sign(await begin(graph))) == REFUSED


async def test_wrong_passwords_lock_nobody_out_who_has_a_passkey(
    graph: Graph, world: World, device: Authenticator
) -> None:
    await change(graph.database, world.ada, locked_until=datetime.now(UTC) + timedelta(hours=1))
    assert (await sign_in(graph, device.sign(await begin(graph))))["errors"] == []


async def test_a_passkey_is_added_once_and_to_one_person(graph: Graph, device: Authenticator) -> None:
    for who in ("ada", "ben"):
        answer = replace(device).make(await begin_adding(graph, who))
        assert (await refusal(graph, who, ADD, response=answer, name="Mine"))[0] == "CONFLICT"
    assert (await sign_in(graph, device.sign(await begin(graph))))["user"] == {"name": "Ada"}


async def test_a_passkey_has_a_name(graph: Graph) -> None:
    for name in (" ", "x" * 101):
        given = {"response": Authenticator().make(await begin_adding(graph)), "name": name}
        assert await refusal(graph, "ada", ADD, **given) == ("BAD_USER_INPUT", "input.name")


async def test_a_person_has_so_many_passkeys(graph: Graph, world: World) -> None:
    some = [bytes([number]) for number in range(passkeys.MAX_PASSKEYS - 1)]
    rows = [tables.Passkey(user_id=world.ada.id, credential_id=one, public_key=one, name="One") for one in some]
    await add(graph.database, *rows)
    made = [Authenticator().make(await begin_adding(graph)) for _ in range(2)]
    codes = await asyncio.gather(*(graph.data("ada", ADD, input={"response": one, "name": "New"}) for one in made))
    assert sorted(len(one["addPasskey"]["errors"]) for one in codes) == [0, 1]


GARBAGE: list[Any] = [
    {},
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}},
    {"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "\0"}},
    {"id": "\ud800"},
    {"id": "AA", "more": "x" * 20_000},
    {"id": 10**100},
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=str)
async def test_what_no_browser_answers_is_refused_at_its_field(graph: Graph, garbage: Any) -> None:
    (error,) = (await sign_in(graph, garbage))["errors"]
    assert (error["code"], error["path"]) == ("BAD_USER_INPUT", ["input", "response"])
    given = {"response": garbage, "name": "Mine"}
    assert await refusal(graph, "ada", ADD, **given) == ("BAD_USER_INPUT", "input.response")


PARTS = ("clientDataJSON", "authenticatorData", "signature", "userHandle")


@pytest.mark.parametrize("part", PARTS)
async def test_an_answer_with_a_broken_part_lets_nobody_in(graph: Graph, device: Authenticator, part: str) -> None:
    for broken in ("", "AAAA", "!", coded(b"[" * 10_000)):
        answer = device.sign(await begin(graph))
        answer["response"][part] = broken
        found = await sign_in(graph, answer)
        assert found["token"] is None
        assert [error["code"] for error in found["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("content", [b"", b"\xa0", b"\x9f" * 5_000, b"\xdb" + b"\xff" * 8, b"\xa1\x63fmt\x64none"])
async def test_a_broken_attestation_adds_nothing(graph: Graph, content: bytes) -> None:
    answer = Authenticator().make(await begin_adding(graph))
    answer["response"]["attestationObject"] = coded(content)
    given = {"response": answer, "name": "Mine"}
    assert await refusal(graph, "ada", ADD, **given) == ("BAD_USER_INPUT", "input.response")


async def test_a_passkey_is_removed_by_its_owner_or_an_administrator(graph: Graph, device: Authenticator) -> None:
    (mine,) = (await graph.data("ada", MINE))["viewer"]["passkeys"]["nodes"]
    assert await refusal(graph, "vera", REMOVE, passkeyId=mine["id"]) == ("NOT_FOUND", "input.passkeyId")
    removed = await done(graph, "ada", REMOVE, passkeyId=mine["id"])
    assert (removed["deletedPasskeyId"], removed["user"]) == (mine["id"], {"passkeys": {"nodes": []}})
    assert await sign_in(graph, device.sign(await begin(graph))) == REFUSED
    assert (await audited(graph))[:2] == ["passkey_added", "passkey_removed"]


async def test_the_only_way_in_stays(graph: Graph, world: World) -> None:
    only = {"passkeyId": world.bens_passkey.public_id}
    for who in ("ben", "root"):
        assert await refusal(graph, who, REMOVE, **only) == ("CONFLICT", "input.passkeyId")
    await done(graph, "ben", ADD, response=Authenticator().make(await begin_adding(graph, "ben")), name="Other")
    other = next(one for one in await listed_passkeys(graph) if one["name"] == "Other")
    both = [graph.data("ben", REMOVE, input={"passkeyId": one}) for one in (only["passkeyId"], other["id"])]
    outcomes = [answer["removePasskey"]["errors"] for answer in await asyncio.gather(*both)]
    assert sorted(map(len, outcomes)) == [0, 1]
    assert len(await listed_passkeys(graph)) == 1


async def listed_passkeys(graph: Graph) -> Any:
    return (await graph.data("ben", MINE))["viewer"]["passkeys"]["nodes"]


async def audited(graph: Graph) -> list[str]:
    """What the audit log has of passkeys and signing in since the world was made, oldest first."""
    told = ("passkey_added", "passkey_removed", "signed_in", "sign_in_failed", "passkey_copied")
    entries = select(tables.AuditLog.action).where(tables.AuditLog.action.in_(told)).order_by(tables.AuditLog.id)
    async with graph.database.work(GUEST) as work:
        return list(await work.scalars(entries))[len(PEOPLE) :]


async def alerts(graph: Graph, user: tables.User) -> list[str]:
    statement = select(tables.Notification.title).where(tables.Notification.user_id == user.id)
    async with graph.database.work(GUEST) as work:
        return list(await work.scalars(statement.order_by(tables.Notification.id)))

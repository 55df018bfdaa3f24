"""Signing in and out: tokens, wrong passwords, and the lock that many of them close."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from argon2 import Parameters, PasswordHasher, Type, extract_parameters
from sqlalchemy import select

from app.auth import authenticate
from db import tables
from db.access import Viewer
from db.actions import accounts
from db.actions.accounts import CHECKING, TURNS, hasher, is_right
from db.errors import Overloaded, Unauthenticated
from graphql_schema.core.context import Context
from graphql_schema.execution import Request
from tests.app.serving import until
from tests.conftest import Graph, Heard
from tests.graphql_schema.asking import add, change, done, error_code, refusal
from tests.world import World
from tests.world.accounts import PASSWORD

SIGN_IN = """
    mutation ($input: SignInInput!) {
      signIn(input: $input) {
        token
        user { name email lastLoginAt sessions(first: 1) { nodes { device } } }
        errors { code message path }
      }
    }
"""
REVOKE = """
    mutation ($input: RevokeSessionInput!) {
      revokeSession(input: $input) { deletedSessionId user { sessions { totalCount } } errors { code path } }
    }
"""
SIGN_OUT = "mutation { signOut { signedOut errors { code } } }"
REFUSED = {
    "token": None,
    "user": None,
    "errors": [{"code": "BAD_USER_INPUT", "message": "E-mail address and password do not match.", "path": []}],
}


async def test_the_right_password_opens_a_session(graph: Graph, world: World) -> None:
    for email in ("ada@example.com", "ADA@Example.COM", "  ada@example.com\n"):
        signed_in = await done(graph, None, SIGN_IN, email=email, password=PASSWORD, device="Phone")
        assert (signed_in["user"]["name"], signed_in["user"]["email"]) == ("Ada", "ada@example.com")
        assert signed_in["user"]["sessions"]["nodes"] == [{"device": "Phone"}]
        assert signed_in["user"]["lastLoginAt"] is not None
        assert (await authenticate(graph.database, signed_in["token"])).id == world.ada.id


async def test_every_sign_in_has_a_token_of_its_own(graph: Graph) -> None:
    signed_in = await asyncio.gather(*(sign_in(graph) for _ in range(3)))
    assert len({payload["token"] for payload in signed_in}) == 3


async def test_the_token_is_not_what_is_stored(graph: Graph) -> None:
    token = (await sign_in(graph))["token"]
    async with graph.database.read() as reading:
        stored = await reading.scalars(select(tables.Session.token_hash))
    assert token.encode() not in set(stored)


async def test_whatever_is_wrong_is_told_alike(graph: Graph) -> None:
    ada, ben = "ada@example.com", "ben@example.com"  # Ben has no password at all.
    wrong = [
        (ada, "guessed"),
        (ada, ""),
        (ada, f"{PASSWORD} "),
        (ben, PASSWORD),
        ("", ""),
        ("%", PASSWORD),
    ]
    for email, password in wrong:
        assert await sign_in(graph, email=email, password=password) == REFUSED


async def test_what_no_password_can_be_is_told_at_its_field_whoever_has_the_address(graph: Graph) -> None:
    for unfit in ("\0", "x" * 1_001):
        known, unknown = [await sign_in(graph, email=email, password=unfit) for email in ("ada@example.com", "nobody")]
        assert known == unknown
        assert [error["path"] for error in known["errors"]] == [["input", "password"]]


async def test_whoever_is_not_active_cannot_sign_in(graph: Graph, world: World) -> None:
    await change(graph.database, world.ada, is_active=False)
    assert await sign_in(graph) == REFUSED


async def test_five_wrong_passwords_lock_the_account_for_the_right_one_too(graph: Graph) -> None:
    for _ in range(5):
        assert await sign_in(graph, password="guessed") == REFUSED
    assert await sign_in(graph) == REFUSED


async def test_four_wrong_passwords_do_not_and_are_forgotten_after_the_right_one(graph: Graph) -> None:
    for _ in range(2):
        for _ in range(4):
            await sign_in(graph, password="guessed")
        assert (await sign_in(graph))["errors"] == []


async def test_five_wrong_passwords_at_the_same_time_lock_the_account(graph: Graph) -> None:
    assert await asyncio.gather(*(sign_in(graph, password="guessed") for _ in range(5))) == [REFUSED] * 5
    assert await sign_in(graph) == REFUSED


async def test_the_lock_opens_after_a_quarter_of_an_hour(graph: Graph, world: World) -> None:
    for _ in range(5):
        await sign_in(graph, password="guessed")
    async with graph.database.read() as reading:
        locked = await reading.get_one(tables.User, world.ada.id)
    assert locked.locked_until is not None
    assert timedelta(minutes=14) < locked.locked_until - datetime.now(UTC) <= timedelta(minutes=15)
    await change(graph.database, world.ada, locked_until=datetime.now(UTC))
    assert (await sign_in(graph))["errors"] == []


async def test_a_lock_does_not_end_sessions_that_are_open(graph: Graph, world: World) -> None:
    for _ in range(5):
        await sign_in(graph, password="guessed")
    assert (await authenticate(graph.database, world.tokens["ada"])).id == world.ada.id


async def test_an_account_is_locked_for_its_owner_alone(graph: Graph, world: World) -> None:
    async with graph.database.work(Viewer()) as work:
        hash_of_ada = await work.scalar(select(tables.Password.hash))
        assert hash_of_ada is not None
        await work.add(tables.Password(user_id=world.ben.id, hash=hash_of_ada))
    for _ in range(5):
        await sign_in(graph, password="guessed")
    assert (await sign_in(graph, email="ben@example.com"))["user"]["name"] == "Ben"


async def test_who_guesses_a_password_locks_nothing_and_keeps_no_connection(graph: Graph, world: World) -> None:
    checked = Event()
    busy = [CHECKING.submit(checked.wait) for _ in range(2)]
    guessing = asyncio.create_task(sign_in(graph, password="guessed"))
    try:
        await until(lambda: CHECKING._work_queue.qsize() == 1)
        assert graph.database.engine.pool.status().endswith("Current Checked out connections: 0")
    finally:
        checked.set()
    assert await guessing == REFUSED
    assert all(one.result() for one in busy)


async def test_every_sign_in_that_fails_costs_one_hash_of_the_same_parameters(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[Parameters] = []

    def noted(password_hash: str, password: str) -> bool:
        costs.append(extract_parameters(password_hash))
        return is_right(password_hash, password)

    monkeypatch.setattr(accounts, "is_right", noted)
    await change(graph.database, world.ines, is_active=False)
    await change(graph.database, world.sam, locked_until=datetime.now(UTC) + timedelta(hours=1))
    for person in (world.ines, world.sam):
        await add(graph.database, tables.Password(user_id=person.id, hash=hasher.hash(PASSWORD)))
    who = ("ada", "ben", "ines", "sam", "nobody")  # known, without a password, inactive, locked, unknown
    for name in who:
        assert await sign_in(graph, email=f"{name}@example.com", password="guessed") == REFUSED
    house = extract_parameters(hasher.hash(PASSWORD))
    assert costs == [house] * len(who)
    assert (house.type, house.memory_cost, house.time_cost, house.parallelism) == (Type.ID, 19 * 1024, 2, 1)


async def test_a_sign_in_that_fails_does_not_wait_for_the_disk(graph: Graph) -> None:
    for password, waits in (("guessed", False), (PASSWORD, True)):
        await sign_in(graph, password=password)
        assert any("set_config" in statement for statement in graph.statements) is not waits


async def test_a_password_that_was_hashed_otherwise_is_hashed_anew_once_it_is_right(graph: Graph, world: World) -> None:
    older = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await add(graph.database, tables.Password(user_id=world.ben.id, hash=older))
    assert await sign_in(graph, email="ben@example.com", password="guessed") == REFUSED
    assert await stored_hash(graph, world.ben) == older
    for _ in range(2):
        assert (await sign_in(graph, email="ben@example.com"))["errors"] == []
    renewed = await stored_hash(graph, world.ben)
    assert not hasher.check_needs_rehash(renewed)
    assert hasher.verify(renewed, PASSWORD)


async def test_many_sign_ins_of_one_payer_do_not_keep_another_waiting(graph: Graph) -> None:
    def asked_by(payer: str) -> Any:
        operation = graph.executor.prepare(Request(SIGN_IN, variables={"input": given("ada@example.com", PASSWORD)}))
        return graph.executor.execute(operation, replace(graph.context(None), payer=payer))

    checked = Event()
    busy = [CHECKING.submit(checked.wait) for _ in range(2)]
    flood = [asyncio.create_task(asked_by("flood")) for _ in range(100)]
    try:
        await until(lambda: sum(task.done() for task in flood) >= 100 - 2 - TURNS.max_waiting)
        other = asyncio.create_task(asked_by("other"))
    finally:
        checked.set()
    assert (await other)["data"]["signIn"]["errors"] == []
    assert sum(not task.done() for task in flood) >= TURNS.max_waiting // 2
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) == 100 - 2 - TURNS.max_waiting
    assert all(one.result() for one in busy)


async def test_fifty_sign_ins_at_once_from_one_address_all_have_their_turn(graph: Graph, patient: None) -> None:
    signed_in = await asyncio.gather(*(sign_in(graph) for _ in range(50)))
    assert len({payload["token"] for payload in signed_in}) == 50


async def test_whoever_signs_in_goes_on_as_themselves_in_the_same_operation(graph: Graph) -> None:
    mutation = """
        mutation ($input: SignInInput!) {
          signIn(input: $input) { user { name } }
          createProject(input: {name: "Globe"}) { project { owner { name } } }
        }
    """
    data = await graph.data(None, mutation, input={"email": "ada@example.com", "password": PASSWORD})
    assert data["createProject"] == {"project": {"owner": {"name": "Ada"}}}


async def test_signing_out_ends_this_session_and_no_other(graph: Graph) -> None:
    phone, tablet = [(await sign_in(graph, device=device))["token"] for device in ("Phone", "Tablet")]
    assert await as_holder_of(graph, phone, SIGN_OUT) == {"data": {"signOut": {"signedOut": True, "errors": []}}}
    with pytest.raises(Unauthenticated):
        await authenticate(graph.database, phone)
    assert await authenticate(graph.database, tablet)


async def test_a_guest_has_nothing_to_sign_out_of(graph: Graph) -> None:
    assert await error_code(graph, None, SIGN_OUT) == "UNAUTHENTICATED"


async def sign_in(
    graph: Graph, *, email: str = "ada@example.com", password: str = PASSWORD, device: str = "Phone"
) -> Any:
    """The payload for these credentials, those of Ada if nothing else is said."""
    return (await graph.data(None, SIGN_IN, input=given(email, password, device)))["signIn"]


def given(email: str, password: str, device: str = "Phone") -> dict[str, str]:
    return {"email": email, "password": password, "device": device}


async def stored_hash(graph: Graph, user: tables.User) -> str:
    async with graph.database.read() as reading:
        found = await reading.scalar(select(tables.Password.hash).where(tables.Password.user_id == user.id))
    assert isinstance(found, str)
    return found


async def as_holder_of(graph: Graph, token: str, query: str) -> Any:
    """The answer to who comes with this token."""
    context = Context(await authenticate(graph.database, token), graph.database, Heard())
    return await graph.executor.execute(graph.executor.prepare(Request(query)), context)


async def test_a_session_is_ended_by_its_owner_or_an_administrator_and_nobody_else(graph: Graph, world: World) -> None:
    for who in ("ada", "root"):
        token = (await sign_in(graph))["token"]
        viewer = await authenticate(graph.database, token)
        assert viewer.session_id
        session = f"ses_{viewer.session_id.hex}"
        assert await refusal(graph, "ben", REVOKE, sessionId=session) == ("NOT_FOUND", "input.sessionId")
        assert (await done(graph, who, REVOKE, sessionId=session))["deletedSessionId"] == session
        with pytest.raises(Unauthenticated):
            await authenticate(graph.database, token)
    assert (await authenticate(graph.database, world.tokens["ada"])).id == world.ada.id

"""Passwords that are set by a link, and changed: whoever was signed in before is out."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from orjson import dumps
from sqlalchemy import select

from app.auth import authenticate
from db import tables
from db.access import Viewer
from db.actions.accounts import SESSIONS_ENDED, hasher
from db.errors import BadInput, Unauthenticated
from db.outbox import OutboxEvent, topic
from graphql_schema.core.context import Context
from graphql_schema.execution import Request
from tests.conftest import Graph, Heard
from tests.graphql_schema.accounts.mails import Post, token_in
from tests.graphql_schema.accounts.test_email_mutations import (
    ASK_FOR_LINK,
    ASK_FOR_RESET,
    CHANGE,
    ERRORS,
    REVOKE_OTHERS,
    SIGN_IN,
    VERIFY,
    alerts,
    change_tokens,
    has_verified,
)
from tests.graphql_schema.accounts.test_mutations import as_holder_of, stored_hash
from tests.graphql_schema.asking import change, done, error_code, refusal, refusals
from tests.world import World
from tests.world.accounts import PASSWORD

RESET = (
    f"mutation ($input: ResetPasswordInput!) {{ resetPassword(input: $input) {{ token user {{ name }} {ERRORS} }} }}"
)
CHANGE_PASSWORD = f"""
    mutation ($input: ChangePasswordInput!) {{ changePassword(input: $input) {{ token user {{ name }} {ERRORS} }} }}
"""
NEW = "another long word"


async def reset(graph: Graph, post: Post, email: str = "ada@example.com") -> Any:
    """The payload of a reset by a link."""
    await done(graph, None, ASK_FOR_RESET, email=email)
    return await done(graph, None, RESET, token=await post.token("reset"), password=NEW, device="Phone")


async def sign_in(graph: Graph, password: str, email: str = "ada@example.com") -> str | None:
    """The token of whoever signs in so, if they are let in."""
    token: str | None = (await graph.data(None, SIGN_IN, input={"email": email, "password": password}))["signIn"][
        "token"
    ]
    return token


async def test_a_password_is_set_by_a_link_and_everybody_else_is_out(graph: Graph, world: World, post: Post) -> None:
    payload = await reset(graph, post)
    assert payload["user"] == {"name": "Ada"}
    assert (await authenticate(graph.database, payload["token"])).id == world.ada.id
    with pytest.raises(Unauthenticated):
        await authenticate(graph.database, world.tokens["ada"])
    assert (await authenticate(graph.database, world.tokens["ben"])).id == world.ben.id
    assert await sign_in(graph, PASSWORD) is None
    assert await sign_in(graph, NEW)
    assert SESSIONS_ENDED in await told(graph, world.ada)


async def test_a_reset_opens_the_account_and_shows_that_the_address_is_the_users(
    graph: Graph, world: World, post: Post
) -> None:
    await change(graph.database, world.ben, email_verified_at=None)  # he has no password, too
    await change(graph.database, world.ben, locked_until=datetime.now(UTC) + timedelta(minutes=10), login_attempts=4)
    await reset(graph, post, "ben@example.com")
    assert await has_verified(graph, "ben@example.com")
    assert await sign_in(graph, NEW, "ben@example.com")


async def test_a_reset_voids_what_else_is_on_its_way(graph: Graph, world: World, post: Post) -> None:
    await done(graph, "ada", CHANGE, email="thief@example.com", currentPassword=PASSWORD)
    [_, thief] = await post.deliver()
    await done(graph, None, ASK_FOR_LINK, email="ada@example.com")
    link = await post.token("link")
    await reset(graph, post)
    assert await refusals(graph, None, VERIFY, token=token_in(thief, "verify")) == [("BAD_USER_INPUT", "input.token")]
    sign_in_with = "mutation ($input: SignInWithLinkInput!) { signInWithLink(input: $input) { errors { code path } } }"
    assert await refusals(graph, None, sign_in_with, token=link) == [("BAD_USER_INPUT", "input.token")]


async def test_a_reset_works_once_also_at_one_moment(graph: Graph, world: World, post: Post) -> None:
    await done(graph, None, ASK_FOR_RESET, email="ada@example.com")
    given = {"token": await post.token("reset"), "password": NEW}
    tried = await asyncio.gather(*(graph.data(None, RESET, input=given) for _ in range(6)))
    assert sum(one["resetPassword"]["token"] is not None for one in tried) == 1
    assert await refusals(graph, None, RESET, **given) == [("BAD_USER_INPUT", "input.token")]


async def test_two_resets_at_one_moment_leave_one_session(graph: Graph, world: World, post: Post) -> None:
    """One by a link, one by the current password: each ends what the other has opened before."""
    await done(graph, None, ASK_FOR_RESET, email="ada@example.com")
    given = {"token": await post.token("reset"), "password": NEW}
    await asyncio.gather(
        graph.data(None, RESET, input=given),
        graph.data("ada", CHANGE_PASSWORD, input={"currentPassword": PASSWORD, "newPassword": NEW}),
    )
    async with graph.database.read() as session:
        mine = select(tables.Session.id).where(tables.Session.user_id == world.ada.id)
        assert len((await session.scalars(mine)).all()) == 1


async def test_a_link_that_is_too_old_or_a_word_that_is_too_short_changes_nothing(
    graph: Graph, world: World, post: Post
) -> None:
    await done(graph, None, ASK_FOR_RESET, email="ada@example.com")
    token = await post.token("reset")
    assert await refusals(graph, None, RESET, token=token, password="short") == [("BAD_USER_INPUT", "input.password")]
    await change_tokens(graph, token, expires_at=datetime.now(UTC))
    before = await stored_hash(graph, world.ada)
    assert await refusals(graph, None, RESET, token=token, password=NEW) == [("BAD_USER_INPUT", "input.token")]
    assert await stored_hash(graph, world.ada) == before


async def test_a_link_that_does_not_hold_costs_no_hash(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.actions.passwords.hasher", None)
    wrong = {"token": "trv_" + "a" * 43, "password": NEW}
    assert await refusals(graph, None, RESET, **wrong) == [("BAD_USER_INPUT", "input.token")]


async def test_whoever_knows_the_password_changes_it_and_goes_on_with_a_new_token(
    graph: Graph, world: World, post: Post
) -> None:
    payload = await done(graph, "ada", CHANGE_PASSWORD, currentPassword=PASSWORD, newPassword=NEW)
    assert (await authenticate(graph.database, payload["token"])).id == world.ada.id
    with pytest.raises(Unauthenticated):
        await authenticate(graph.database, world.tokens["ada"])
    assert hasher.verify(await stored_hash(graph, world.ada), NEW)
    assert await alerts(graph, world.ada) == ["Your password was changed"]
    [mail] = await post.deliver()
    assert (mail.to, mail.subject) == ("ada@example.com", "Your password was changed")
    assert "If it was not you" in mail.text


async def test_the_new_session_has_the_name_of_the_one_in_whose_place_it_is(graph: Graph, world: World) -> None:
    await change(graph.database, world.adas_session, device="Tablet")
    token = (await done(graph, "ada", CHANGE_PASSWORD, currentPassword=PASSWORD, newPassword=NEW))["token"]
    answer = await as_holder_of(graph, token, "{ viewer { sessions { nodes { device } } } }")
    assert dumps(answer["data"]["viewer"]) == b'{"sessions":{"nodes":[{"device":"Tablet"}]}}'


async def test_whoever_has_no_password_sets_one(graph: Graph, world: World) -> None:
    await done(graph, "ben", CHANGE_PASSWORD, newPassword=NEW)
    assert await sign_in(graph, NEW, "ben@example.com")
    assert await refusal(graph, "ben", CHANGE_PASSWORD, newPassword=NEW) == ("BAD_USER_INPUT", "input.currentPassword")


async def test_wrong_current_passwords_count_as_those_of_a_sign_in(graph: Graph, world: World) -> None:
    wrong = {"currentPassword": "guessed", "newPassword": NEW}
    for _ in range(3):
        assert await refusal(graph, "ada", CHANGE_PASSWORD, **wrong) == ("BAD_USER_INPUT", "input.currentPassword")
    for _ in range(2):
        given = {"email": "new@example.com", "currentPassword": "guessed"}
        assert await refusal(graph, "ada", CHANGE, **given) == ("BAD_USER_INPUT", "input.currentPassword")
    assert await sign_in(graph, PASSWORD) is None
    right = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert await refusal(graph, "ada", CHANGE_PASSWORD, **right) == ("BAD_USER_INPUT", "input.currentPassword")
    assert (await authenticate(graph.database, world.tokens["ada"])).id == world.ada.id


async def test_no_guess_is_undone_with_others_nor_a_token_kept_under_a_key(graph: Graph, world: World) -> None:
    given = {"input": {"currentPassword": "guessed", "newPassword": NEW}}
    for query, extensions in (
        (CHANGE_PASSWORD.replace(") {", ") @atomic {", 1), {}),
        (CHANGE_PASSWORD, {"idempotencyKey": "k"}),
    ):
        operation = graph.executor.prepare(Request(query, variables=given, extensions=extensions))
        with pytest.raises(BadInput, match="`changePassword` is done by itself"):
            await graph.executor.execute(operation, graph.context("ada"))


async def test_a_password_that_is_too_short_is_told_at_its_field(graph: Graph) -> None:
    given = {"currentPassword": PASSWORD, "newPassword": "1234567"}
    assert await refusal(graph, "ada", CHANGE_PASSWORD, **given) == ("BAD_USER_INPUT", "input.newPassword")


@pytest.mark.parametrize("query", [CHANGE_PASSWORD, CHANGE, REVOKE_OTHERS])
async def test_a_guest_changes_nothing_of_anybody(graph: Graph, query: str) -> None:
    given = {"newPassword": NEW} if query == CHANGE_PASSWORD else {"email": "new@example.com"}
    variables = {} if query == REVOKE_OTHERS else {"input": given}
    assert await error_code(graph, None, query, **variables) == "UNAUTHENTICATED"


@pytest.mark.parametrize("query", [CHANGE_PASSWORD, CHANGE, REVOKE_OTHERS])
async def test_a_credential_without_the_scope_changes_nothing(graph: Graph, world: World, query: str) -> None:
    given = {"newPassword": NEW} if query == CHANGE_PASSWORD else {"email": "new@example.com"}
    variables = {} if query == REVOKE_OTHERS else {"input": given}
    viewer: Viewer = replace(world.viewer("ada"), session_id=None, scopes=frozenset({"specs:write"}))
    operation = graph.executor.prepare(Request(query, variables=variables))
    answer = await graph.executor.execute(operation, Context(viewer, graph.database, Heard()))
    ((payload,),) = [answer["data"].values()]
    assert [error["code"] for error in payload["errors"]] == ["FORBIDDEN"]


async def told(graph: Graph, user: tables.User) -> list[str]:
    """The kinds of the events of a user."""
    async with graph.database.read() as session:
        kinds = select(OutboxEvent.kind).where(OutboxEvent.topic == topic("user", user.id))
        return list(await session.scalars(kinds))

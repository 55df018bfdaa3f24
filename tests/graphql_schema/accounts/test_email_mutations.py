"""Registering, verifying an address, changing it, and signing in by a link."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.auth import authenticate
from db import tables
from db.access import GUEST
from db.actions.accounts import TURNS, check_verified
from db.errors import Forbidden, Unauthenticated
from db.tables import UserRole
from db.tokens import token_hash
from tests.conftest import Graph
from tests.graphql_schema.accounts.mails import Post, token_in
from tests.graphql_schema.asking import change, done, error_code, refusal, refusals
from tests.world import World
from tests.world.accounts import PASSWORD

ERRORS = "errors { code message path }"
REGISTER = f"""
    mutation ($input: RegisterInput!) {{
      register(input: $input) {{ token user {{ id name email username role plan emailVerifiedAt }} {ERRORS} }}
    }}
"""
VERIFY = f"""
    mutation ($input: LinkInput!) {{ verifyEmail(input: $input) {{ user {{ email emailVerifiedAt }} {ERRORS} }} }}
"""
ASK_TO_VERIFY = f"mutation {{ requestEmailVerification {{ sent {ERRORS} }} }}"
CHANGE = f"mutation ($input: ChangeEmailInput!) {{ changeEmail(input: $input) {{ sent {ERRORS} }} }}"
ASK_FOR_LINK = f"mutation ($input: EmailInput!) {{ requestSignInLink(input: $input) {{ sent {ERRORS} }} }}"
ASK_FOR_RESET = f"mutation ($input: EmailInput!) {{ requestPasswordReset(input: $input) {{ sent {ERRORS} }} }}"
SIGN_IN_WITH_LINK = f"""
    mutation ($input: SignInWithLinkInput!) {{
      signInWithLink(input: $input) {{ token user {{ name emailVerifiedAt lastLoginAt }} {ERRORS} }}
    }}
"""
SIGN_IN = f"mutation ($input: SignInInput!) {{ signIn(input: $input) {{ token {ERRORS} }} }}"
REVOKE_OTHERS = f"""
    mutation {{ revokeOtherSessions {{ revokedCount user {{ sessions {{ totalCount }} }} {ERRORS} }} }}
"""
GRACE = {"email": "Grace@Example.com", "password": "a long word", "name": " Grace "}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ASKING = {"link": ASK_FOR_LINK, "reset": ASK_FOR_RESET}


# --- registering ---


async def test_whoever_registers_is_a_student_who_is_signed_in_and_gets_a_mail(graph: Graph, post: Post) -> None:
    payload = await done(graph, None, REGISTER, **GRACE, username="Grace")
    told = {name: value for name, value in payload["user"].items() if name != "id"}
    assert told == {
        "name": "Grace",
        "email": "grace@example.com",
        "username": "Grace",
        "role": UserRole.STUDENT,
        "plan": "BASIC",
        "emailVerifiedAt": None,
    }
    viewer = await authenticate(graph.database, payload["token"])
    assert f"usr_{viewer.id.hex}" == payload["user"]["id"] if viewer.id else False
    [mail] = await post.deliver()
    assert mail.to == "grace@example.com"
    verified = await done(graph, None, VERIFY, token=token_in(mail, "verify"))
    assert verified["user"] is None  # a guest sees nobody
    assert await has_verified(graph, "grace@example.com")
    assert (await done(graph, None, SIGN_IN, email="GRACE@example.com", password=GRACE["password"]))["token"]


async def test_an_address_and_a_username_are_taken_whatever_the_case_of_letters(graph: Graph) -> None:
    await done(graph, None, REGISTER, **GRACE, username="grace")
    taken = GRACE | {"email": "GRACE@EXAMPLE.COM"}
    assert await refusals(graph, None, REGISTER, **taken) == [("CONFLICT", "input.email")]
    other = GRACE | {"email": "other@example.com", "username": "GRACE"}
    assert await refusals(graph, None, REGISTER, **other) == [("CONFLICT", "input.username")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"),
        ("email", "two@example.com, other@example.com"),
        ("email", "a b@example.com"),
        ("email", "line@example.com\nBcc: other@example.com"),
        ("email", "<x@example.com>"),
        ("email", f"{'a' * 65}@example.com"),
        ("email", f"a@{'b.' * 130}com"),
        ("email", "a@-b.com"),
        ("password", "1234567"),
        ("password", "x" * 1_001),
        ("name", " "),
        ("name", "x" * 201),
    ],
)
async def test_what_does_not_fit_is_told_at_its_field_and_nobody_is_registered(
    graph: Graph, field: str, value: str
) -> None:
    assert await refusals(graph, None, REGISTER, **GRACE | {field: value}) == [("BAD_USER_INPUT", f"input.{field}")]
    assert not await counted(graph, select(tables.User).where(tables.User.name == "Grace"))


@pytest.mark.parametrize("password", ["12345678", "x" * 1_000, "ä" * 8, "correct horse battery staple"])
async def test_a_password_may_be_anything_that_is_long_enough(graph: Graph, password: str) -> None:
    await done(graph, None, REGISTER, **GRACE | {"password": password})
    assert (await done(graph, None, SIGN_IN, email="grace@example.com", password=password))["token"]


async def test_fifty_registrations_of_one_address_make_one_user_and_nothing_else(graph: Graph) -> None:
    before = await everything(graph)

    async def one(number: int) -> Any:
        email = "".join(one.upper() if number >> at & 1 else one for at, one in enumerate("grace@example.com"))
        return (await graph.data(None, REGISTER, input=GRACE | {"email": email}))["register"]

    payloads = await asyncio.gather(*(one(number) for number in range(50)))
    codes = Counter(tuple((error["code"], *error["path"]) for error in payload["errors"]) for payload in payloads)
    assert codes == {(): 1, (("CONFLICT", "input", "email"),): 49}
    assert sum(payload["token"] is not None for payload in payloads) == 1
    after = await everything(graph)
    assert {name: after[name] - before[name] for name in before} == dict.fromkeys(before, 1)
    assert TURNS.waiting == 0


async def test_registrations_past_the_first_look_are_refused_by_the_database(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in several processes, which do not wait for each other."""
    monkeypatch.setattr("db.actions.registration._registering", Unkept())
    before = await everything(graph)
    made = await asyncio.gather(*(graph.data(None, REGISTER, input=GRACE) for _ in range(8)))
    paths = Counter(tuple(error["path"]) for one in made for error in one["register"]["errors"][:1])
    assert paths == {("input", "email"): 7}
    after = await everything(graph)
    assert {name: after[name] - before[name] for name in before} == dict.fromkeys(before, 1)


async def test_only_whoever_has_shown_their_address_creates_things(graph: Graph, post: Post) -> None:
    token = (await done(graph, None, REGISTER, **GRACE))["token"]
    viewer = await authenticate(graph.database, token)
    async with graph.database.work(viewer) as work:
        with pytest.raises(Forbidden, match="Verify"):
            await check_verified(work)
    await done(graph, None, VERIFY, token=await post.token("verify"))
    async with graph.database.work(viewer) as work:
        await check_verified(work)


# --- verifying ---


async def test_somebody_who_is_signed_in_asks_for_another_mail(graph: Graph, world: World, post: Post) -> None:
    assert (await done(graph, "ben", ASK_TO_VERIFY))["sent"] is False
    assert await post.deliver() == []
    await change(graph.database, world.ben, email_verified_at=None)
    assert (await done(graph, "ben", ASK_TO_VERIFY))["sent"] is True
    verified = await done(graph, "ben", VERIFY, token=await post.token("verify"))
    assert verified["user"]["emailVerifiedAt"] is not None
    assert await error_code(graph, None, ASK_TO_VERIFY) == "UNAUTHENTICATED"


async def test_a_link_works_once_also_at_one_moment(graph: Graph, world: World, post: Post) -> None:
    await change(graph.database, world.ben, email_verified_at=None)
    await done(graph, "ben", ASK_TO_VERIFY)
    token = await post.token("verify")
    tried = await asyncio.gather(*(graph.data(None, VERIFY, input={"token": token}) for _ in range(8)))
    assert sorted(len(one["verifyEmail"]["errors"]) for one in tried) == [0, *[1] * 7]
    await done(graph, None, ASK_FOR_LINK, email="ben@example.com")
    link = await post.token("link")
    tried = await asyncio.gather(*(graph.data(None, SIGN_IN_WITH_LINK, input={"token": link}) for _ in range(8)))
    assert sum(one["signInWithLink"]["token"] is not None for one in tried) == 1


async def test_a_link_is_for_nothing_else(graph: Graph, world: World, post: Post) -> None:
    await done(graph, None, ASK_FOR_LINK, email="ben@example.com")
    token = await post.token("link")
    assert await refusals(graph, None, VERIFY, token=token) == [("BAD_USER_INPUT", "input.token")]
    assert (await done(graph, None, SIGN_IN_WITH_LINK, token=token))["token"]


# --- changing the address ---


async def test_an_address_changes_when_the_new_one_is_verified_and_the_old_one_is_told_before(
    graph: Graph, world: World, post: Post
) -> None:
    assert (await done(graph, "ada", CHANGE, email="Lovelace@example.com", currentPassword=PASSWORD))["sent"]
    told, mail = await post.deliver()
    assert (told.to, mail.to) == ("ada@example.com", "lovelace@example.com")
    assert "trv_" not in told.text
    assert "change your password" in told.text
    assert (await done(graph, None, SIGN_IN, email="ada@example.com", password=PASSWORD))["token"]
    await done(graph, None, VERIFY, token=token_in(mail, "verify"))
    assert await refusals(graph, None, SIGN_IN, email="ada@example.com", password=PASSWORD)
    assert (await done(graph, None, SIGN_IN, email="lovelace@example.com", password=PASSWORD))["token"]
    assert (await alerts(graph, world.ada))[:2] == [
        "Your e-mail address is about to change",
        "Your e-mail address was changed",
    ]


async def test_whoever_changes_an_address_shows_the_password_if_there_is_one(graph: Graph, world: World) -> None:
    for wrong in (None, "", "guessed"):
        given = {"email": "new@example.com", "currentPassword": wrong}
        assert await refusal(graph, "ada", CHANGE, **given) == ("BAD_USER_INPUT", "input.currentPassword")
    assert (await done(graph, "ben", CHANGE, email="new@example.com"))["sent"]  # Ben has none
    for unfit in ("BEN@example.com", "nobody"):
        assert await refusal(graph, "ben", CHANGE, email=unfit) == ("BAD_USER_INPUT", "input.email")


async def test_whether_somebody_has_an_address_is_not_told_to_one_who_would_change_to_it(
    graph: Graph, world: World, post: Post
) -> None:
    free, taken = [await done(graph, "ben", CHANGE, email=f"{name}@example.com") for name in ("free", "VERA")]
    assert free == taken
    mails = await post.deliver()
    assert [mail.to for mail in mails] == [
        "ben@example.com",
        "free@example.com",
        "ben@example.com",
        "vera@example.com",
    ]
    assert "trv_" not in mails[-1].text
    free_token = token_in(mails[1], "verify")
    assert await refusals(graph, None, VERIFY, token=free_token) == [("BAD_USER_INPUT", "input.token")]  # it is older


async def test_an_address_that_somebody_took_meanwhile_is_a_conflict(graph: Graph, world: World, post: Post) -> None:
    await done(graph, "ben", CHANGE, email="grace@example.com")
    [_, mail] = await post.deliver()
    await done(graph, None, REGISTER, **GRACE)
    assert await refusals(graph, None, VERIFY, token=token_in(mail, "verify")) == [("CONFLICT", "")]


# --- other sessions ---


async def test_all_sessions_end_but_the_one_that_asks(graph: Graph, world: World) -> None:
    tokens = [(await done(graph, None, SIGN_IN, email="ada@example.com", password=PASSWORD))["token"] for _ in range(3)]
    payload = await done(graph, "ada", REVOKE_OTHERS)
    assert payload == {"revokedCount": 3, "user": {"sessions": {"totalCount": 1}}, "errors": []}
    for token in tokens:
        with pytest.raises(Unauthenticated):
            await authenticate(graph.database, token)
    for who in ("ada", "ben"):
        assert (await authenticate(graph.database, world.tokens[who])).id == world.rows[who].id


async def has_verified(graph: Graph, email: str) -> bool:
    return bool(await counted(graph, verified(email)))


def verified(email: str) -> Any:
    return select(tables.User).where(tables.User.email == email, tables.User.email_verified_at.is_not(None))


async def counted(graph: Graph, statement: Any) -> int:
    async with graph.database.read() as session:
        return await session.scalar(select(func.count()).select_from(statement.subquery())) or 0


async def everything(graph: Graph) -> dict[str, int]:
    """The number of rows of what registering writes."""
    some = (tables.User, tables.Password, tables.VerificationToken, tables.Session)
    return {table.__tablename__: await counted(graph, select(table.id)) for table in some}


async def alerts(graph: Graph, user: Any = None) -> list[str]:
    """The titles of the alerts that a user got, or all did."""
    row = tables.Notification
    mine = row.type == tables.NotificationType.SECURITY_ALERT
    async with graph.database.read() as session:
        found = select(row.title).where(mine, row.user_id == user.id if user else mine).order_by(row.id)
        return list(await session.scalars(found))


async def change_tokens(graph: Graph, token: str, **values: Any) -> None:
    row = tables.VerificationToken
    async with graph.database.work(GUEST) as work:
        await work.execute(update(row).where(row.token_hash == token_hash(token)).values(**values))


class Unkept(dict[str, asyncio.Lock]):
    """Locks that nobody waits for."""

    def setdefault(self, _key: str, default: Any = None) -> Any:
        return default

"""Links in mails: asked for without learning anything, held back where they are too many, and followed once."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, text, update

from app.auth import authenticate
from db import tables
from db.access import GUEST
from db.actions.links import MAX_OF_ADDRESS, MAX_OF_PAYER
from db.actions.verification import WORTHLESS
from db.actions.verification import ask as ask_for
from db.errors import Unauthenticated
from db.outbox import OutboxEvent
from db.tables import VerificationPurpose
from tests.conftest import Graph
from tests.graphql_schema.accounts.mails import Post, token_in
from tests.graphql_schema.accounts.test_email_mutations import (
    ASK_FOR_LINK,
    ASK_FOR_RESET,
    ASKING,
    GRACE,
    REGISTER,
    SIGN_IN,
    SIGN_IN_WITH_LINK,
    alerts,
    change_tokens,
    everything,
)
from tests.graphql_schema.asking import change, done, refusals
from tests.world import World
from tests.world.accounts import PASSWORD

# --- asking for a link ---


@pytest.mark.parametrize("asking", ASKING.values(), ids=ASKING)
async def test_whoever_asks_does_not_learn_whether_somebody_has_the_address(
    graph: Graph, world: World, asking: str
) -> None:
    """The answers are the same, the statements too, and what is written: there is nothing that could take its time."""
    await change(graph.database, world.rob, is_active=False)
    seen = []
    for email in ("ada@example.com", "ADA@example.com ", "rob@example.com", "nobody@example.com"):
        answer = await graph(None, asking, input={"email": email})
        answer.pop("extensions", None)
        shape = [re.sub(r"\s+", " ", one) for one in graph.statements]
        seen.append((answer, shape, await everything(graph)))
    answers, statements, rows = zip(*seen, strict=True)
    assert all(one == answers[0] and len(statements[0]) > 1 for one in answers)
    assert all(one == statements[0] for one in statements)
    added = [{name: after[name] - before[name] for name in before} for before, after in pairwise(rows)]
    assert all(one == added[0] and sum(one.values()) == 1 for one in added)


@pytest.mark.parametrize("asking", ASKING.values(), ids=ASKING)
async def test_nobody_gets_a_mail_without_an_active_account(
    graph: Graph, world: World, post: Post, asking: str
) -> None:
    await change(graph.database, world.rob, is_active=False)
    for email in ("nobody@example.com", "rob@example.com"):
        await done(graph, None, asking, email=email)
    assert await post.deliver() == []
    await done(graph, None, asking, email=" ADA@example.com")
    assert [mail.to for mail in await post.deliver()] == ["ada@example.com"]
    assert await refusals(graph, None, asking, email="no address") == [("BAD_USER_INPUT", "input.email")]


async def test_a_newer_link_voids_the_older_ones_of_its_purpose(graph: Graph, post: Post) -> None:
    tokens = []
    for name in ("link", "reset", "link"):
        await done(graph, None, ASKING[name], email="ada@example.com")
        tokens.append(await post.token(name))
    assert await refusals(graph, None, SIGN_IN_WITH_LINK, token=tokens[0]) == [("BAD_USER_INPUT", "input.token")]
    assert (await done(graph, None, SIGN_IN_WITH_LINK, token=tokens[2]))["token"]


async def test_jobs_that_run_in_another_order_leave_the_newest_link(graph: Graph, post: Post) -> None:
    for _ in range(2):
        await done(graph, None, ASK_FOR_LINK, email="ada@example.com")
    async with graph.database.read() as session:
        older, newer = await session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))
    await post.run(newer)
    await post.run(older)
    [mail] = post.sent
    assert (await done(graph, None, SIGN_IN_WITH_LINK, token=token_in(mail, "link")))["token"]


async def test_a_job_that_begins_again_sends_the_same_link_again(graph: Graph, post: Post) -> None:
    await done(graph, None, ASK_FOR_LINK, email="ada@example.com")
    [mail] = await post.deliver()
    post.delivered.clear()
    assert await post.deliver() == [mail]
    await done(graph, None, SIGN_IN_WITH_LINK, token=token_in(mail, "link"))
    post.delivered.clear()
    assert await post.deliver() == []  # it was used


async def test_an_address_gets_few_mails_an_hour_however_many_ask(graph: Graph, world: World, post: Post) -> None:
    for _ in range(MAX_OF_ADDRESS + 2):
        await done(graph, None, ASK_FOR_LINK, email="vera@example.com")
        await post.deliver()
    assert len(post.sent) == MAX_OF_ADDRESS
    assert (await done(graph, None, SIGN_IN_WITH_LINK, token=token_in(post.sent[-1], "link")))["token"]
    await done(graph, None, ASK_FOR_RESET, email="vera@example.com")
    assert await post.deliver() == []
    await done(graph, None, ASK_FOR_LINK, email="ben@example.com")
    assert len(await post.deliver()) == 1
    await age(graph, timedelta(hours=1))
    await done(graph, None, ASK_FOR_RESET, email="vera@example.com")
    assert len(await post.deliver()) == 1


async def test_of_many_who_ask_at_one_moment_few_mails_come(graph: Graph, post: Post) -> None:
    await asyncio.gather(*(done(graph, None, ASK_FOR_LINK, email="ada@example.com") for _ in range(30)))
    assert 0 < len(await post.deliver()) <= MAX_OF_ADDRESS
    assert (await done(graph, None, SIGN_IN_WITH_LINK, token=token_in(post.sent[-1], "link")))["token"]


async def test_one_payer_has_few_mails_sent_an_hour(graph: Graph, world: World, post: Post) -> None:
    async def ask(payer: str) -> None:
        async with graph.database.work(GUEST) as work:
            work.payer = payer
            await ask_for(work, VerificationPurpose.MAGIC_LINK, "vera@example.com")

    await ask("flood")
    row = tables.VerificationToken
    async with graph.database.work(GUEST) as work:
        asked = (await work.scalars(select(row).where(row.identifier == "vera@example.com"))).one()
        common = {"purpose": asked.purpose, "payer_hash": asked.payer_hash, "expires_at": asked.expires_at}
        for number in range(MAX_OF_PAYER - 1):
            await work.add(row(identifier=f"{number}@example.com", token_hash=f"{number}".encode(), **common))
    assert asked.payer_hash is not None
    assert b"flood" not in asked.payer_hash
    assert len(await post.deliver()) == 1
    await ask("flood")
    assert await post.deliver() == []
    await ask("other")
    assert len(await post.deliver()) == 1


# --- signing in by a link ---


async def test_whoever_opens_the_link_is_signed_in(graph: Graph, world: World, post: Post) -> None:
    await done(graph, None, ASK_FOR_LINK, email="ben@example.com")
    payload = await done(graph, None, SIGN_IN_WITH_LINK, token=await post.token("link"), device="Phone")
    assert payload["user"]["lastLoginAt"] is not None
    assert (await authenticate(graph.database, payload["token"])).id == world.ben.id
    assert (await authenticate(graph.database, world.tokens["ben"])).id == world.ben.id


async def test_whatever_is_wrong_with_a_link_is_told_alike(graph: Graph, world: World, post: Post) -> None:
    tokens = ["", "trv_", "trs_" + "a" * 43, "trv_" + "a" * 43, "trv_" + "ä" * 43]
    for _ in range(3):
        await done(graph, None, ASK_FOR_LINK, email="ada@example.com")
        tokens.append(await post.token("link"))  # the first two are void by then
    await change_tokens(graph, tokens[-1], expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await done(graph, None, ASK_FOR_LINK, email="ben@example.com")
    tokens.append(await post.token("link"))
    await change(graph.database, world.ben, is_active=False)
    await done(graph, None, ASK_FOR_LINK, email="vera@example.com")
    tokens.append(await post.token("link"))
    await change(graph.database, world.vera, email="another@example.com")
    for token in tokens:
        payload = (await graph.data(None, SIGN_IN_WITH_LINK, input={"token": token}))["signInWithLink"]
        told = [{"code": "BAD_USER_INPUT", "message": WORTHLESS, "path": ["input", "token"]}]
        assert payload == {"token": None, "user": None, "errors": told}


async def test_what_has_not_the_form_of_a_token_costs_no_statement(graph: Graph) -> None:
    await graph.data(None, SIGN_IN_WITH_LINK, input={"token": "trv_" + "a" * 42 + "!"})
    assert graph.statements == []


async def test_a_lock_keeps_guesses_out_and_not_the_owner_with_a_link(graph: Graph, world: World, post: Post) -> None:
    for _ in range(5):
        await graph.data(None, SIGN_IN, input={"email": "ada@example.com", "password": "guessed"})
    await done(graph, None, ASK_FOR_LINK, email="ada@example.com")
    assert (await done(graph, None, SIGN_IN_WITH_LINK, token=await post.token("link")))["token"]
    assert await refusals(graph, None, SIGN_IN, email="ada@example.com", password=PASSWORD)


async def test_whoever_registered_with_the_address_of_another_is_out_once_that_one_comes(
    graph: Graph, post: Post
) -> None:
    theirs = (await done(graph, None, REGISTER, **GRACE))["token"]
    await post.deliver()
    await done(graph, None, ASK_FOR_LINK, email="grace@example.com")
    payload = await done(graph, None, SIGN_IN_WITH_LINK, token=await post.token("link"))
    assert payload["user"]["emailVerifiedAt"] is not None
    assert await authenticate(graph.database, payload["token"])
    with pytest.raises(Unauthenticated):
        await authenticate(graph.database, theirs)
    assert await refusals(graph, None, SIGN_IN, email=GRACE["email"], password=GRACE["password"])


async def test_a_new_device_is_told_of_and_a_known_one_is_not(graph: Graph, world: World) -> None:
    given = {"email": "ada@example.com", "password": PASSWORD}
    for device in ("Phone", "Phone", None):
        await done(graph, None, SIGN_IN, **given, device=device)
    assert await alerts(graph, world.ada) == ["You signed in on a new device"]
    await done(graph, None, REGISTER, **GRACE, device="Phone")
    assert len(await alerts(graph)) == 1 + 1  # Vera had one in the world


# --- nothing of a secret stays ---


async def test_no_token_is_kept_anywhere(graph: Graph, world: World, post: Post, database_url: str) -> None:
    await done(graph, None, REGISTER, **GRACE)
    for asking in ASKING.values():
        await done(graph, None, asking, email="ada@example.com")
    mails = await post.deliver()
    tokens = [re.findall("trv_[^ \n]+", mail.text)[0] for mail in mails]
    assert len(tokens) == 3
    dumped = await everything_written(graph)
    assert "grace@example.com" in dumped
    assert [token for token in tokens if token in dumped or token[4:] in dumped] == []


async def everything_written(graph: Graph) -> str:
    """All rows of all tables, as text."""
    async with graph.database.read() as session:
        names = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'queue')"
        found = []
        for name in (await session.scalars(text(names))).all():
            rows = await session.scalars(text(f"SELECT to_jsonb(one)::text FROM {name} AS one"))  # noqa: S608  (a table)
            found += rows.all()
    return "\n".join(found)


async def age(graph: Graph, by: timedelta) -> None:
    """Let all requests be older."""
    row = tables.VerificationToken
    async with graph.database.work(GUEST) as work:
        await work.execute(update(row).values(created_at=row.created_at - by))

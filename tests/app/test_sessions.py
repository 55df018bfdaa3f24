"""The commands with which operators look after sessions: what they end is gone from running servers at once."""

import asyncio
import re

import pytest
from sqlalchemy import select

from app.auth import REFUSED, authenticate, issue_token
from db import tables
from db.engine import Database
from db.errors import Unauthenticated
from tests.app.conftest import Run
from tests.app.serving import serving
from tests.app.sockets.test_endpoint import bearer
from tests.app.test_watch import SELDOM, heeded
from tests.world import World

ADA = "ada@example.com"
ID = re.compile(r"ses_[0-9a-f]{32}")


async def noted(database: Database) -> list[str]:
    """What the audit log has of sessions and users, in its order."""
    log = tables.AuditLog
    of_people = log.resource.in_(("sessions", "users")), log.actor_id.is_(None)
    async with database.read() as reading:
        return list(await reading.scalars(select(log.action).where(*of_people).order_by(log.sequence)))


async def test_an_operator_sees_where_somebody_is_signed_in(
    run: Run, world: World, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    token = await issue_token(database_url, ADA)
    await asyncio.to_thread(run, "sessions", "list", "ADA@example.com")
    printed = capsys.readouterr().out
    assert len(ID.findall(printed)) == 2
    assert "Issued by an operator" in printed
    assert token not in printed


async def test_an_operator_ends_one_session_and_no_other(
    run: Run, world: World, database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    token = await issue_token(database_url, ADA)
    session = (await authenticate(database, token)).session_id
    assert session
    await asyncio.to_thread(run, "sessions", "end", ADA, f"ses_{session.hex}")
    assert capsys.readouterr().out == f"Session ses_{session.hex}: ended.\n"
    with pytest.raises(Unauthenticated):
        await authenticate(database, token)
    assert (await authenticate(database, world.tokens["ada"])).id == world.ada.id
    assert (await noted(database))[-1] == "session_ended"


async def test_sessions_of_others_are_not_ended_by_mistake(run: Run, world: World, database: Database) -> None:
    session = (await authenticate(database, world.tokens["ben"])).session_id
    assert session
    for given in (f"ses_{session.hex}", "ses_1", world.ada.public_id):
        with pytest.raises(SystemExit, match=f"The user has no session {given}"):
            await asyncio.to_thread(run, "sessions", "end", ADA, given)
    for name in ("ada", "ben"):
        assert await authenticate(database, world.tokens[name])


async def test_who_is_signed_out_everywhere_loses_all_sockets_at_once(
    run: Run, world: World, database_url: str, redis_url: str
) -> None:
    async with (
        serving(database_url, redis_url, credential_interval=SELDOM) as served,
        served.talk(authorization=bearer(world.tokens["ada"])) as first,
        served.talk(authorization=bearer(await issue_token(database_url, ADA))) as second,
    ):
        await heeded(served, world.ada)
        await asyncio.to_thread(run, "sessions", "end", ADA)
        for talk in (first, second):
            assert await talk.closed() == (4403, REFUSED)


async def test_who_is_deactivated_is_signed_out_and_not_let_in_until_that_is_taken_back(
    run: Run, world: World, database: Database, database_url: str, redis_url: str
) -> None:
    async with (
        serving(database_url, redis_url, credential_interval=SELDOM) as served,
        served.talk(authorization=bearer(world.tokens["ada"])) as talk,
    ):
        await heeded(served, world.ada)
        await asyncio.to_thread(run, "sessions", "deactivate", ADA)
        assert await talk.closed() == (4403, REFUSED)
    with pytest.raises(SystemExit, match="no active user"):
        await asyncio.to_thread(run, "token", ADA)
    await asyncio.to_thread(run, "sessions", "activate", ADA)
    assert (await authenticate(database, await issue_token(database_url, ADA))).id == world.ada.id
    assert [one for one in await noted(database) if one != "token_issued"][-3:] == [
        "user_deactivated",
        "session_ended",
        "user_activated",
    ]


def test_somebody_unknown_is_said(run: Run) -> None:
    for command in ("list", "end", "deactivate", "activate"):
        with pytest.raises(SystemExit, match=r"There is no user with the address nobody@example\.com\."):
            run("sessions", command, "nobody@example.com")

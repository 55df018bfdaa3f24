"""Administrators look after people, and one of them stays, however they hurry."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.auth import authenticate
from db import tables
from db.access import GUEST
from db.errors import Unauthenticated
from db.outbox import Event, topic
from db.tables import UserRole
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import UNKNOWN, change, done, refusal
from tests.world import World

VERBS = {
    verb: f"mutation ($input: {input}!) {{ {verb}(input: $input) {{ user {{ role isActive lockedUntil }} "
    "errors { code path } } }"
    for verb, input in {
        "setUserRole": "SetUserRoleInput",
        "deactivateUser": "PersonInput",
        "reactivateUser": "PersonInput",
        "unlockUser": "PersonInput",
    }.items()
}
ROLE, DEACTIVATE, REACTIVATE, UNLOCK = VERBS.values()
TOLD = "{ viewer { notifications { nodes { type title message data } } } }"


@pytest.fixture
async def pair(graph: Graph, world: World) -> Graph:
    """Asks as Root and as Ada, who is an administrator, too."""
    await change(graph.database, world.ada, role=UserRole.ADMIN)
    ada = tables.User(id=world.ada.id, role=UserRole.ADMIN)
    return Graph(graph.database, World({**world.rows, "ada": ada}, world.tokens))


def given(verb: str, user_id: str) -> dict[str, str]:
    return {"userId": user_id} | ({"role": "MODERATOR"} if verb == "setUserRole" else {})


@pytest.mark.parametrize("verb", VERBS)
async def test_only_administrators_may_and_nobody_else_is_told_whom_there_is(
    graph: Graph, world: World, verb: str
) -> None:
    for who in ("ada", "ines"):
        for user_id in (world.ben.public_id, world.olga.public_id, getattr(world, who).public_id, f"usr_{UNKNOWN}"):
            assert await refusal(graph, who, VERBS[verb], **given(verb, user_id)) == ("FORBIDDEN", "")
            assert not any("FROM users" in statement for statement in graph.statements)
    missing = await refusal(graph, "root", VERBS[verb], **given(verb, f"usr_{UNKNOWN}"))
    assert missing == ("NOT_FOUND", "input.userId")


async def test_a_role_is_given_told_and_audited(graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = list[Event]()

    async def hear(event: Event) -> None:
        heard.append(event)

    monkeypatch.setattr(graph.database, "publish", hear)
    changed = await done(graph, "root", ROLE, userId=world.ben.public_id, role="INSTRUCTOR")
    assert changed["user"]["role"] == "INSTRUCTOR"
    of_ben = [event.kind for event in heard if event.topic == topic("user", world.ben.id)]
    assert of_ben == ["ROLE_CHANGED", "NOTIFICATION_ADDED"]
    assert (await graph.data("ben", TOLD))["viewer"]["notifications"]["nodes"][0] == {
        "type": "SECURITY_ALERT",
        "title": "You have another role",
        "message": "Your role on the platform: instructor.",
        "data": {},
    }
    entry = await latest(graph, "role_changed")
    assert (entry.actor_id, entry.resource_id) == (world.root.id, world.ben.id)
    assert (entry.before, entry.after) == ({"role": "DEVELOPER"}, {"role": "INSTRUCTOR"})


async def test_who_is_deactivated_has_no_session_and_comes_back_when_they_are_reactivated(
    graph: Graph, world: World
) -> None:
    assert (await done(graph, "root", DEACTIVATE, userId=world.ben.public_id))["user"]["isActive"] is False
    with pytest.raises(Unauthenticated):
        await authenticate(graph.database, world.tokens["ben"])
    assert await sessions_of(graph, world.ben) == 0
    entry = await latest(graph, "user_deactivated")
    assert (entry.before, entry.after) == ({"is_active": True}, {"is_active": False})
    assert (await done(graph, "root", REACTIVATE, userId=world.ben.public_id))["user"]["isActive"] is True
    assert (await latest(graph, "user_activated")).resource_id == world.ben.id
    assert await sessions_of(graph, world.ben) == 0


async def test_a_lock_is_lifted(graph: Graph, world: World) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=10)
    await change(graph.database, world.ben, locked_until=soon, login_attempts=3)
    assert (await done(graph, "root", UNLOCK, userId=world.ben.public_id))["user"]["lockedUntil"] is None
    assert (await latest(graph, "user_unlocked")).details["fields"] == ["locked_until", "login_attempts"]
    async with graph.database.read() as reading:
        assert (await reading.get_one(tables.User, world.ben.id)).login_attempts == 0


async def test_what_is_so_already_is_neither_told_nor_audited(graph: Graph, world: World) -> None:
    before = await entries(graph)
    ben = world.ben.public_id
    assert (await done(graph, "root", ROLE, userId=ben, role="DEVELOPER"))["user"]["role"] == "DEVELOPER"
    assert (await done(graph, "root", REACTIVATE, userId=ben))["user"]["isActive"]
    assert (await done(graph, "root", UNLOCK, userId=ben))["user"]["lockedUntil"] is None
    assert await entries(graph) == before
    assert len((await graph.data("ben", TOLD))["viewer"]["notifications"]["nodes"]) == 2


# --- one administrator stays ---


async def test_the_last_administrator_keeps_the_role_and_stays_active(graph: Graph, world: World) -> None:
    root = world.root.public_id
    assert await refusal(graph, "root", ROLE, userId=root, role="STUDENT") == ("CONFLICT", "")
    assert await refusal(graph, "root", DEACTIVATE, userId=root) == ("CONFLICT", "")
    assert await authenticate(graph.database, world.tokens["root"])
    await change(graph.database, world.ada, role=UserRole.ADMIN, is_active=False)
    assert await refusal(graph, "root", ROLE, userId=root, role="STUDENT") == ("CONFLICT", "")
    await done(graph, "root", REACTIVATE, userId=world.ada.public_id)
    assert (await done(graph, "root", ROLE, userId=root, role="STUDENT"))["user"]["role"] == "STUDENT"


@pytest.mark.parametrize(("mine", "theirs"), [(ROLE, ROLE), (DEACTIVATE, DEACTIVATE), (ROLE, DEACTIVATE)])
async def test_of_two_administrators_who_turn_on_each_other_at_once_one_stays(
    pair: Graph, world: World, mine: str, theirs: str
) -> None:
    async with pair.database.work(GUEST) as work:
        await work.execute(select(tables.User.id).order_by(tables.User.id).with_for_update())
        asked = [
            asyncio.create_task(pair.data("root", mine, input=input_of(mine, world.ada))),
            asyncio.create_task(pair.data("ada", theirs, input=input_of(theirs, world.root))),
        ]
        await until(pair.database, "SELECT count(*) = 2 FROM pg_locks WHERE NOT granted")
    assert await codes(*asked) == ["FORBIDDEN"]  # who comes second is no administrator any more
    assert await administrators(pair) == 1


async def test_of_two_administrators_who_both_resign_at_once_one_stays(pair: Graph, world: World) -> None:
    asked = (
        pair.data("root", ROLE, input=input_of(ROLE, world.root)),
        pair.data("ada", ROLE, input=input_of(ROLE, world.ada)),
    )
    assert await codes(*asked) == ["CONFLICT"]
    assert await administrators(pair) == 1


async def codes(*asked: Awaitable[Any]) -> list[str]:
    """Why some of these mutations were refused."""
    answers = [next(iter(answer.values())) for answer in await asyncio.gather(*asked)]
    return [error["code"] for answer in answers for error in answer["errors"]]


def input_of(verb: str, user: tables.User) -> dict[str, str]:
    return {"userId": user.public_id} | ({"role": "STUDENT"} if verb is ROLE else {})


async def administrators(graph: Graph) -> int:
    """How many can look after people."""
    is_one = tables.User.role == UserRole.ADMIN, tables.User.is_active
    async with graph.database.read() as reading:
        return len((await reading.scalars(select(tables.User.id).where(*is_one))).all())


async def sessions_of(graph: Graph, user: tables.User) -> int:
    async with graph.database.read() as reading:
        return len((await reading.scalars(select(tables.Session.id).where(tables.Session.user_id == user.id))).all())


async def latest(graph: Graph, action: str) -> tables.AuditLog:
    """The newest entry about an action."""
    about = select(tables.AuditLog).where(tables.AuditLog.action == action).order_by(tables.AuditLog.id.desc())
    async with graph.database.read() as reading:
        found: tables.AuditLog = (await reading.scalars(about)).all()[0]
    return found


async def entries(graph: Graph) -> int:
    """How many entries the audit log has."""
    async with graph.database.read() as reading:
        return len((await reading.scalars(select(tables.AuditLog.id))).all())

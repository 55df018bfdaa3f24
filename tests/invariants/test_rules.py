"""The access rules as SQL against the oracle, in worlds made at random."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.access import GUEST, Viewer, allows, reachable
from db.base import Base, tables
from db.engine import Database
from db.permissions import Permission
from db.tables import User, UserRole
from tests.conftest import TEMPLATE
from tests.databases import Databases
from tests.db.scratch import scratch
from tests.invariants.crowd import populate
from tests.invariants.oracle import EVERYTHING, RULES, Oracle
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOMEBODY = UUID(int=1)
ROLES = {"administrator": UserRole.ADMIN, "moderator": UserRole.MODERATOR}
SLICES = {table.__tablename__: table.__module__.rpartition(".")[2] for table in tables()}
SCOPES = [f"{name}:{verb}" for name in sorted(set(SLICES.values())) for verb in ("read", "write")]
SIZE = 4
"""Rows of every table: as few as let rules meet."""

LISTED = "listed_{}"
"""Beside each permission: whether a list of all rows on which one has it has the row."""


async def test_the_oracle_knows_every_permission_and_every_table() -> None:
    assert tuple(Permission) == EVERYTHING
    assert {table.__tablename__ for table in tables()} == set(RULES), "say in oracle.py who may do what with a row"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def empty(databases: Databases, template: World) -> AsyncIterator[Database]:
    """A database with all tables and no rows."""
    opened = Database(databases.copy(TEMPLATE))
    async with opened.work(GUEST) as work:
        await work.execute(text(f"TRUNCATE {', '.join(table.__tablename__ for table in tables())}"))
    yield opened
    await opened.close()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(random=st.randoms(use_true_random=True), who=st.sampled_from(["guest", *ROLES, *["person"] * SIZE]))
async def test_the_rules_agree_with_the_oracle_in_any_world(empty: Database, random: Random, who: str) -> None:
    async with scratch(empty) as session:
        users = (await populate(session, random, size=SIZE))["users"]
        role, scopes = ROLES.get(who), random.choice([None, frozenset(random.sample(SCOPES, 5))])
        viewer = Viewer(None if who == "guest" else random.choice(users), role, scopes=scopes)
        if role:
            await session.execute(update(User).where(User.id == viewer.id).values(role=role))
        oracle = await Oracle.read(session)
        for table in tables():
            assert await _granted(session, viewer, table) == _told(oracle, viewer, table.__tablename__), table


def _told(oracle: Oracle, viewer: Viewer, table: str) -> dict[UUID, set[str]]:
    """What the oracle lets the viewer do with each row of a table, of what their scopes allow."""

    def in_scope(what: str) -> bool:
        verb = "read" if what in ("see", "learn") else "write"
        return viewer.scopes is None or f"{SLICES[table]}:{verb}" in viewer.scopes

    rows = {
        row.id: {what for what in EVERYTHING if in_scope(what) and oracle.may(viewer.id, what, table, row)}
        for row in oracle.rows[table]
    }
    return {key: {*may, *map(LISTED.format, may)} for key, may in rows.items()}


async def _granted(session: AsyncSession, viewer: Viewer, table: type[Base]) -> dict[UUID, set[str]]:
    """What the rules let the viewer do with each row of a table."""
    found = await session.execute(
        _question(table, replace(viewer.typical, id=viewer.id and SOMEBODY)), viewer.parameters
    )
    asked = [*EVERYTHING, *map(LISTED.format, EVERYTHING)]
    return {answer.id: {what for what in asked if getattr(answer, what)} for answer in found}


@cache
def _question(table: type[Base], like: Viewer) -> Select[Any]:
    """The statement is the same for all viewers of a kind: who it is that asks is a parameter."""
    row = table.__table__
    granted = [allows(permission, row, like).label(permission) for permission in Permission]
    listed = [reachable(row, like, permission).label(LISTED.format(permission)) for permission in Permission]
    return select(row.c.id, *granted, *listed)

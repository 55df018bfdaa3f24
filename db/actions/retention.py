"""Retention: what an organization does not want to keep any longer is deleted, before its partition is dropped.

It is done by the owner of the tables in a role of its own, which may read and delete rows of these tables and nothing
else. It is the only one that the audit log lets delete, and no entry that is younger than the least time. A role is no
part of a dump, so the job makes it.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from db import tables
from db.partitions import RETENTION_ROLE, companions, least_id
from db.queue.declared import CLEARED, job
from db.queue.steps import Steps
from db.tables.retention import KEPT
from db.ways import Way, follow, way

MAKE = f"""\
DO $$ BEGIN
    CREATE ROLE {RETENTION_ROLE} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server has it, too
END $$"""
MAY_BE = text(f"SELECT pg_has_role('{RETENTION_ROLE}', 'SET')")


@job(cron="37 2 * * *")
async def apply_retention(steps: Steps) -> None:
    """Delete what organizations do not want to keep any longer, and note in the audit log how much that was."""
    async with steps.owned() as connection:
        await _prepare(connection)
    async with steps.work() as work:
        policies = (await work.scalars(select(tables.RetentionPolicy).order_by(tables.RetentionPolicy.id))).all()
    for policy in policies:
        deleted = 0
        while some := await _delete(steps, policy):
            deleted += some
        if deleted:
            async with steps.work() as work:
                work.audit("retention_applied", policy, kind=policy.kind, deleted=deleted)
                await work.changed(policy)


async def _prepare(connection: AsyncConnection) -> None:
    """Make the role where there is none, and let it do what it is for."""
    await connection.execute(text(MAKE))
    if not await connection.scalar(MAY_BE):
        await connection.execute(text(f"GRANT {RETENTION_ROLE} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE"))
    for verbs, names in (("SELECT, DELETE", _kept()), ("SELECT", _asked())):
        if found := ", ".join(sorted({table.name for table in names})):
            await connection.execute(text(f"GRANT {verbs} ON {found} TO {RETENTION_ROLE}"))


async def _delete(steps: Steps, policy: tables.RetentionPolicy) -> int:
    """Delete some of the rows that an organization keeps no longer, with what goes with them; returns how many."""
    table: Any = KEPT[policy.kind].table.__table__
    first, *further = _way(table)
    organization = follow(tuple(further), table.c[first.name])
    is_over = table.c.id < least_id(datetime.now(UTC) - timedelta(days=policy.days))
    some = select(table.c.id).where(organization == policy.organization_id, is_over).order_by(table.c.id).limit(CLEARED)
    async with steps.owned() as connection:
        await connection.execute(text(f"SET LOCAL ROLE {RETENTION_ROLE}"))
        ids: Sequence[UUID] = (await connection.scalars(some)).all()
        for one in (*_companions(table), table):
            await connection.execute(delete(one).where(one.c.id.in_(ids)))
    return len(ids)


def _kept() -> Iterator[Any]:
    """The tables whose rows are deleted."""
    for kept in KEPT.values():
        table: Any = kept.table.__table__
        yield from (table, *_companions(table))


def _asked() -> Iterator[Any]:
    """The tables that say which organization a row belongs to, beside itself."""
    return (column.table for kept in KEPT.values() for column in _way(kept.table.__table__)[1:])


def _companions(table: Any) -> list[Any]:
    """The tables whose rows go with those of a table."""
    return [one for one, name in companions.items() if name == table.name]


def _way(table: Any) -> Way:
    return way(table, tables.Organization.__table__)

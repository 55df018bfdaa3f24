"""The batches of the idiomatic peer: one statement of the ORM for each edge, through Strawberry's DataLoader."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute, aliased
from strawberry.dataloader import DataLoader

from db import tables
from db.base import Base
from db.tables import MembershipStatus

Key = InstrumentedAttribute[Any]
Sessions = async_sessionmaker[AsyncSession]


class Loaders:
    """The loaders of one request, each made when it is first needed."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._made: dict[Any, DataLoader[UUID, Any]] = {}

    async def user(self, key: UUID | None) -> tables.User | None:
        """A person."""
        loader = self._loader("users", partial(users, self._sessions))
        return await loader.load(key) if key else None

    async def page(self, parent: UUID, key: Key, *order: ColumnElement[Any] | Key, first: int) -> list[Any]:
        """The first rows whose foreign key is `key`."""
        loader = self._loader(
            (str(key), *map(str, order), first), partial(pages, self._sessions, key, order, limit=first)
        )
        return list(await loader.load(parent))

    async def count(self, parent: UUID, key: Key) -> int:
        """How many rows have this foreign key."""
        return int(await self._loader(f"count {key}", partial(counts, self._sessions, key)).load(parent))

    async def visible_count(self, viewer: UUID) -> int:
        """How many projects somebody owns or is an active member of."""
        async with self._sessions() as session:
            return await session.scalar(select(func.count()).select_from(visible(viewer).subquery())) or 0

    def _loader(self, name: Any, load: Any) -> DataLoader[UUID, Any]:
        if name not in self._made:
            self._made[name] = DataLoader(load_fn=load)
        return self._made[name]


async def users(sessions: Sessions, keys: list[UUID]) -> list[tables.User | None]:
    """People by their keys."""
    async with sessions() as session:
        found = await session.scalars(select(tables.User).where(tables.User.id.in_(keys)))
        by_id = {user.id: user for user in found}
    return [by_id.get(key) for key in keys]


async def pages(
    sessions: Sessions, key: Key, order: Sequence[Any], keys: list[UUID], *, limit: int
) -> list[list[Base]]:
    """The first children of each parent."""
    parent = func.unnest(literal(keys, ARRAY(Uuid))).column_valued("parent")
    page = select(key.class_).where(key == parent).order_by(*order).limit(limit).lateral("page")
    child = aliased(key.class_, page)
    by_parent = defaultdict(list)
    async with sessions() as session:
        for one, row in await session.execute(select(parent, child).join(page, true())):
            by_parent[one].append(row)
    return [by_parent[one] for one in keys]


async def counts(sessions: Sessions, key: Key, keys: list[UUID]) -> list[int]:
    """How many children each parent has."""
    async with sessions() as session:
        found = await session.execute(select(key, func.count()).where(key.in_(keys)).group_by(key))
        by_parent = dict(found.tuples().all())
    return [by_parent.get(key, 0) for key in keys]


def visible(viewer: UUID) -> Select[tables.SpecificationProject]:
    """The projects that somebody owns or is an active member of."""
    project, member = tables.SpecificationProject, tables.ProjectMember
    joined = select(member.project_id).where(member.user_id == viewer, member.status == MembershipStatus.ACTIVE)
    return select(project).where(or_(project.owner_id == viewer, project.id.in_(joined)))

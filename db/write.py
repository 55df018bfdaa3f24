"""The unit of work: how mutations find what they change, under the access rules, and tell what happened.

Only `Database.work` makes one and commits it.
"""

from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.access import Viewer, allows
from db.base import Base
from db.errors import Forbidden, NotFound, Refusal, Unauthenticated
from db.ids import key_of
from db.outbox import Event, Topic
from db.permissions import SEE, Permission

Row = TypeVar("Row", bound=Base)


class Work:
    """One transaction on behalf of one viewer."""

    def __init__(self, session: AsyncSession, viewer: Viewer) -> None:
        self.session = session
        self.viewer = viewer
        self.events: list[Event] = []
        self.refusals: list[Refusal] = []

    @property
    def viewer_id(self) -> UUID:
        """The id of who is signed in; raises Unauthenticated for a guest."""
        if self.viewer.id is None:
            raise Unauthenticated
        return self.viewer.id

    async def get(self, table: type[Row], public_id: str, *, at: str, may: Permission = SEE, lock: bool = False) -> Row:
        """The row with this public id; with `lock` nobody else changes it until the end of the transaction.

        `at` is the input field that the id came from. Raises NotFound for what the viewer does not see, Forbidden for
        what they see without the permission `may`.
        """
        key = key_of(table, public_id)
        statement = _by_key(table, may, self.viewer.typical, lock)
        values = {"key": key, **self.viewer.parameters}
        found = (await self.session.execute(statement, values)).one_or_none() if key else None
        if found is None:
            raise NotFound(at=at)
        if not found[1]:
            raise Forbidden(at=at)
        row: Row = found[0]
        return row

    async def add(self, row: Row) -> Row:
        """Insert a row; what the database fills in (times, defaults) can be read from it afterwards."""
        self.session.add(row)
        await self.session.flush()
        return row

    def refuse(self, refusal: Refusal) -> None:
        """Tell the client of a refusal and keep what was written all the same, such as the count of failures."""
        self.refusals.append(refusal)

    def happened(self, topic: Topic, kind: str, **rows: Base) -> None:
        """Tell the topic's subscribers, once this is committed, that something happened to these rows."""
        self.events.append(Event(topic, kind, {name: row.public_id for name, row in rows.items()}))


@cache
def _by_key(table: type[Row], may: Permission, viewer: Viewer, lock: bool) -> Select[*tuple[Any, ...]]:
    """The row with a key that the viewer sees, and whether they have the permission: built once a kind of viewer."""
    row = table.__table__
    statement = select(table, allows(may, row, viewer)).where(table.id == bindparam("key"), allows(SEE, row, viewer))
    return statement.with_for_update(of=table) if lock else statement

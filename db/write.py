"""The unit of work: how mutations find what they change, under the access rules, and tell what happened.

Only `Database.work` makes one and commits it. A work that looks rows up and adds others is one statement in the end.
With a lock or any other statement it becomes a transaction of a session: what waits is written then, and what was found
belongs to the session. No order of calls is wrong. In a `Transaction` a work has the session from the start.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    Executable,
    Result,
    ScalarResult,
    inspect,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.sql.selectable import TypedReturnsRows

from db.access import Viewer
from db.audit import entry_of
from db.base import Base
from db.enums import Words
from db.errors import Refusal, Unauthenticated
from db.finding import NOTHING, Entity, Found, May, by_key, by_keys, judged, record_by_key
from db.ids import key_of
from db.insertions import insert
from db.keyring import Keyring
from db.outbox import CHANGED, Event, Topic
from db.permissions import SEE
from db.records import fill_defaults, insertion, row_of
from db.roots import noun, roots, topic_below, way
from db.statements import Arguments, Statement

Value = TypeVar("Value")
FEW = 20
"""Rows that are inserted by a statement which names each of them: it is compiled for as many of these tables."""
AS_IT_IS = {"populate_existing": True}
"""A row that was found before is read anew: somebody may have changed it until it was locked."""
Fetch = Callable[[Statement, Arguments], Awaitable[Sequence[Any] | None]]


class Work:
    """One transaction on behalf of one viewer."""

    def __init__(
        self, viewer: Viewer, *, fetch: Fetch, open_session: Callable[[], AsyncSession], keyring: Keyring
    ) -> None:
        self.viewer = viewer
        self.keyring = keyring
        self.payer: Hashable = None
        """The payer, whose turn it has to be for what takes long."""
        self.events: list[Event] = []
        self.moved: Mapping[Topic, int] = {}
        """The sequences of the topics of the events, once they are written by this work itself."""
        self.refusals: list[Refusal] = []
        self.added: list[Base] = []
        self.entries: list[Base] = []
        """Entries of the audit log that wait to be written."""
        self.request_id: UUID | None = None
        """The id by which the log knows the operation."""
        self.origin: str | None = None  # at which browsers reach this server, where one has asked it
        self.items: dict[UUID, Any] = {}
        """The parts of the input that rows were made of, by their keys."""
        self.opened: AsyncSession | None = None
        self._found: dict[UUID, Any] = {}
        self._fetch = fetch
        self._open_session = open_session

    @property
    def viewer_id(self) -> UUID:
        """The id of the viewer; raises Unauthenticated for a guest."""
        if self.viewer.id is None:
            raise Unauthenticated
        return self.viewer.id

    @property
    def is_changing(self) -> bool:
        """Whether a row was changed that was found without a session: it takes one to write that."""
        return any(inspect(row).modified for row in self._found.values())

    async def session(self) -> AsyncSession:
        """The session of the transaction, from now on. It has the rows that were found before, and writes the added."""
        if self.opened is None:
            self.opened = self._open_session()
            waiting, self.added = self.added, []
            if waiting:
                await insert(self.opened, waiting, self.items)
            self.opened.add_all(self._found.values())
        return self.opened

    async def execute(self, statement: Executable, values: Any = None, **options: Any) -> Result[*tuple[Any, ...]]:
        """Run a statement in the session; returns its result."""
        return await (await self.session()).execute(statement, values, execution_options={**AS_IT_IS, **options})

    async def scalar(self, statement: TypedReturnsRows[Value]) -> Value | None:
        """The value of the first row that a statement gives, in the session; None where there is no row."""
        return await (await self.session()).scalar(statement, execution_options=AS_IT_IS)

    async def scalars(self, statement: TypedReturnsRows[Value]) -> ScalarResult[Value]:
        """The values of all rows that a statement gives, in the session."""
        return await (await self.session()).scalars(statement, execution_options=AS_IT_IS)

    async def fetch(self, statement: Statement, **values: Any) -> Sequence[Any] | None:
        """The one row of a statement, beside the session: it locks nothing, and no connection is kept for it.

        What this work has written is not in it, unless the work is a part of a `Transaction`.
        """
        return await self._fetch(statement, statement.arguments(values))

    async def record(self, statement: Statement, arguments: Arguments) -> Sequence[Any] | None:
        """The one row of a statement in the session, or beside it while there is none."""
        if self.opened is None:
            return await self._fetch(statement, arguments)
        connection = await self.opened.connection()
        return (await connection.exec_driver_sql(statement.sql, tuple(arguments))).one_or_none()

    async def get(
        self,
        table: type[Entity],
        public_id: str,
        *,
        at: str,
        may: May = SEE,
        lock: bool = False,
        in_any_state: bool = False,
    ) -> Entity:
        """The row with this public id; with `lock` nobody else changes it until the end of the transaction.

        `at` is the input field that the id came from. `may` is the permission that the viewer needs, or several of
        which one is enough. Raises NotFound for what the viewer does not see, Forbidden for what they see without the
        permission, and for what is closed: nobody changes it, but for what is done `in_any_state`.
        """
        key = key_of(table, public_id)
        find = self._find_in_session if lock or self.opened or self.added else self._find
        found: Found[Entity] = await find(table, key, may, lock=lock) if key else NOTHING
        if in_any_state:
            found = *found[:2], None
        if isinstance(row := judged(found, at=at), Refusal):
            raise row
        return row

    async def get_all(
        self, table: type[Entity], public_ids: Sequence[str], *, at: str, may: May = SEE
    ) -> list[Entity | Refusal]:
        """The rows with these public ids, in their order; where `get` would refuse one, the refusal instead.

        One statement finds all of them. `at` has `{}` where the index in the list belongs: `members.{}.userId`.
        """
        keys = [key_of(table, public_id) for public_id in public_ids]
        found = await self._find_all(table, [key for key in keys if key], may) if any(keys) else {}
        return [judged(found.get(key, NOTHING), at=at.format(index)) for index, key in enumerate(keys)]

    async def add(self, row: Entity, *, item: Any = None) -> Entity:
        """Insert a row. Its key and defaults are there at once, what the database fills in when it is written.

        `item` is the part of the input that it was made of: if the row is refused, a client is told that path.
        """
        await self.add_all([(row, item)])
        return row

    async def add_all(self, rows: Sequence[tuple[Base, Any]]) -> None:
        """Insert rows, each with the part of the input that it was made of or None, and behind those that it refers to.

        Few of them wait, and are one statement in the end. Many are written in the session, by one statement a table.
        """
        for row, item in rows:
            fill_defaults(row)
            if item is not None:
                self.items[row.id] = item
        new = [row for row, _ in rows]
        if self.opened is None and len(self.added) + len(new) <= FEW:
            self.added += new
        else:
            await insert(await self.session(), new, self.items)

    def change(self, row: Base, values: Mapping[str, Any]) -> bool:
        """Set columns of a row that was found, and say whether one of them has another value now.

        The row must be locked: what somebody else changes at the same time would be lost.
        """
        new = {name: value for name, value in values.items() if getattr(row, name) != value}
        for name, value in new.items():
            setattr(row, name, value)
        return bool(new)

    async def delete(self, row: Base) -> None:
        """Delete a row that was found, with all that belongs to it."""
        session = await self.session()
        await session.delete(row)
        await session.flush()

    def refuse(self, refusal: Refusal) -> None:
        """Tell the client of a refusal and keep what was written all the same, such as the count of failures."""
        self.refusals.append(refusal)

    async def happened(self, kind: Words, row: Base, **others: Base) -> None:
        """Tell the subscribers of the root that a row hangs on, once this is committed, what happened to it.

        The event names the row, all above it, and others by these names. A row that is deleted is told of before.
        """
        topic, ids = await self._way(row)
        ids |= {name: other.public_id for name, other in others.items()}
        self.events.append(Event(topic, kind.value, ids))

    async def changed(self, row: Base) -> None:
        """Raise the sequence of the root that a row hangs on, where nobody is told what happened to it."""
        topic, ids = await self._way(row)
        self.events.append(Event(topic, CHANGED, ids))

    def tell(self, topic: Topic, kind: Words, **rows: Base) -> None:
        """Tell the subscribers of a topic, once this is committed, what happened to rows that need not hang on it."""
        self.events.append(Event(topic, kind.value, {name: row.public_id for name, row in rows.items()}))

    def touch(self, *topics: Topic) -> None:
        """Raise the sequences of topics: something changed that hangs on their roots."""
        self.events += [Event(topic, CHANGED) for topic in topics]

    async def _way(self, row: Base) -> tuple[Topic, dict[str, str]]:
        """The topic of the root that a row hangs on, and the ids of the row and of all above it."""
        if known := topic_below(row):
            return known
        tables = [one.table for one in way(row.__table__)]
        *keys, found = (await self.execute(roots(type(row)), {"key": row.id})).one()
        return found, {noun(table): f"{table.prefix}_{key.hex}" for table, key in zip(tables, keys, strict=True)}

    def audit(self, action: str, row: Base | type[Base], **details: Any) -> None:
        """Note in the audit log that the viewer has done this to a row; a table stands for a row that is not known.

        `details` are rows, states and numbers; raises TypeError for a text. Columns of the row that were set and are
        not yet written are noted by themselves. The entry is written at the end of this transaction.
        """
        near = self._found | {row.id: row for row in self.added}
        who = {"actor_id": self.viewer.id, "api_key_id": self.viewer.key_id, "request_id": self.request_id}
        self.entries.append(entry_of(row, near=near, details=details, action=action, **who))

    async def flush(self) -> None:
        """Write what waits, in the session."""
        session = await self.session()
        await session.flush()
        if self.entries:
            statement, arguments = insertion(self.entries)
            await (await session.connection()).exec_driver_sql(statement.sql, tuple(arguments))
            self.entries.clear()

    async def _find(self, table: type[Entity], key: UUID, may: May, *, lock: bool) -> Found[Entity]:
        statement = record_by_key(table, may, self.viewer.typical)
        record = await self.fetch(statement, key=key, **self.viewer.parameters)
        if record is None:
            return NOTHING
        if key not in self._found:
            self._found[key] = row_of(table, record)
            make_transient_to_detached(self._found[key])
        return self._found[key], record[-2], record[-1]

    async def _find_in_session(self, table: type[Entity], key: UUID, may: May, *, lock: bool) -> Found[Entity]:
        statement = by_key(table, may, self.viewer.typical, lock)
        found = await self.execute(statement, {"key": key, **self.viewer.parameters})
        return tuple(found.one_or_none() or NOTHING)

    async def _find_all(self, table: type[Entity], keys: list[UUID], may: May) -> dict[UUID | None, Found[Entity]]:
        statement = by_keys(table, may, self.viewer.typical)
        found = await self.execute(statement, {"keys": keys, **self.viewer.parameters})
        return {answer[0].id: tuple(answer) for answer in found}

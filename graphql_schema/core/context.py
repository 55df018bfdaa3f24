"""The context of an operation, which every resolver gets: the viewer, the database, the events, and the batches."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from aiodataloader import DataLoader
from orjson import loads

from db import ids, read
from db.access import Viewer
from db.base import Base
from db.coalescing import Record
from db.engine import Database
from db.errors import Forbidden, NotFound, Unauthenticated
from db.history import Past
from db.ids import key_of
from db.outbox import Event, Topic
from db.permissions import SEE, Permission
from db.roots import hierarchy, way
from db.snapshots import Snapshot
from db.statements import Arguments, Statement
from db.transaction import Transaction

Batch = Callable[..., Coroutine[Any, Any, dict[Any, Any]]]


class Events(Protocol):
    """Where committed events are heard."""

    def listen(self, topic: Topic) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """The events of a topic from the moment on that the context is entered.

        The iteration raises HistoryGap where some are lost, and goes on behind it.
        """
        ...

    async def since(self, topic: Topic, epoch: str, after: int) -> Past:
        """The events behind a number in a topic that is listened to, up to those that listeners are yet to hear.

        Those of another epoch have nothing to do with that number.
        """
        ...


class Seen(NamedTuple):
    """A row that a viewer has to see as long as they listen, or to have a permission on, and the argument that its id
    came from.
    """

    table: type[Base]
    key: UUID
    at: str
    may: Permission = SEE


MAX_HERE = 100
"""People of a place that are shown."""


class Here(NamedTuple):
    """The state of a place: the keys of the people there, and of those of them who type."""

    people: Sequence[UUID]
    typing: Sequence[UUID]


class Presence(Protocol):
    """Where people are at this moment, by the topic of the place."""

    def here(self, topic: Topic, person: UUID) -> AbstractAsyncContextManager[AsyncIterator[Here]]:
        """Be in a place while the context is entered, with the states of the place."""
        ...

    def type(self, topic: Topic, person: UUID) -> None:
        """Note that somebody types in a place."""
        ...


class Feed(NamedTuple):
    """The events of a topic: all of them, or those that name a row by its public id, and of some `kinds` alone. `seen`
    is what was looked at.
    """

    topic: Topic
    about: str | None = None
    seen: tuple[Seen, ...] = ()
    kinds: frozenset[str] | None = None


class Budget(NamedTuple):
    """The highest cost of an operation, and the points that are left to pay it."""

    cost: int
    node_count: int
    limit: int
    remaining: int
    reset_at: datetime


@dataclass
class Context:
    """One operation of one viewer. Batches are never shared between operations, nor between two events.

    `budget` tells what the operation costs; None where nobody counts. `payer` is who pays for it: what takes long is
    done for each of them in turn. `take_text` takes so many characters out of what they may have compiled; it raises
    what it is refused with when nothing of that is left.
    """

    viewer: Viewer
    database: Database
    events: Events
    presence: Presence | None = None
    """None where nobody shows who is where."""
    snapshot: Snapshot | None = None
    """The state of the database that all statements of the operation read, where it has several."""
    transaction: Transaction | None = None
    """The transaction that it is done in, if it is done in one."""
    is_listening: bool = False
    """Whether it is one event of many that as many listeners read at once."""
    budget: Callable[[], Budget | None] = lambda: None
    payer: Hashable = None
    request_id: UUID | None = None
    """The id by which the log knows the operation."""
    origin: str | None = None
    """The origin at which browsers reach this server, such as `https://trellis.example`."""
    take_text: Callable[[int], object] = lambda _characters: None
    moved: dict[Topic, int] = field(default_factory=dict)
    """The topics that its mutations have moved, with their sequences."""
    seen: list[Seen] = field(default_factory=list)
    """The rows that were looked at for a subscription: it lasts for as long as the viewer sees all of them."""
    _loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)

    @property
    def source(self) -> Database | Transaction:
        """Where it reads and writes."""
        return self.transaction or self.database

    async def fetch(self, statement: Statement, arguments: Arguments, *, weight: int = 0) -> Record | None:
        """The one row of a compiled statement, as `Database.fetch` has it."""
        if self.is_listening:
            return await self.database.heard.fetch(statement, arguments)
        return await (self.snapshot or self.source).fetch(statement, arguments, weight=weight)

    @property
    def is_holding(self) -> bool:
        """Whether it has a connection to the database to itself: then it must not wait for anything else."""
        return bool(self.snapshot or self.transaction)

    async def see(self, table: type[Base], public_id: str, *, at: str, may: Permission = SEE) -> UUID:
        """The key of the row with this public id, for a subscription; raises NotFound for a row that the viewer does
        not see, and Forbidden without the permission.

        `at` is the argument that the id came from.
        """
        return (await self._seen(table, public_id, at=at, may=may))[0]

    async def feed(self, table: type[Base], public_id: str, *, at: str) -> "Feed":
        """The events that name the row with this public id; raises NotFound as `see` does."""
        return Feed((await self._seen(table, public_id, at=at))[1], about=public_id)

    async def _seen(self, table: type[Base], public_id: str, *, at: str, may: Permission = SEE) -> tuple[UUID, Topic]:
        """The key of a row and the topic of its root."""
        key = key_of(table, public_id)
        statement = read.seen(table, self.viewer, may)
        arguments = statement.arguments({"key": key, **self.viewer.parameters})
        found = key and await self.database.heard.fetch(statement, arguments)
        if not key or not found:
            if may is SEE or not await self._is_seen(table, public_id):
                raise NotFound(at=at)
            raise Forbidden(at=at) if self.viewer.id else Unauthenticated
        self.seen.append(Seen(table, key, at, may))
        return key, found[0].decode()

    async def lost(self, public_ids: Iterable[str]) -> list[str]:
        """Those of these ids, and of the ids of what they hang on, whose rows the viewer does not see."""
        found = [one for public_id in public_ids for one in await self._hierarchy(public_id)]
        return [public_id for table, public_id in dict.fromkeys(found) if not await self._is_seen(table, public_id)]

    async def _hierarchy(self, public_id: str) -> list[tuple[type[Base], str]]:
        """A row and all above it, with their tables; nothing for an id that has no form of ours."""
        decoded = ids.decode(public_id)
        if decoded is None:
            return []
        table, key = decoded
        statement = hierarchy(table)
        keys = await self.database.heard.fetch(statement, statement.arguments({"key": key})) or [key]
        above = [one.table for one in way(table.__table__)]
        return [(one, f"{one.prefix}_{found.hex}") for one, found in zip(above, keys, strict=False) if found]

    async def _is_seen(self, table: type[Base], public_id: str) -> bool:
        try:
            return bool(await self.see(table, public_id, at=""))
        except NotFound:
            return False

    def fail(self) -> None:
        """Note that a part of the transaction has failed, if it is done in one: nothing of it is kept."""
        if self.transaction:
            self.transaction.has_failed = True

    def note_moved(self, moved: str | bytes | None) -> None:
        """Note topics that were moved, as JSON that has their sequences by their names."""
        self.moved.update(loads(moved or "{}") or {})

    def forget(self) -> None:
        """Drop what was loaded, after something has changed."""
        self._loaders.clear()

    def within(self, transaction: Transaction) -> "Context":
        """A context for this viewer in a transaction."""
        return replace(self, transaction=transaction, _loaders={})

    def heard(self) -> "Context":
        """A context for this viewer at the next event, with nothing loaded yet."""
        return replace(self, is_listening=True, seen=[], _loaders={})

    async def load(self, batch: Batch, *arguments: Any, key: Any) -> Any:
        """The answer for `key` of a batched read; None when it has none.

        All keys that the operation asks of the same batch with the same arguments at one time share one statement.
        """
        name = (batch, *arguments)
        if name not in self._loaders:
            self._loaders[name] = DataLoader(self._reader(batch, arguments))
        answer = self._loaders[name].load(key)
        answer.add_done_callback(_seen)
        # A caller that is cancelled must not cancel the future that others wait for.
        return await asyncio.shield(answer)

    def _reader(
        self, batch: Batch, arguments: tuple[Any, ...]
    ) -> Callable[[Sequence[Any]], Coroutine[Any, Any, list[Any]]]:
        async def read(keys: Sequence[Any]) -> list[Any]:
            async with self.source.read() as session:
                found = await batch(session, self.viewer, *arguments, list(keys))
            return [found.get(key) for key in keys]

        return read


def _seen(answer: asyncio.Future[Any]) -> None:
    """Look at the error of an answer that nobody waits for any more: it was told where it happened first."""
    if not answer.cancelled():
        answer.exception()

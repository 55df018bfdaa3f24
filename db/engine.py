"""The connection to PostgreSQL: pools, limits of a statement, and the four ways to use it.

`fetch` runs a statement that was compiled before, `snapshot` several; `read` is a session for a batch of reads, `work`
one transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any
from uuid import UUID
from weakref import WeakSet, WeakValueDictionary

from asyncpg import Connection, IntegrityConstraintViolationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from db.access import Viewer
from db.address import Address
from db.base import Base
from db.coalescing import Coalescer, Record
from db.constraints import refusing
from db.history import Past, past
from db.keyring import NO_SECRETS, Keyring
from db.liveness import Liveness
from db.outbox import Topic, write
from db.pool import Pool
from db.records import fill_returned, insertion
from db.relay import Publish, relayed
from db.session_settings import COMPILED_SETTINGS, READ_ONLY, SERVER_SETTINGS, UNHURRIED
from db.snapshots import Snapshot
from db.statements import Arguments, Statement
from db.store import NO_STORE, Store
from db.transaction import Transaction
from db.write import Work

TIMEOUT = 0.8
"""Seconds that a statement waits for a connection: a refusal is told within a second."""
CONNECTING = 1.2
"""Seconds that the server may take to let us in."""
TOGETHER, HEAVY_TOGETHER = 0.5, 1.5
"""Seconds that reads of one moment may take together: then each is run by itself, so that none waits for another."""
USES = 4
"""The uses that have connections of their own: reads, heavy and batched reads, changes, sessions. None can take all."""
OF_HEAVY = 4
"""One in so many of their share is used by heavy reads. Each keeps a processor of the database busy while it runs: with
more of them than processors, light reads would wait for one too.
"""
LISTENING = 2
"""Connections for what listeners hear, beside the others: an event of a thousand listeners takes none from requests."""
PATIENCE = 10.0
"""Seconds that a listener waits for a connection: they have no answer to give, and come in thousands."""
HEAVY = 2_000
"""The weight from which on a read is heavy."""


class Database:
    """At most `pool_size` connections to one PostgreSQL database, an equal share for each use, and at least one.

    `url` is an address as hosts hand it out, and `reader_url` one for reads; of the same database, as another role.
    Anything waits `timeout` seconds for a connection.
    """

    def __init__(
        self,
        url: str,
        *,
        reader_url: str | None = None,
        pool_size: int = 16,
        timeout: float = TIMEOUT,
        keyring: Keyring = NO_SECRETS,
        store: Store = NO_STORE,
    ) -> None:
        self.address = Address.parse(url)
        self.reader_address = Address.parse(reader_url or url)
        self.wake: Callable[[], None] = lambda: None
        """Called when events are committed, for a relay to look after them."""
        self.timeout = timeout
        self.keyring = keyring
        self.store = store
        share = max(1, pool_size // USES)
        self.readers = Pool(self._connect_reader, size=share, timeout=timeout)
        self.heavy_readers = Pool(self._connect_reader, size=max(1, share // OF_HEAVY), timeout=timeout)
        self.writers = Pool(self._connect, size=share, timeout=timeout)
        self.listeners = Pool(self._connect_reader, size=LISTENING, timeout=PATIENCE)
        self.relays = Pool(self._connect_relay, size=1, timeout=timeout)
        self.reads = Coalescer(self.readers, seconds=TOGETHER)
        # Fewer together, so that several processes share what is heavy.
        self.heavy_reads = Coalescer(self.heavy_readers, size=4, seconds=HEAVY_TOGETHER)
        self.heard = Coalescer(self.listeners, size=100)  # what many ask of one event
        self.finds = Coalescer(self.writers, seconds=TOGETHER)
        self.changes = Coalescer(self.writers, changes=True)
        self.engine = self._engine(self.address, SERVER_SETTINGS, size=share)
        # Each batch is one statement: a transaction around it would be two round trips more.
        batches = self._engine(self.reader_address, SERVER_SETTINGS | READ_ONLY, size=max(1, share - share // OF_HEAVY))
        self.batches = batches.execution_options(isolation_level="AUTOCOMMIT")
        self._sessions: WeakSet[Connection] = WeakSet()
        self._changing: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        """The rows that are changed by one statement: a batch has each of them once."""

    async def fetch(self, statement: Statement, arguments: Arguments, *, weight: int = 0) -> Record | None:
        """The one row of a compiled statement, with text as its bytes. It cannot change anything. Raises Overloaded.

        Its weight is how many objects it may answer with at most.
        """
        reads = self.reads if weight < HEAVY else self.heavy_reads
        return await reads.fetch(statement, arguments)

    @asynccontextmanager
    async def snapshot(self, *, weight: int = 0) -> AsyncIterator[Snapshot]:
        """One state of the database for several compiled statements of this weight. Raises Overloaded."""
        readers = self.readers if weight < HEAVY else self.heavy_readers
        async with readers.snapshot() as prepared:
            yield Snapshot(prepared)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for one batch of reads. Its rows stay readable after it; it cannot change anything."""
        async with AsyncSession(self.batches, autoflush=False) as session:
            yield session

    @asynccontextmanager
    async def work(self, viewer: Viewer) -> AsyncIterator[Work]:
        """One transaction on behalf of a viewer: all of it is kept with its events, or nothing.

        Raises the refusal of a constraint that is broken.
        """
        work = Work(viewer, fetch=self.finds.fetch, open_session=self._open_session, keyring=self.keyring)
        try:
            with refusing():
                yield work
                await self._finish(work)
        finally:
            if work.opened:
                await work.opened.close()

    async def change(self, statement: Statement, arguments: Arguments, *, row: UUID | None = None) -> Record | None:
        """Make a change that is one statement, with its event: see `db.change`. None where it found nothing.

        Of those of one `row` each waits for the one before. Raises the refusal of a constraint that is broken.
        """
        turn = self._changing.setdefault(row, asyncio.Lock()) if row else nullcontext()
        with refusing():
            async with turn:
                found = await self._changed(statement, arguments, waits=row is not None)
        if found is None or found[0] is None:
            return None
        if found[1] is not None:
            self.wake()
        return found

    async def _changed(self, statement: Statement, arguments: Arguments, *, waits: bool) -> Record | None:
        if statement.together:
            return await self.changes.fetch_for_certain(statement, arguments, waits=waits)
        # It can wait for a lock: it ends with the time of its operation.
        async with self.writers.turn():
            rows = await self.changes.run(statement.sql, arguments)
        return rows[0] if rows else None

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Callable[[Statement, Arguments], Awaitable[Record | None]]]:
        """How a change is made again, in one transaction: what it has locked stays locked."""
        with refusing():
            async with self.writers.transaction() as prepared:
                yield Snapshot(prepared).fetch
        self.wake()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction around several works and reads: all of it is kept with its events, or nothing.

        Whoever finds that a part failed leaves it by an exception.
        """
        async with self._open_session() as session:
            transaction = Transaction(session, self.keyring)
            with refusing():
                yield transaction
                await transaction.tell()
                await self._commit(session, transaction.moved)

    async def alike(
        self,
        statement: Statement,
        common: Mapping[str, Any],
        many: Sequence[Mapping[str, Any]],
        *,
        columns: int,
        seconds: float | None = None,
    ) -> Sequence[Record]:
        """The different rows of a statement for many values of some parameters, each with the ordinals of its values.

        The others have a value in common. Raises Overloaded, and TooSlow after so many seconds.
        """
        if len(many) == 1:  # together with others of the moment
            row = await self.heard.fetch(statement, statement.arguments({**common, **many[0]}))
            return [([1], *row)] if row else []
        apart, arguments = statement.spread(common, many)
        if not apart:
            rows = await self.listeners.fetch(statement.sql, arguments, seconds=seconds)
            return [(range(1, len(many) + 1), *row) for row in rows]
        return await self.listeners.fetch(statement.alike(apart, columns=columns), arguments, seconds=seconds)

    async def past(self, topic: Topic, after: int | None) -> Past:
        """The events of a topic behind a number, as far as the outbox has them: see `db.history`."""
        return await past(self.heard.fetch, topic, after)

    async def relay(self, publish: Publish) -> int:
        """Have the next events of the outbox published; returns how many. Raises what `publish` does."""
        return await relayed(self.relays, publish)

    async def ping(self) -> None:
        """Ask the server for a sign of life; raise what is wrong with it."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    def watch(self) -> Liveness:
        """A context in which nobody waits for more than two seconds for a server that is silent."""
        return Liveness(self._connect, self._hear)

    async def close(self) -> None:
        """Close every connection."""
        for connections in self._pools:
            connections.close()
        await self.engine.dispose()
        await self.batches.dispose()

    @property
    def _pools(self) -> tuple[Pool, ...]:
        return self.readers, self.heavy_readers, self.writers, self.listeners, self.relays

    def _hear(self, answers: bool) -> None:
        for connections in self._pools:
            connections.is_silent = not answers
            if not answers:
                connections.hang_up()
        for session in () if answers else tuple(self._sessions):
            session.terminate()

    def _open_session(self) -> AsyncSession:
        return AsyncSession(self.engine, expire_on_commit=False)

    async def _finish(self, work: Work) -> None:
        if work.opened or work.is_changing or work.events:
            session = await work.session()
            await work.flush()
            work.moved = await write(session, work.events)
            await self._commit(session, work.moved)
        elif rows := [*work.added, *work.entries]:
            await self._add(work, rows)

    async def _add(self, work: Work, rows: list[Base]) -> None:
        statement, arguments = insertion(rows)
        try:
            record = await self.changes.fetch_for_certain(statement, arguments)
        except IntegrityConstraintViolationError:
            if work.items:
                await work.session()  # adds them again one by one: the row that is refused says so
            raise
        assert record
        fill_returned(work.added, record)  # entries, behind them, are not read again

    async def _commit(self, session: AsyncSession, moved: Mapping[Topic, int]) -> None:
        await session.commit()
        if moved:
            self.wake()

    async def _connect(self) -> Connection:
        return await self._open(self.address, SERVER_SETTINGS | COMPILED_SETTINGS)

    async def _connect_relay(self) -> Connection:
        return await self._open(self.address, SERVER_SETTINGS | COMPILED_SETTINGS | UNHURRIED)

    def _engine(self, address: Address, settings: dict[str, str], *, size: int) -> AsyncEngine:
        async def connect() -> Connection:
            connection = await self._open(address, settings)
            self._sessions.add(connection)
            return connection

        return address.engine(
            pool_size=size, max_overflow=0, pool_timeout=self.timeout, hide_parameters=True, async_creator=connect
        )

    async def _connect_reader(self) -> Connection:
        connection = await self._open(self.reader_address, SERVER_SETTINGS | COMPILED_SETTINGS | READ_ONLY)
        try:
            # An answer is sent as PostgreSQL wrote it: to decode its text would be to encode it again.
            await connection.set_type_codec(
                "text", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary"
            )
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _open(self, address: Address, settings: dict[str, str]) -> Connection:
        return await address.connect(settings, connect_timeout=max(CONNECTING, self.timeout))

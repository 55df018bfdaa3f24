"""Real servers for every test: one PostgreSQL and one Valkey a worker, and the small world as it was built."""

import asyncio
import gc
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
import pytest_asyncio
import structlog
from asyncpg import PostgresSyntaxError, SyntaxOrAccessError
from hypothesis import HealthCheck, settings  # imported late, after greenlets ran, it breaks CPython 3.11's parser
from sqlalchemy import event

from db import embedded, engine, liveness, migrations, session_settings
from db.access import Viewer
from db.coalescing import Run
from db.engine import Database
from db.history import Past
from db.keyring import Keyring
from db.outbox import Event
from db.statements import Arguments, Statement
from graphql_schema.core.context import Context
from graphql_schema.execution import Executor, Operation, Request
from graphql_schema.execution.worker import THREAD, Worker
from graphql_schema.limits import Limits
from graphql_schema.schema import executor
from tests import world as worlds
from tests.databases import Databases
from tests.deadline import DEADLINE
from tests.lasting import SPARE, LastingDatabase
from tests.tls import Certificate
from tests.world import World

EMPTY, TEMPLATE = "migrated", "world"
"""The databases that tests copy: with the tables of today and nothing in them, and with the small world."""
MEMORY = Path("/dev/shm")  # noqa: S108  (what is made there has a name of its own)
MEASURED_PROCESSES = "tests/app/test_cli.py"
"""The tests whose processes are measured: they start all commands."""
UNMEASURED = "tests/invariants/", "tests/hostile/"
"""Folders whose tests ask for all that there is: other tests run the same lines, and say what they are for."""
ORIGIN = "https://trellis.test"
"""The origin at which browsers reach what is tested without a transport."""
UNLIMITED = Limits(**{limit.name: 10**100 for limit in fields(Limits)})
"""For tests that ask for more at a time than a client may."""


SECRET = os.environ["TRELLIS_SECRETS"] = "of-tests-and-of-nobody-else-at-all"  # for what tests start, too
KEYRING = Keyring([SECRET])

settings.register_profile(
    "trellis",
    deadline=None,  # the first statement of its kind on a connection is slow, and so is a busy machine
    print_blob=True,
    # In CI the same examples every time, so that a red build speaks of the change; new ones are for all other runs.
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("trellis")


def pytest_configure() -> None:
    """Hear of Ctrl-C and of a terminal that closes, and so does what tests start, also in the background.

    A traceback is logged without all variables of its functions: to draw those takes longer than most tests.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep from the garbage collector what stays for the whole run: a million objects, which take it seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: at the end the other workers would wait for it. They take what waits behind it."""
    items.sort(key=lambda item: not _is_drawn(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure coverage, except where operations are drawn, where all of the schema is gone through, and in processes
    that start as others do: importing the application takes a process half as long again.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not item.nodeid.startswith(MEASURED_PROCESSES):
            patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        with untraced() if _is_drawn(item) or item.nodeid.startswith(UNMEASURED) else nullcontext():
            return (yield)


def _is_drawn(item: pytest.Item) -> bool:
    """Whether a test runs drawn operations by both paths."""
    return "both" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def servers() -> Iterator[embedded.Servers]:
    """PostgreSQL and Valkey, started for this worker.

    Their data is in memory where there is room: a copy of a database is 350 files, which takes a disk five times as
    long.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 * 2**30
    with (
        TemporaryDirectory(dir=MEMORY if has_room else None) as folder,
        embedded.servers(Path(folder), durable=False) as started,
    ):
        yield started


@pytest.fixture(scope="session")
def databases(servers: embedded.Servers) -> Iterator[Databases]:
    with closing(Databases(servers.database_url)) as opened:
        yield opened


@pytest.fixture(scope="session")
def migrated(databases: Databases) -> str:
    """The name of a database with all tables and no rows, for tests that copy it: to migrate takes a second."""
    migrations.upgrade(databases.create(EMPTY))
    return EMPTY


@pytest.fixture(scope="session")
def template(databases: Databases, migrated: str) -> World:
    """The world, built once in a database that tests copy."""
    world = asyncio.run(_build(databases.create(TEMPLATE, template=migrated)))
    databases.remember(TEMPLATE)
    return world


@pytest.fixture
def world(template: World) -> World:
    """The people and things of the small world, as they are in this test's database."""
    return World(dict(template.rows), dict(template.tokens))


@pytest.fixture
def database_url(databases: Databases, template: World) -> Iterator[str]:
    """A database with the small world in it, and nothing of what other tests have written."""
    with databases.lent(TEMPLATE) as url:
        yield url


@pytest_asyncio.fixture(scope="session", autouse=True)
async def event_loop() -> AsyncIterator[asyncio.AbstractEventLoop]:
    """The event loop of all tests but those that make their own."""
    SPARE.loop = asyncio.get_running_loop()
    yield SPARE.loop
    SPARE.end()


@pytest.fixture(autouse=True)
def what_a_test_starts_ends_with_it(event_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Whatever it did not wait for, as at the end of an event loop of its own."""
    with ending(event_loop):
        yield


@contextmanager
def ending(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Cancel in the end the tasks that were started meanwhile."""
    before = asyncio.all_tasks(loop)
    yield
    if left := asyncio.all_tasks(loop) - before:
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left, timeout=DEADLINE))


@pytest.fixture(scope="session")
def redis_url(servers: embedded.Servers) -> str:
    return servers.redis_url


class NotingDatabase(LastingDatabase):
    """Writes down every statement that it runs, by whichever of its ways, and those that PostgreSQL does not take."""

    def __init__(self, url: str) -> None:
        # What is resolved field by field needs many sessions at once.
        super().__init__(url, pool_size=64, timeout=DEADLINE, keyring=KEYRING)
        self.statements: list[str] = []
        self.malformed: list[str] = []
        """Those that are wrong whatever their values: nobody hears of one that is run again in another form."""
        for batches in (self.reads, self.heavy_reads, self.finds, self.changes):
            batches.run = self._checking(batches.run)
        for opened in (self.engine, self.batches):
            event.listen(opened.sync_engine, "before_cursor_execute", self._note)
        self.has_events = False
        self.wake = self._wake

    async def publish(self, event: Event) -> None:
        """Take in an event that was committed: tests that want to hear of it replace this."""

    async def settle(self) -> None:
        """Publish what is committed."""
        while self.has_events:
            self.has_events = False
            while await self.relay(self._publish_all):
                pass

    async def fetch(self, statement: Statement, arguments: Arguments, *, weight: int = 0) -> Any:
        self.statements.append(statement.sql)
        return await super().fetch(statement, arguments, weight=weight)

    def snapshot(self, *, weight: int = 0) -> Any:
        return held(super().snapshot(weight=weight))

    def transaction(self) -> Any:
        return held(super().transaction())

    def read(self) -> Any:
        return held(super().read())

    def work(self, viewer: Viewer) -> Any:
        return held(super().work(viewer))

    def _wake(self) -> None:
        self.has_events = True

    async def _publish_all(self, events: Sequence[Event]) -> None:
        for one in events:
            await self.publish(one)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)

    def _checking(self, run: Run) -> Run:
        async def checking(statement: str, arguments: Arguments, **options: Any) -> Any:
            try:
                return await run(statement, arguments, **options)
            except SyntaxOrAccessError as error:
                # Any other is told to who asks: it is right, unless a test has changed the tables.
                if isinstance(error, PostgresSyntaxError) or " AS asked(" in statement:
                    self.malformed.append(f"{error}: {statement}")
                raise

        return checking


HOLDING: ContextVar[bool] = ContextVar("holding", default=False)
"""Whether the task has a connection to the database."""


@contextmanager
def untraced() -> Iterator[None]:
    """Do not measure coverage, which doubles the time of what is compiled; neither in the thread that compiles.

    The marker of pytest-cov does nothing in a worker, where coverage was started with the process.
    """
    main, compiling, others = sys.gettrace(), THREAD.submit(sys.gettrace).result(), threading.gettrace()
    _trace(None, None, None)
    try:
        yield
    finally:
        _trace(main, compiling, others)


def _trace(main: Any, compiling: Any, others: Any) -> None:
    """Set the trace functions of this thread, of the one that compiles, and of those that are started from now on."""
    sys.settrace(main)
    THREAD.submit(sys.settrace, compiling).result()
    threading.settrace(others)


@pytest.fixture(autouse=True)
def nobody_waits_for_the_thread_with_a_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does: those who wait for the connection would wait for the thread too, and in the end all do."""
    run, execute, culprits = Worker.run, Executor.execute, list[str]()

    def watched(self: Worker, work: Callable[[], Any], payer: Any) -> Any:
        if HOLDING.get():
            culprits.append("".join(traceback.format_stack(limit=8)))
        return run(self, work, payer)

    async def begun(self: Executor, operation: Operation, context: Context) -> Any:
        HOLDING.set(False)  # what the test itself holds is none of the operation's
        return await execute(self, operation, context)

    monkeypatch.setattr(Worker, "run", watched)
    monkeypatch.setattr(Executor, "execute", begun)
    yield
    assert culprits == []


@asynccontextmanager
async def held(connected: AbstractAsyncContextManager[Any]) -> AsyncIterator[Any]:
    """The same connection, and for as long as it is held it is known that it is."""
    async with connected as found:
        HOLDING.set(True)
        try:
            yield found
        finally:
            HOLDING.set(False)


@pytest.fixture(autouse=True)
def a_busy_machine_is_no_server_that_hangs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may take as long as tests wait to let somebody in and to say that it is there, but in those about it."""
    if "hasty" not in request.fixturenames:
        monkeypatch.setattr(engine, "CONNECTING", DEADLINE)
        monkeypatch.setattr(liveness, "SILENCE", DEADLINE)


@pytest.fixture
def hasty() -> None:
    """A server that hangs is given up as soon as in production."""


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements may take as long, and locks are waited for as long, as a busy machine needs."""
    for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        monkeypatch.setitem(session_settings.SERVER_SETTINGS, name, f"{2 * DEADLINE:.0f}s")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[NotingDatabase]:
    opened = NotingDatabase(database_url)
    yield opened
    await opened.close()
    assert opened.malformed == []


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The certificate of the server."""
    return Certificate.made(tmp_path_factory.mktemp("own"), name="own")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate of somebody else."""
    return Certificate.made(tmp_path_factory.mktemp("stranger"), name="stranger")


@dataclass
class Heard:
    """An event source that the test speaks through, one queue a listener."""

    queues: dict[str, list[asyncio.Queue[Event]]] = field(default_factory=dict)

    @asynccontextmanager
    async def listen(self, topic: str) -> AsyncIterator[AsyncIterator[Event]]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self.queues.setdefault(topic, []).append(queue)
        yield self._events(queue)

    async def since(self, topic: str, epoch: str, after: int) -> Past:
        raise NotImplementedError  # nobody comes back to it

    async def _events(self, queue: asyncio.Queue[Event]) -> AsyncIterator[Event]:
        while True:
            yield await queue.get()


@dataclass
class Graph:
    """Asks the graph without a transport, as one person of the world after another."""

    database: NotingDatabase
    world: World
    executor: Executor = executor

    def context(self, who: str | None) -> Context:
        return Context(self.world.viewer(who), self.database, Heard(), origin=ORIGIN)

    async def __call__(self, who: str | None, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer to `query`; None asks as a guest."""
        self.database.statements.clear()
        operation = self.executor.prepare(Request(query, variables=variables))
        answer = await self.executor.execute(operation, self.context(who))
        await self.database.settle()
        decoded: dict[str, Any] = orjson.loads(orjson.dumps(answer))
        return decoded

    @property
    def statements(self) -> list[str]:
        """The statements of the last operation."""
        return self.database.statements

    async def data(self, who: str | None, query: str, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        answer = await self(who, query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@pytest.fixture
def graph(database: NotingDatabase, world: World) -> Graph:
    """The graph as it is served: reads are compiled to one statement."""
    return Graph(database, world)


@pytest.fixture
def resolved(database: NotingDatabase, world: World) -> Graph:
    """The same graph with every field resolved in Python, one batched statement an edge."""
    return Graph(database, world, Executor(executor.schema, compiles=False))


def built(url: str) -> World:
    """The small world, in a database that had nothing in it."""
    migrations.upgrade(url)
    return asyncio.run(_build(url))


async def _build(url: str) -> World:
    database = Database(url, keyring=KEYRING)
    try:
        return await worlds.build(database)
    finally:
        await database.close()

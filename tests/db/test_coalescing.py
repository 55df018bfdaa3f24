"""Runs of one statement: sent together, also those that wait for a connection, each answered for itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from asyncpg import DivisionByZeroError
from sqlalchemy import ARRAY, Integer, Uuid, bindparam, func, select

from db import coalescing, tables
from db.coalescing import Coalescer
from db.engine import Database
from db.errors import Overloaded
from db.failures import Failure, failure_of
from db.pool import Pool
from db.statements import Arguments, Statement, compiled
from db.tables import MembershipStatus
from tests.db.waiting import until
from tests.deadline import DEADLINE
from tests.world import World

NUMBER: Any = bindparam("number", type_=Integer(), value=None, required=False)
PID = func.pg_backend_pid()
DOUBLE = compiled(select((NUMBER + NUMBER).label("double")))
NAP = compiled(select(NUMBER).where(func.pg_sleep(NUMBER).is_not(None)))


async def rows(database: Database, statement: Statement, *values: dict[str, Any]) -> list[Any]:
    """The rows of reads that come at the same moment."""
    asked = (database.fetch(statement, statement.arguments(one)) for one in values)
    return await asyncio.gather(*asked, return_exceptions=True)


def numbers(*numbers: int) -> list[dict[str, Any]]:
    return [{"number": number} for number in numbers]


async def test_each_is_answered_with_its_own_row(database: Database) -> None:
    double = compiled(select((NUMBER * 2).label("double")))
    assert [tuple(row) for row in await rows(database, double, *numbers(3, 1, 2))] == [(6,), (2,), (4,)]


async def test_reads_of_one_moment_are_one_statement(database: Database) -> None:
    """One transaction has one time."""
    moment = compiled(select(NUMBER, func.now()))
    assert len({row[1] for row in await rows(database, moment, *numbers(1, 2, 3, 4))}) == 1


async def test_many_are_shared_out_to_several_connections(database: Database) -> None:
    process = compiled(select(NUMBER, PID))
    found = await rows(database, process, *numbers(*range(17)))
    assert [row[0] for row in found] == list(range(17))
    assert len({row[1] for row in found}) == 3


async def test_who_finds_nothing_gets_nothing_and_the_others_their_rows(database: Database, world: World) -> None:
    user = tables.User.__table__
    name = compiled(select(user.c.name).where(user.c.id == bindparam("key", type_=Uuid())))
    found = await rows(database, name, {"key": world.ada.id}, {"key": UUID(int=0)}, {"key": world.ben.id})
    assert [row and row[0] for row in found] == [b"Ada", None, b"Ben"]


async def test_what_fails_for_one_fails_for_none_of_the_others(database: Database) -> None:
    quotient = compiled(select((12 / NUMBER).label("quotient")))
    found = await rows(database, quotient, *numbers(3, 0, 4))
    assert [row if isinstance(row, Exception) else row[0] for row in (found[0], found[2])] == [4, 3]
    assert "division by zero" in str(found[1])


async def test_a_value_that_fits_no_parameter_is_the_fault_of_one(database: Database) -> None:
    same = compiled(select(NUMBER.label("same")))
    found = await rows(database, same, *numbers(1, 2**40))
    assert found[0][0] == 1
    assert "out of int32 range" in str(found[1])


async def test_one_that_takes_long_keeps_no_other_of_its_batch_waiting(database: Database) -> None:
    naps = [NAP.arguments({"number": number}) for number in (0, 2 * DEADLINE, 0)]
    asked = [asyncio.create_task(database.fetch(NAP, nap)) for nap in naps]
    async with asyncio.timeout(DEADLINE):
        assert [row and tuple(row) for row in await asyncio.gather(asked[0], asked[2])] == [(0,), (0,)]
    assert not asked[1].done()
    await until(database, NAPPING, n=1)  # before it runs there would be nothing to cancel
    asked[1].cancel()
    await until(database, NAPPING, n=0)


async def test_a_statement_that_took_too_long_together_is_run_one_by_one_for_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coalescing, "APART", 60)
    process = compiled(select(NUMBER, PID, func.pg_sleep(NUMBER)))
    asked = [asyncio.create_task(database.fetch(process, process.arguments({"number": n}))) for n in (60, 0)]
    await asked[1]
    assert len({row[1] for row in await rows(database, process, *numbers(0, 0, 0))}) == 3
    database.reads._apart[process.sql] = 0
    assert len({row[1] for row in await rows(database, process, *numbers(0, 0, 0))}) == 1
    asked[0].cancel()


async def test_what_takes_too_long_by_itself_fails_alone(database: Database) -> None:
    for connections in (database.readers, database.heavy_readers):
        connections._connect = hurried(connections._connect)
    found = await rows(database, NAP, *numbers(60, 0))
    assert failure_of(found[0]) is Failure.TOO_SLOW
    assert tuple(found[1]) == (0,)


def hurried(connect: Any) -> Any:
    """Connections on which a statement may take a second."""

    async def connecting() -> Any:
        connection = await connect()
        await connection.execute("SET statement_timeout = '1s'")
        return connection

    return connecting


async def test_a_parameter_that_the_declarations_fix_is_one_for_all(database: Database, world: World) -> None:
    member = tables.ProjectMember.__table__
    active = select(func.count()).where(member.c.status == MembershipStatus.ACTIVE, member.c.user_id == _key())
    found = await rows(database, compiled(active), {"key": world.ben.id}, {"key": UUID(int=0)})
    assert [row[0] > 0 for row in found] == [True, False]


async def test_statements_with_arrays_are_run_one_by_one(database: Database) -> None:
    total = compiled(select(func.cardinality(bindparam("keys", type_=ARRAY(Uuid())))))
    found = await rows(database, total, {"keys": [UUID(int=1)]}, {"keys": []})
    assert [row[0] for row in found] == [1, 0]


async def test_what_is_given_up_before_it_is_sent_is_not_run(database: Database) -> None:
    """It is sent at the end of the turn of the event loop in which it is asked for."""
    statements: list[str] = []
    run = database.reads.run

    async def noting(sql: str, *given: Any, **options: Any) -> Any:
        statements.append(sql)
        return await run(sql, *given, **options)

    database.reads.run = noting
    asked = [asyncio.create_task(database.fetch(NAP, NAP.arguments({"number": number}))) for number in (60, 0)]
    asyncio.get_running_loop().call_soon(asked[0].cancel)
    assert await asked[1]
    assert statements == [NAP.sql]


async def test_a_statement_ends_in_the_database_when_nobody_waits_for_it(database: Database) -> None:
    slow = compiled(select(func.pg_sleep(NUMBER * 60)))
    asked = [asyncio.create_task(database.fetch(slow, slow.arguments({"number": number}))) for number in (1, 2)]
    await until(database, SLEEPING, n=1)
    asked[0].cancel()
    await asyncio.wait([asked[0]])
    await until(database, SLEEPING, n=1)
    asked[1].cancel()
    await until(database, SLEEPING, n=0)


class Slow:
    """A coalescer over a single connection, on which nothing comes back before the test says so."""

    def __init__(self, pool: Pool, *, size: int = 10) -> None:
        self.coalescer = Coalescer(pool, size=size)
        self.coalescer.run, self._run = self.run, self.coalescer.run
        self.sizes: list[int] = []
        self.answers = asyncio.Event()

    async def run(self, sql: str, arguments: Arguments, **_options: Any) -> Any:
        self.sizes.append(len(arguments[0]) if sql == DOUBLE.together else 1)
        await self.answers.wait()
        return await self._run(sql, arguments)

    def ask(self, number: int) -> asyncio.Task[Any]:
        return asyncio.create_task(self.coalescer.fetch(DOUBLE, [number]))

    async def ask_first(self, number: int) -> asyncio.Task[Any]:
        """Ask and wait until the connection is busy with it."""
        task = self.ask(number)
        while not self.sizes:
            await asyncio.wait([task], timeout=0)
        return task


@pytest.fixture
async def one(database: Database) -> AsyncIterator[Pool]:
    """A single connection, which is waited for."""
    opened = Pool(database._connect_reader, size=1, timeout=DEADLINE)
    yield opened
    opened.close()


async def test_what_comes_while_all_are_busy_gathers_in_wide_batches(one: Pool) -> None:
    slow = Slow(one)
    asked = [await slow.ask_first(0), *map(slow.ask, range(1, 31))]
    await asyncio.wait(asked, timeout=0)
    slow.answers.set()
    assert [row[0] for row in await asyncio.gather(*asked)] == [2 * number for number in range(31)]
    assert slow.sizes == [1, 10, 10, 10]


async def test_a_failure_keeps_nobody_else_waiting(one: Pool) -> None:
    quotient = compiled(select((NUMBER / NUMBER).label("quotient")))
    coalescer = Coalescer(one, size=1)
    asked = [asyncio.create_task(coalescer.fetch(quotient, [number])) for number in (0, 1)]
    failed, answered = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(failed, DivisionByZeroError)
    assert tuple(answered) == (1,)  # type: ignore[arg-type]


async def test_none_joins_those_who_have_all_left(one: Pool) -> None:
    slow = Slow(one)
    first, left = await slow.ask_first(1), slow.ask(2)
    await asyncio.wait([left], timeout=0)
    left.cancel()
    await asyncio.wait([left])
    last = slow.ask(3)
    slow.answers.set()
    async with asyncio.timeout(DEADLINE):
        assert [row[0] for row in await asyncio.gather(first, last)] == [2, 6]


async def test_who_leaves_while_it_waits_keeps_nobody_else_waiting(one: Pool) -> None:
    slow = Slow(one, size=1)
    first, left, last = await slow.ask_first(0), slow.ask(1), slow.ask(2)
    await asyncio.wait([left], timeout=0)
    left.cancel()
    slow.answers.set()
    async with asyncio.timeout(DEADLINE):
        assert [row[0] for row in await asyncio.gather(first, last)] == [0, 4]


async def test_who_waits_too_long_for_a_connection_is_refused_with_all_who_joined(one: Pool) -> None:
    slow = Slow(one)
    first = await slow.ask_first(0)
    one.timeout = 0.05
    refused = await asyncio.gather(slow.ask(1), slow.ask(2), return_exceptions=True)
    assert [type(error) for error in refused] == [Overloaded, Overloaded]
    slow.answers.set()
    assert (await first)[0] == 0


NAPPING = """SELECT count(*) = :n FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep($1%'"""
SLEEPING = """SELECT count(*) = :n FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
    AND query LIKE '%pg_sleep(asked."number"%'"""


def _key() -> Any:
    return bindparam("key", type_=Uuid())

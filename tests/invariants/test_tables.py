"""What holds for every table, asked of PostgreSQL itself."""

import pytest
from sqlalchemy import text

from db.base import tables
from db.engine import Database

pytestmark = pytest.mark.asyncio(loop_scope="session")

WITHOUT_INDEX: dict[str, str] = {}
"""The foreign keys without an index, as `table.column`, with the reason why nobody looks for their rows."""

UNINDEXED = text("""
    SELECT c.conrelid::regclass || '.' || a.attname
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1] AND i.indpred IS NULL
    )
""")
COLUMNS = text("""
    SELECT table_name, is_nullable, data_type, column_default
    FROM information_schema.columns WHERE table_schema = 'public' AND column_name = :name
""")
TIMES = text("""
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type IN ('timestamp with time zone', 'date')
""")
FINITE = text("""
    SELECT conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS check
    FROM pg_constraint WHERE contype = 'c' AND conname LIKE 'ck\\_%\\_finite'
""")
CURRENCIES = text("""
    SELECT table_name || '.' || column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name LIKE '%currency'
""")
CODES = text("""
    SELECT c.conrelid::regclass || '.' || a.attname
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND ARRAY[a.attnum] = c.conkey
    WHERE c.contype = 'c' AND a.attname LIKE '%currency' AND pg_get_constraintdef(c.oid) LIKE '%^[A-Z]{3}$%'
""")
TRIGGERS = text("""
    SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'touch_updated_at' AND tgenabled = 'O'
    AND tgparentid = 0  -- a partition has that of its table
""")


async def test_a_foreign_key_leads_an_index(database: Database) -> None:
    async with database.read() as session:
        assert set(await session.scalars(UNINDEXED)) == set(WITHOUT_INDEX)


async def test_every_table_knows_when_its_rows_were_made(database: Database) -> None:
    async with database.read() as session:
        found = {row.table_name: tuple(row)[1:] for row in await session.execute(COLUMNS, {"name": "created_at"})}
    assert found == {table.__tablename__: ("NO", "timestamp with time zone", "now()") for table in tables()}


async def test_the_database_keeps_the_time_of_the_last_change(database: Database) -> None:
    async with database.read() as session:
        changing = set(await session.scalars(COLUMNS, {"name": "updated_at"}))
        assert changing == set(await session.scalars(TRIGGERS))
    assert changing


async def test_no_time_is_infinite(database: Database) -> None:
    async with database.read() as session:
        checks = {row.table: row.check for row in await session.execute(FINITE)}
        times = list(await session.execute(TIMES))
    assert len(times) > len(checks) > 0
    assert [tuple(row) for row in times if f"isfinite({row.column_name})" not in checks[row.table_name]] == []


async def test_what_names_a_currency_is_a_code(database: Database) -> None:
    async with database.read() as session:
        named, checked = set(await session.scalars(CURRENCIES)), set(await session.scalars(CODES))
    assert named
    assert named == checked


async def test_every_key_is_a_uuid_that_the_application_makes(database: Database) -> None:
    async with database.read() as session:
        found = {row.table_name: tuple(row)[1:] for row in await session.execute(COLUMNS, {"name": "id"})}
    assert found == {table.__tablename__: ("NO", "uuid", None) for table in tables()}

"""The migrations lead to the same database as the tables, and there is nothing left to migrate."""

import asyncio
import re
import shutil
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import db.tables  # noqa: F401  (declares the tables)
from db import migrations
from db.address import Address
from db.base import Base
from db.errors import CannotRun
from tests.markdown import ROOT

Catalog = dict[str, set[tuple[Any, ...]]]

CATALOG = {
    "columns": """
        SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attgenerated,
               pg_get_expr(adbin, adrelid)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
        WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped AND relnamespace = 'public'::regnamespace
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "indexes": """
        SELECT pg_get_indexdef(indexrelid)
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace
    """,
    # A partition has those of its table.
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0",
    "partitions": """
        SELECT inhparent::regclass::text, pg_get_partkeydef(inhparent), inhrelid::regclass::text
        FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid AND relkind = 'r'
        WHERE pg_get_expr(relpartbound, pg_class.oid) = 'DEFAULT'
    """,
    "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "labels": """
        SELECT typname, enumlabel, row_number() OVER (PARTITION BY typname ORDER BY enumsortorder)
        FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid
    """,
}


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database that the migrations made."""
    made = create_async_engine(database_url)
    yield made
    await made.dispose()


async def catalog(engine: AsyncEngine) -> Catalog:
    """All that PostgreSQL knows of the tables, but for Alembic's own."""
    async with engine.connect() as connection:
        found = {kind: await connection.execute(text(query)) for kind, query in CATALOG.items()}
        return {kind: {tuple(row) for row in rows if "alembic_version" not in str(row)} for kind, rows in found.items()}


async def test_the_migrations_make_the_same_database_as_the_tables(engine: AsyncEngine) -> None:
    migrated = await catalog(engine)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
        await connection.run_sync(Base.metadata.create_all)
    declared = await catalog(engine)
    assert all(migrated.values())
    for kind, expected in declared.items():
        assert migrated[kind] == expected, f"the {kind} differ: write the revision with scripts/migration"


def test_each_enumeration_is_made_by_one_revision() -> None:
    """In a database that was there before, the second one to make it would fail."""
    made = Counter(
        name
        for file in Path(migrations.__path__[0], "versions").glob("*.py")
        for name in set(re.findall(r"sa\.Enum\([^()]*name='(\w+)'\)(?!.*create_type)", file.read_text()))
    )
    assert made
    assert [name for name, revisions in made.items() if revisions > 1] == []


TABLE = """

class Weather(Words):
    SUNNY = "SUNNY", "No clouds."


class Outing(Base, access=through("project_id"), prefix="out"):
    __tablename__ = "outings"
    project_id: Mapped[UUID] = refers("specification_projects")
    weather: Mapped[Weather]
    phase: Mapped[SpecificationPhase]
"""
REVISION = "import sys; from db import migrations as m; m.revision(sys.argv[1], 'outings'); m.upgrade(sys.argv[1])"


async def test_a_revision_makes_the_enumerations_that_are_not_there(
    tmp_path: Path, engine: AsyncEngine, database_url: str
) -> None:
    shutil.copytree(ROOT / "db", tmp_path / "db", ignore=shutil.ignore_patterns("data"))
    tables = tmp_path / "db/tables/specs.py"
    tables.write_text(f"{tables.read_text()}\nfrom db.enums import Words\n{TABLE}")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", REVISION, database_url), cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, stderr=PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    made = {(name, type_) for table, name, type_, *_ in (await catalog(engine))["columns"] if table == "outings"}
    assert made >= {("weather", "weather"), ("phase", "specificationphase")}


async def test_there_is_nothing_left_to_migrate(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


def test_the_revisions_are_one_line_without_branches() -> None:
    revisions = ScriptDirectory.from_config(migrations._config("postgresql://"))
    assert len(revisions.get_heads()) == 1
    assert len(revisions.get_bases()) == 1


def test_migrating_a_second_time_changes_nothing(database_url: str) -> None:
    migrations.upgrade(database_url)


async def test_a_migration_gives_up_soon_on_a_lock(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "100ms")
    engine = Address.parse(database_url).engine()
    async with engine.begin() as connection:
        await connection.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(CannotRun, match="waited too long for a lock"):
            await asyncio.to_thread(migrations.upgrade, database_url)
    await engine.dispose()


async def test_a_role_that_may_not_create_the_extension_is_told_what_to_do(database_url: str) -> None:
    url = Address.parse(database_url)
    connection = await url.reach()
    revisions = ScriptDirectory.from_config(migrations._config("postgresql://")).walk_revisions()
    (before,) = (one.down_revision for one in revisions if one.doc.startswith("parts of names"))
    await connection.execute("DROP EXTENSION pg_trgm CASCADE")
    await connection.execute("UPDATE alembic_version SET version_num = $1", before)
    await connection.execute("CREATE ROLE plain_migrator LOGIN; GRANT ALL ON SCHEMA public TO plain_migrator")
    await connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain_migrator")
    try:
        plain = make_url(database_url).set(username="plain_migrator").render_as_string(hide_password=False)
        with pytest.raises(CannotRun, match="CREATE EXTENSION pg_trgm"):
            await asyncio.to_thread(migrations.upgrade, plain)
    finally:
        await connection.execute("DROP OWNED BY plain_migrator; DROP ROLE plain_migrator")
        await connection.close()

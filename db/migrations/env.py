"""How Alembic reaches the database and what it adds to a generated revision."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any, Literal

from alembic import context
from alembic.operations import ops
from sqlalchemy import Connection, Enum, text
from sqlalchemy.pool import NullPool

import db.tables  # noqa: F401  (declares the tables)
from db import migrations, partitions
from db.address import Address
from db.base import TOUCH, Base, touch_trigger
from db.columns import JsonOf

# What a role may be held to is no limit of a migration. It waits for its turn among processes that start at once.
TURN = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL lock_timeout = '10min'",
    "SELECT pg_advisory_xact_lock(hashtext('trellis migrations'))",
    f"SET LOCAL lock_timeout = '{migrations.LOCK_TIMEOUT}'",
)

ENUMERATIONS = "SELECT typname FROM pg_type WHERE typtype = 'e'"
"""The enumerations that there are."""


async def migrate(url: str) -> None:
    """Run what the command asks for, in one transaction."""
    engine = Address.parse(url).engine(poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def run(connection: Connection) -> None:
    """Run it on a connection."""
    # A revision is written when the connection is closed.
    known = frozenset(connection.scalars(text(ENUMERATIONS)))
    connection.rollback()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        process_revision_directives=complete,
        render_item=partial(rendered, known),
    )
    with context.begin_transaction():
        for statement in TURN:
            connection.execute(text(statement))
        context.run_migrations()
        partitions.arrange(connection)


def rendered(known: frozenset[str], kind: str, item: Any, written: Any) -> str | Literal[False]:
    """JSON that is checked against a model is JSON to the database, and an enumeration that is there is not made again;
    anything else is written as Alembic writes it.
    """
    written.imports.add("from sqlalchemy.dialects import postgresql")
    if kind == "type" and isinstance(item, JsonOf):
        return "postgresql.JSONB()"
    if kind == "type" and isinstance(item, Enum) and item.name in known:
        return f"postgresql.ENUM(name={item.name!r}, create_type=False)"
    return False


def complete(_context: Any, _revision: Any, directives: list[ops.MigrationScript]) -> None:
    """Give every new table what Alembic does not compare: its trigger for `updated_at`, and its default partition."""
    for script in directives:
        upgrade = script.upgrade_ops
        if upgrade is None:
            continue
        created = created_tables(upgrade.ops)
        cut = [table.table_name for table in created if Base.metadata.tables[table.table_name] in partitions.declared]
        upgrade.ops.extend(ops.ExecuteSQLOp(partitions.default_partition(name)) for name in cut)
        touched = [table.table_name for table in created if "updated_at" in table.to_table().c]
        if touched:
            upgrade.ops.insert(0, ops.ExecuteSQLOp(TOUCH))
            upgrade.ops.extend(ops.ExecuteSQLOp(touch_trigger(name)) for name in touched)


def created_tables(operations: Iterable[ops.MigrateOperation]) -> list[ops.CreateTableOp]:
    """The tables that a revision creates."""
    return [operation for operation in operations if isinstance(operation, ops.CreateTableOp)]


asyncio.run(migrate(context.config.attributes["database_url"]))

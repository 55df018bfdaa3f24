"""How Alembic reaches the database and what it adds to a generated revision."""

import asyncio
from collections.abc import Iterable
from typing import Any

from alembic import context
from alembic.operations import ops
from sqlalchemy import Connection, text
from sqlalchemy.pool import NullPool

import db.tables  # noqa: F401  (declares the tables)
from db.address import Address
from db.base import TOUCH, Base, touch_trigger

# What a role may be held to is no limit of a migration, which can take its time. It waits for its turn among processes
# that start at once; but whoever comes after it waits behind it for a lock, so it gives up on those soon.
TURN = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL lock_timeout = '10min'",
    "SELECT pg_advisory_xact_lock(hashtext('trellis migrations'))",
    "SET LOCAL lock_timeout = '10s'",
)


async def migrate(url: str) -> None:
    """Run what the command asks for, in one transaction."""
    engine = Address.parse(url).engine(poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def run(connection: Connection) -> None:
    """Run it on a connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        process_revision_directives=add_triggers,
    )
    with context.begin_transaction():
        for statement in TURN:
            connection.execute(text(statement))
        context.run_migrations()


def add_triggers(_context: Any, _revision: Any, directives: list[ops.MigrationScript]) -> None:
    """Give every new table with `updated_at` its trigger: Alembic compares no triggers."""
    for script in directives:
        upgrade = script.upgrade_ops
        if upgrade is None:
            continue
        created = [table for table in created_tables(upgrade.ops) if "updated_at" in table.to_table().c]
        if created:
            upgrade.ops.insert(0, ops.ExecuteSQLOp(TOUCH))
            upgrade.ops.extend(ops.ExecuteSQLOp(touch_trigger(table.table_name)) for table in created)


def created_tables(operations: Iterable[ops.MigrateOperation]) -> list[ops.CreateTableOp]:
    """The tables that a revision creates."""
    return [operation for operation in operations if isinstance(operation, ops.CreateTableOp)]


asyncio.run(migrate(context.config.attributes["database_url"]))

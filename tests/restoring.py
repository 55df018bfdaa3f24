"""What a database held at a moment, and how a copy of it comes back to that: to make another copy takes PostgreSQL
six times as long.
"""

import io
from dataclasses import dataclass
from typing import Any

from asyncpg import Connection

TABLES = """
    SELECT nspname, relname FROM pg_class JOIN pg_namespace AS schemas ON schemas.oid = relnamespace
    WHERE relkind = 'r' AND NOT relisshared AND nspname NOT IN ('pg_toast', 'information_schema') ORDER BY 1, 2"""
COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"""
SEQUENCES = """
    SELECT schemaname, sequencename, coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences"""
YOUNG = "coalesce(min(age(xmin)) <= age($1::text::xid), false)"
"""Whether there is a row that was written by the transaction with this id, or by a later one."""


@dataclass(frozen=True)
class Table:
    """What a table held."""

    schema: str
    name: str
    size: int
    columns: list[str] | None = None
    rows: bytes = b""

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def is_changed(self) -> str:
        """SQL for whether it holds other rows, or other versions of them."""
        return f"SELECT {YOUNG} OR count(*) != {self.size} FROM {self.full_name}"  # noqa: S608  (a name of ours)

    @classmethod
    async def read(cls, connection: Connection, schema: str, name: str) -> "Table":
        """What it holds."""
        size = await connection.fetchval(f"SELECT count(*) FROM {schema}.{name}")  # noqa: S608  (a name of ours)
        if schema == "pg_catalog":
            return cls(schema, name, size)  # a change of it is not undone
        columns = [column for (column,) in await connection.fetch(COLUMNS, f"{schema}.{name}")]
        rows = io.BytesIO()
        await connection.copy_from_table(name, schema_name=schema, columns=columns, output=rows)
        return cls(schema, name, size, columns, rows.getvalue())

    async def restore(self, connection: Connection) -> None:
        await connection.execute(f"DELETE FROM {self.full_name}")  # noqa: S608  (a name of ours)
        if self.size:
            rows = io.BytesIO(self.rows)
            await connection.copy_to_table(self.name, schema_name=self.schema, columns=self.columns, source=rows)


@dataclass(frozen=True)
class Contents:
    """The rows of all tables of a database, and where its sequences are."""

    catalogs: list[Table]
    """The tables in which PostgreSQL describes the database."""
    tables: list[Table]
    sequences: list[Any]

    @classmethod
    async def read(cls, connection: Connection) -> "Contents":
        """What the database holds."""
        tables = [await Table.read(connection, schema, name) for schema, name in await connection.fetch(TABLES)]
        catalogs = [table for table in tables if table.schema == "pg_catalog"]
        return cls(catalogs, [table for table in tables if table not in catalogs], await connection.fetch(SEQUENCES))

    async def restore(self, connection: Connection, since: str) -> bool:
        """Bring back the tables that were written to by the transaction with this id or by later ones.

        Or tell that something else was changed than rows, and do nothing. The connection is one on which no trigger
        runs (`session_replication_role`).
        """
        if await _changed(connection, self.catalogs, since):
            return False
        async with connection.transaction():
            for table in await _changed(connection, self.tables, since):
                await table.restore(connection)
            await connection.execute(" ".join(_set(*sequence) for sequence in self.sequences))
        return True


async def _changed(connection: Connection, tables: list[Table], since: str) -> list[Table]:
    found = await connection.fetch(" UNION ALL ".join(table.is_changed for table in tables), since)
    return [table for table, (is_changed,) in zip(tables, found, strict=True) if is_changed]


def _set(schema: str, name: str, value: int, is_called: bool) -> str:
    return f"SELECT setval('{schema}.{name}', {value}, {is_called});"

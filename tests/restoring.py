"""What a database held at a moment, and how a copy of it comes back to that: to make another copy takes PostgreSQL
six times as long.
"""

from dataclasses import dataclass

from asyncpg import Connection

WRITTEN = """
    SELECT oid, pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid) + pg_stat_get_tuples_deleted(oid)
    FROM pg_class WHERE relkind = 'r' AND NOT relisshared
    UNION ALL SELECT oid, coalesce(pg_sequence_last_value(oid), 0) FROM pg_class WHERE relkind = 'S'"""
"""How many rows were written to each table, kept or not, and where each sequence is."""
REPORT = "SELECT pg_stat_force_next_flush();"
"""Makes a session report what it has written when this is done: by itself it does so once a second, and at its end."""
TABLES = """
    SELECT pg_class.oid, format('%I.%I', nspname, relname),
        array_agg(quote_ident(attname) ORDER BY attnum) FILTER (WHERE attgenerated = '')
    FROM pg_class JOIN pg_namespace AS schemas ON schemas.oid = relnamespace
    JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema') AND attnum > 0 AND NOT attisdropped
    GROUP BY 1, 2"""
SEQUENCES = """
    SELECT pg_class.oid, format('SELECT setval(%L, %s, %L);', pg_class.oid::regclass,
        coalesce(last_value, start_value), last_value IS NOT NULL)
    FROM pg_sequences JOIN pg_class ON pg_class.oid = format('%I.%I', schemaname, sequencename)::regclass"""

Written = dict[int, int]
"""What was written to each table and sequence."""


@dataclass(frozen=True)
class Contents:
    """The rows of all tables of a database, and where its sequences are."""

    parts: dict[int, str]
    """The statements that bring each table or sequence back to what it held, whatever it holds."""
    written: Written
    """What is written to a copy that nobody has used."""

    @classmethod
    async def read(cls, connection: Connection) -> "Contents":
        """What the database holds."""
        sequences = dict(await connection.fetch(SEQUENCES))
        parts = {oid: await _filling(connection, *table) for oid, *table in await connection.fetch(TABLES)}
        written = await _written(connection)
        return cls(parts | sequences, {oid: written[oid] for oid in sequences})

    async def restore(self, connection: Connection, since: Written) -> Written | None:
        """Bring back what was written to since then, and say what is written to the copy by now.

        Or tell that something else was changed than rows, and do nothing. The connection is one on which no trigger
        runs (`session_replication_role`).
        """
        written = await _written(connection)
        changed = [oid for oid, count in written.items() if count != since.get(oid, 0)]
        if not changed:
            return since
        if not self.parts.keys() >= {*changed}:
            return None
        await connection.execute("".join([*(self.parts[oid] for oid in changed), REPORT]))
        return await _written(connection)


async def _written(connection: Connection) -> Written:
    return dict(await connection.fetch(WRITTEN))


async def _filling(connection: Connection, table: str, columns: list[str]) -> str:
    """The statements with which a table holds what it holds now."""
    values = ", ', ', ".join(f"quote_nullable({column}::text)" for column in columns)
    rows = await connection.fetch(f"SELECT concat('(', {values}, ')') FROM {table}")  # noqa: S608  (names of ours)
    emptied = f"DELETE FROM {table};"  # noqa: S608  (a name of ours)
    if not rows:
        return emptied
    into = f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
    return f"{emptied}{into} VALUES {', '.join(row for (row,) in rows)};"

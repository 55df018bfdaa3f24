"""Partitions: the rows of a large table in one part a month, of which the oldest goes when its time is over.

They are cut by ranges of the id, which grows with time (UUID version 7): so the id stays the only key, and a read of
one row looks into one partition. Rows of a month without a partition are in the default partition until it has one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, UniqueConstraint, delete, text

SCHEMA = "partitions"
"""The schema of all partitions: nobody has rights on it, so they are read and written as the table alone."""
RETENTION_ROLE = "trellis_retention"
"""The role in which rows are deleted that an organization keeps no longer: see `db.actions.retention`."""
AHEAD = 3
"""Months for which there are partitions before they begin."""
HAS_PARTITIONS = text("SELECT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = to_regclass(:table))")
PARTITIONS = text("""
    SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = to_regclass(:table)
""")


@dataclass(frozen=True, slots=True)
class Monthly:
    """Partitions of a month. One that has been over for so many days is dropped."""

    days: int


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month, in UTC."""

    year: int
    number: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        return cls(moment.year, moment.month)

    @classmethod
    def of_id(cls, id_: UUID) -> "Month":
        """The month in which an id was made."""
        return cls.of(datetime.fromtimestamp((id_.int >> 80) / 1000, UTC))

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def first_id(self) -> UUID:
        """The least id that can be made in this month or later."""
        return least_id(self.start)

    def later(self, months: int) -> "Month":
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def partition(self, table: Table) -> str:
        return f"{SCHEMA}.{table.name}_{self.year:04}_{self.number:02}"


def least_id(moment: datetime) -> UUID:
    """The least id that can be made at a moment or later."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


declared: dict[Table, Monthly] = {}
"""The tables with partitions."""
companions: dict[Table, str] = {}
"""The tables whose rows have the ids of rows of a partitioned table, with its name: they go with these."""


def declare(table: Any, by: Monthly | None, *, kept_with: str) -> None:
    """Declare that a table has partitions, or that its rows go with those of one that has them."""
    if kept_with:
        companions[table] = kept_with
    if by:
        rules = *table.constraints, *table.indexes
        if any(isinstance(rule, UniqueConstraint) or getattr(rule, "unique", False) for rule in rules):
            raise TypeError(f"{table.name} has partitions: what is unique beside its id is for a table kept_with it.")
        table.dialect_kwargs["postgresql_partition_by"] = "RANGE (id)"
        declared[table] = by


def default_partition(table: str) -> str:
    """The statement that makes the default partition of a table."""
    return f"CREATE TABLE {_default(table)} PARTITION OF {table} DEFAULT"


def arrange(connection: Connection, *, now: datetime | None = None) -> None:
    """Make the partitions of this month and the next ones, and drop those whose time is over, in a transaction.

    Rows of a month that had none are moved into its new partition. Rows whose ids are older than what is kept, such as
    those of an import, stay in the default partition.
    """
    now = now or datetime.now(UTC)
    for table, by in declared.items():
        if connection.scalar(HAS_PARTITIONS, {"table": table.name}):
            _arrange(connection, table, now, oldest=Month.of(now - timedelta(days=by.days)))


def _arrange(connection: Connection, table: Table, now: datetime, *, oldest: Month) -> None:
    this, made = Month.of(now), _made(connection, table)
    needed = {this.later(months) for months in range(AHEAD + 1)}
    needed |= set(_waiting(connection, table, oldest, this.later(AHEAD + 1)))
    for month in sorted(needed - made):
        _make(connection, table, month)
    for month in sorted(made):
        if month < oldest:
            _drop(connection, table, month)


def _made(connection: Connection, table: Table) -> set[Month]:
    """The months that a table has partitions of."""
    found = connection.scalars(PARTITIONS, {"table": table.name})
    months = (re.fullmatch(rf"{table.name}_(\d{{4}})_(\d\d)", name) for name in found)
    return {Month(int(month[1]), int(month[2])) for month in months if month}


def _waiting(connection: Connection, table: Table, first: Month, end: Month) -> Iterator[Month]:
    """The months from the first one to before the end that the default partition has rows of."""
    rows = f"SELECT id FROM {_default(table.name)} WHERE id >= :first AND id < :end"  # noqa: S608  (a name, no value)
    next_row = text(f"{rows} ORDER BY id LIMIT 1")
    while (id_ := connection.scalar(next_row, {"first": first.first_id, "end": end.first_id})) is not None:
        yield (month := Month.of_id(id_))
        first = month.later(1)


def _make(connection: Connection, table: Table, month: Month) -> None:
    """Make the partition of a month. Whoever writes to the default partition is waited for, or waits."""
    name, default = month.partition(table), _default(table.name)
    first, end = month.first_id, month.later(1).first_id
    given = ", ".join(column.name for column in table.c if column.computed is None)  # the others are worked out anew
    moved = f"DELETE FROM {default} WHERE id >= '{first}' AND id < '{end}' RETURNING {given}"  # noqa: S608  (names)
    for statement in (
        # The lock that is needed last: to want more while somebody waits would be a deadlock.
        f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE {table.name} INCLUDING ALL EXCLUDING IDENTITY)",
        f"ALTER TABLE {default} DISABLE TRIGGER USER",  # nothing is changed
        f"WITH moved AS ({moved}) INSERT INTO {name} ({given}) SELECT * FROM moved",  # noqa: S608  (names)
        f"ALTER TABLE {default} ENABLE TRIGGER USER",
        f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ('{first}') TO ('{end}')",
    ):
        connection.execute(text(statement))


def _drop(connection: Connection, table: Table, month: Month) -> None:
    """Drop the partition of a month, and what goes with its rows."""
    for companion in [one for one, name in companions.items() if name == table.name]:
        is_of_month = companion.c.id >= month.first_id, companion.c.id < month.later(1).first_id
        connection.execute(delete(companion).where(*is_of_month))
    connection.execute(text(f"DROP TABLE {month.partition(table)}"))


def _default(table: str) -> str:
    return f"{SCHEMA}.{table}_default"

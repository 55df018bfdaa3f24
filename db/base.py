"""The base of every table: keys, times, names of constraints, and the rule that no table exists without access."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    Text,
    event,
    func,
    text,
)
from sqlalchemy import Enum as EnumType
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db import partitions
from db.access import Rule, slice_of, slices
from db.closed import Closed
from db.constraints import SAYS, check, learn, too_long
from db.references import OUTLIVES
from db.rules import declare
from db.transitions import TRANSITIONS, Transitions

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]

COMPLETES = "completes"
"""The function of a column that makes the constraint it comes with, from the column."""


def new_id() -> UUID:
    """A UUID version 7: unique everywhere, and sorted by the time it was made."""
    return uuid_utils.compat.uuid7()


class Base(DeclarativeBase):
    """A table. Its class line says who may do what with a row, which states close it, and the prefix of its public ids.

    >>> class Comment(Base, access=through("thread_id"), prefix="cmt"): ...

    A row is called by the last word of its class, or by the `noun` that the line has: see `db.roots.noun`.

    `partitioned` says how long the rows of a large table are kept, see `db.partitions`. Rows of a table that is
    `kept_with` such a one have the ids of its rows, and go with them.
    """

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        Decimal: Numeric(12, 2),
        Json: JSONB,
        list[str]: ARRAY(Text),
        StrEnum: EnumType(StrEnum),
    }

    prefix: ClassVar[str]
    noun: ClassVar[str]

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)

    def __init_subclass__(
        cls,
        *,
        access: Rule | None = None,
        closed: Closed | None = None,
        prefix: str = "",
        noun: str = "",
        partitioned: partitions.Monthly | None = None,
        kept_with: str = "",
        **options: Any,
    ) -> None:
        if access is None or not prefix:
            raise TypeError(f"{cls.__name__} needs a rule and a prefix: class {cls.__name__}(Base, access=…, prefix=…)")
        cls.prefix, cls.noun = prefix, noun
        super().__init_subclass__(**options)
        declare(cls.__table__, access, closed)
        slices[cls.__table__] = slice_of(cls.__module__)
        partitions.declare(cls.__table__, partitioned, kept_with=kept_with)
        _complete(cls.__table__)
        _keep_times_finite(cls.__table__)
        learn(cls.__table__)

    @property
    def public_id(self) -> str:
        """The id that the graph shows: `cmt_0193…`, the prefix and the 32 hex digits of the key."""
        return f"{self.prefix}_{self.id.hex}"


def _keep_times_finite(table: Any) -> None:
    """PostgreSQL knows an infinite time, and neither Python nor ISO 8601 does: no column takes it."""
    times = [column.name for column in table.c if isinstance(column.type, Date | DateTime)]
    finite = " AND ".join(f"isfinite({name})" for name in times)
    table.append_constraint(check(finite, name="finite", says="A time must not be infinite."))


class Updated:
    """Mixed into a table whose rows change: `updated_at`, kept by the database."""

    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=91)


def refers(
    to: str, *, ondelete: str = "CASCADE", says: str | None = None, reveals: bool = False, **options: Any
) -> Mapped[Any]:
    """A foreign key to `to`.id. With `reveals`, whoever sees this row is shown what it refers to, beside it.

    Where `ondelete` is RESTRICT, `says` is what is said to whoever would delete what it refers to.
    """
    info = {"reveals": reveals, SAYS: says}
    return mapped_column(ForeignKey(f"{to}.id", ondelete=ondelete), info=info, **options)


def outlives(to: str, *, reveals: bool = False, **options: Any) -> Mapped[Any]:
    """The key of a row of `to` without a foreign key: it stays when that row is gone. `reveals` is as of `refers`."""
    return mapped_column(info={"reveals": reveals, OUTLIVES: to}, **options)


def string(longest: int, **options: Any) -> Mapped[Any]:
    """A text of at most so many characters, which the database sees to. What an input writes has such a limit."""

    def fits(column: Column[Any]) -> CheckConstraint:
        limit = func.char_length(column) <= longest
        return check(limit, name=f"{column.name}_length", at=column.name, says=too_long(longest))

    return mapped_column(Text, info={"longest": longest, COMPLETES: fits}, **options)


def _complete(table: Any) -> None:
    """Add what the columns of a table bring with them once they have their names."""
    for column in table.c:
        if COMPLETES in column.info:
            table.append_constraint(column.info[COMPLETES](column))


def count(default: int = 0) -> Mapped[int]:
    """A whole number that starts at `default`."""
    return mapped_column(Integer, default=default, server_default=str(default))


def flag(*, default: bool) -> Mapped[bool]:
    """A truth value that starts at `default`."""
    return mapped_column(default=default, server_default=str(default).lower())


def state(default: StrEnum, *, transitions: Transitions | None = None) -> Mapped[Any]:
    """A value of an enumeration that starts at `default`. `transitions` says which may follow which."""
    info = {} if transitions is None else {TRANSITIONS: transitions}
    return mapped_column(default=default, server_default=default.name, info=info)


def tables() -> Iterator[type[Base]]:
    """Every table, by name."""
    return iter(sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda table: table.__tablename__))


# `updated_at` is kept by one function and a trigger a table, so that no writer can forget it.

TOUCH = """\
CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$"""


def touch_trigger(table: str) -> str:
    """The statement that makes the database keep `updated_at` of a table."""
    return f"CREATE TRIGGER touch_updated_at BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION touch_updated_at()"


@event.listens_for(Base.metadata, "before_create")
def _create_function(_target: MetaData, connection: Any, **_: Any) -> None:
    connection.execute(text(TOUCH))


@event.listens_for(Base.metadata, "after_create")
def _create_partitions(_target: MetaData, connection: Any, **_: Any) -> None:
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {partitions.SCHEMA}"))
    for table in partitions.declared:
        connection.execute(text(partitions.default_partition(table.name)))


@event.listens_for(Base.metadata, "after_create")
def _create_triggers(_target: MetaData, connection: Any, **_: Any) -> None:
    for table in Base.metadata.sorted_tables:
        if "updated_at" in table.c:
            connection.execute(text(touch_trigger(table.name)))

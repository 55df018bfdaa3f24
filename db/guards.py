"""Guards of invariants between the rows of several tables: PostgreSQL refuses every change that would break one.

A guard is a function and the triggers that run it, declared beside the tables that it is about; a transaction can put
it off until it ends. It locks the row that both sides of a race have in common, so that of two changes that break the
rule together the second is refused.
"""

from typing import Any

from sqlalchemy import MetaData, Select, event, func, select, text

from db.base import Base
from db.constraints import note

_statements: list[str] = []


def guard(name: str, function: str, *triggers: str, says: str, at: str | None = None) -> None:
    """Declare a guard by the statements that create its function and its triggers.

    The function raises `integrity_constraint_violation` for a constraint of this name, which is told as `says`, `at`
    the column or the input's name for it, if one is at fault.
    """
    note(name, says=says, at=at)
    trigger(function, *triggers)


def trigger(function: str, *triggers: str) -> None:
    """Declare something that PostgreSQL does with a change, by the statements that create its function and triggers."""
    _statements.extend((function, *triggers))


def acyclic(table: str, thing: str, requires: str, *, at: str) -> None:
    """Declare that no thing requires itself, where a table says by this column of each which others it requires."""
    name = f"no_{thing}_requires_itself"
    # One lock for all: a cycle may be closed by two edges that have no thing in common.
    function = f"""\
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('{name}', 0));
    IF EXISTS (
        WITH RECURSIVE required (id) AS (
            SELECT NEW.{requires}
            UNION
            SELECT p.{requires} FROM {table} p JOIN required r ON p.{thing}_id = r.id
        )
        SELECT FROM required WHERE id = NEW.{thing}_id
    ) THEN
        RAISE EXCEPTION 'a {thing} requires itself, perhaps by way of others'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = '{name}';
    END IF;
    RETURN NULL;
END $$"""  # noqa: S608  (names, no values)
    trigger = f"""\
CREATE CONSTRAINT TRIGGER {name} AFTER INSERT OR UPDATE ON {table}
    DEFERRABLE FOR EACH ROW EXECUTE FUNCTION {name}()"""
    guard(name, function, trigger, says=f"No {thing} can require itself, nor one that requires it.", at=at)


def turn(thing: str) -> Select[Any]:
    """The statement that takes the lock of `acyclic`, ahead of those of rows: the guard takes it behind them."""
    return select(func.pg_advisory_xact_lock(func.hashtextextended(f"no_{thing}_requires_itself", 0)))


@event.listens_for(Base.metadata, "after_create")
def _create(_target: MetaData, connection: Any, **_: Any) -> None:
    for statement in _statements:
        connection.execute(text(statement))

"""Guards of invariants between the rows of several tables: PostgreSQL refuses every change that would break one.

A guard is a function and the triggers that run it, declared beside the tables that it is about; a transaction can put
it off until it ends. It locks the row that both sides of a race have in common, so that of two changes that break the
rule together the second is refused.
"""

from typing import Any

from sqlalchemy import MetaData, event, text

from db.base import Base
from db.constraints import note

_statements: list[str] = []


def guard(name: str, function: str, *triggers: str, says: str, at: str | None = None) -> None:
    """Declare a guard by the statements that create its function and its triggers.

    The function raises `integrity_constraint_violation` for a constraint of this name, which is told as `says`, `at`
    the column or the input's name for it, if one is at fault.
    """
    note(name, says=says, at=at)
    _statements.extend((function, *triggers))


@event.listens_for(Base.metadata, "after_create")
def _create(_target: MetaData, connection: Any, **_: Any) -> None:
    for statement in _statements:
        connection.execute(text(statement))

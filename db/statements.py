"""Statements compiled once: SQL text for the driver, with named values in its positions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql import asyncpg

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Statement:
    """The text of a statement and the names of its parameters in their order.

    `constants` are the parameters that the declarations fix, such as the status of an active member.
    """

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values of the parameters in their order."""
        known = {**self.constants, **values}
        return [known[name] for name in self.names]


def compiled(query: ClauseElement) -> Statement:
    """The statement of a query whose values are `bindparam`s without a value."""
    text: Any = query.compile(dialect=DIALECT)
    constants = {name: value for name, value in text.params.items() if value is not None}
    return Statement(text.string, tuple(text.positiontup or ()), constants)

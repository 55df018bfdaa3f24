"""Statements compiled once: SQL text for the driver, with named values in its positions."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql import asyncpg

Arguments = Sequence[Any]

NUMBERED = re.compile(r"\$(\d+)(?=::)")
"""A parameter, by its number: each has a cast behind it."""


@dataclass(frozen=True)
class Statement:
    """The text of a statement, and the names of its parameters in their order with their types in SQL.

    `constants` are the parameters that the declarations fix, such as the status of an active member.
    """

    sql: str
    types: Mapping[str, str]
    constants: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values of the parameters in their order."""
        known = {**self.constants, **values}
        return [known[name] for name in self.types]

    @cached_property
    def together(self) -> str | None:
        """The statement for many arguments at once; None where an argument is an array.

        Each parameter that is not constant takes an array of values, and each row ends with their ordinal, from 1.
        """
        arrays = {f'"{name}"': f"${number}::{self.types[name]}[]" for name, number in self._varying.items()}
        if not arrays or any(array.endswith("[][]") for array in arrays.values()):
            return None
        return self.many(f"unnest({', '.join(arrays.values())}) WITH ORDINALITY AS asked({', '.join(arrays)}, ordinal)")

    def many(self, asked: str) -> str | None:
        """The statement for every row of `asked`, which has the parameters that are not constant as columns."""
        sql = self.over_asked(self.sql)
        return f"SELECT one.*, asked.ordinal FROM {asked}, LATERAL ({sql}) AS one"  # noqa: S608  (names, no values)

    def over_asked(self, sql: str) -> str:
        """A text with the columns of `asked` where this statement has parameters that are not constant."""
        return self._over(self._varying, sql)

    def spread(self, common: Mapping[str, Any], many: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[Any]]:
        """The parameters whose value is not the same in all of many, and the arguments: arrays for these."""
        first = many[0]
        columns = {name: [one[name] for one in many] for name in first if name in self.types}
        # To count looks at what is identical first, and in C.
        apart = {name: column for name, column in columns.items() if column.count(first[name]) < len(many)}
        arguments = dict(zip(self.types, self.arguments({**common, **first}), strict=True))
        return [*apart], [*(arguments | apart).values()]

    def alike(self, apart: Collection[str], *, columns: int) -> str:
        """The statement for arrays of values of the parameters `apart`. It has so many columns.

        Equal rows come once: each begins with the ordinals, from 1, of the values that it is the row of.
        """
        key = (*apart, columns)
        if key not in self._alike:
            self._alike[key] = self._for_alike(apart, columns)
        return self._alike[key]

    @cached_property
    def _alike(self) -> dict[tuple[object, ...], str]:
        return {}

    def _for_alike(self, apart: Collection[str], columns: int) -> str:
        numbers = {name: number for number, name in enumerate(self.types, 1) if name in apart}
        arrays = ", ".join(f"${number}::{self.types[name]}[]" for name, number in numbers.items())
        names = ", ".join(f'"{name}"' for name in numbers)
        found = ", ".join(f"c{number}" for number in range(columns))
        return (
            f"SELECT array_agg(asked.ordinal), {found} FROM unnest({arrays}) "  # noqa: S608  (names, no values)
            f"WITH ORDINALITY AS asked({names}, ordinal), "
            f"LATERAL ({self._over(numbers, self.sql)}) AS one({found}) GROUP BY {found}"
        )

    def _over(self, numbers: Mapping[str, int], sql: str) -> str:
        for name, number in numbers.items():
            sql = sql.replace(f"${number}::{self.types[name]}", f'asked."{name}"')
        return sql

    @property
    def _varying(self) -> dict[str, int]:
        """The numbers of the parameters that are not constant."""
        return {name: number for number, name in enumerate(self.types, 1) if name not in self.constants}

    def columns(self, many: Sequence[Arguments]) -> list[Any]:
        """The arguments of `together`, of several arguments."""
        columns = zip(self.types, zip(*many, strict=True), strict=True)
        return [column[0] if name in self.constants else column for name, column in columns]


def compiled(query: ClauseElement) -> Statement:
    """The statement of a query whose values are `bindparam`s without a value."""
    text: Any = query.compile(dialect=DIALECT)
    constants = {name: value for name, value in text.params.items() if value is not None}
    return Statement(text.string, {name: text.types[name] for name in text.positiontup or ()}, constants)


def joined(statements: Sequence[Statement]) -> Statement:
    """One statement with the columns of several, which select values without FROM.

    What has the same name in several of them has the same value, unless it is a constant.
    """
    texts, types, constants, numbers = list[str](), dict[str, str](), dict[str, Any](), dict[str, str]()
    for number, one in enumerate(statements):
        names = {name: f"{name}.{number}" if name in one.constants else name for name in one.types}
        types |= {names[name]: type_ for name, type_ in one.types.items()}
        constants |= {names[name]: value for name, value in one.constants.items()}
        own = {f"{at}": numbers.setdefault(name, f"${len(numbers) + 1}") for at, name in enumerate(names.values(), 1)}
        texts.append(NUMBERED.sub(partial(_renumbered, own), one.sql.removeprefix("SELECT ")))
    return Statement(f"SELECT {', '.join(texts)}", types, constants)


def _renumbered(numbers: Mapping[str, str], match: re.Match[str]) -> str:
    return numbers[match[1]]


class _Compiler(asyncpg.PGCompiler_asyncpg):
    """Remembers the types to which parameters are cast."""

    types: dict[str, str]

    def bindparam_string(self, name: str, **options: Any) -> str:  # type: ignore[override]
        text = super().bindparam_string(name, **options)
        self.__dict__.setdefault("types", {})[name] = text.partition("::")[2]
        return text


class _Dialect(asyncpg.dialect):
    statement_compiler = _Compiler
    supports_statement_cache = True


DIALECT = _Dialect()  # type: ignore[no-untyped-call]

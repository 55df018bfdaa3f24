"""SQL as text with parameters, and expressions that write JSON.

The conditions and expressions of declarations are SQLAlchemy's, and become text here. JSON is put together with `||`,
which costs PostgreSQL half of its JSON functions.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, Uuid, literal_column, types
from sqlalchemy.sql import operators

from db.access import Viewer, allows, in_scope, reachable, rule_of
from db.permissions import SEE, Permission
from db.statements import DIALECT, NUMBERED, compiled
from graphql_schema.core.sources import Rows
from graphql_schema.core.tree import PublicKey

NULL = "null"
PARAMETER = re.compile("\1(.*?)\1(.*?)\1", re.DOTALL)
"""A parameter as it is marked in an expression: its name, or a key of CONSTANTS, and its type."""
CONSTANTS = dict[str, Any]()
"""The values of parameters that declarations fix."""


class Sql(str):
    """An expression, in which parameters are marked until it is a part of a statement."""

    __slots__ = ()


Json = tuple[str, ...]
"""JSON in the making: expressions of type text, and constant pieces of it, which are whatever is no Sql."""


def parameter(name: str, type_: str) -> Sql:
    """A value of this type that every execution brings."""
    return Sql(f"{_marked(name, type_)}::{type_}")


def _marked(name: str, type_: str, constant: Any = None) -> str:
    if constant is not None:
        name = f"{type_} {constant!r}"
        CONSTANTS[name] = constant
    return f"\1{name}\1{type_}\1"


class Parameters:
    """The parameters of a statement in the order of their numbers: their types, and the values of constants.

    Parameters of one name, and equal constants, share a number.
    """

    def __init__(self) -> None:
        self.kinds = dict[str, str]()
        self.constants = dict[str, Any]()
        self._numbers = dict[str, int]()

    def text(self, sql: str) -> str:
        """An expression as text."""
        return PARAMETER.sub(self._number, sql)

    def _number(self, parameter: re.Match[str]) -> str:
        name, type_ = parameter.groups()
        if name not in self._numbers:
            number = self._numbers[name] = len(self._numbers) + 1
            if name in CONSTANTS:
                self.constants[f"constant_{number}"] = CONSTANTS[name]
            self.kinds[f"constant_{number}" if name in CONSTANTS else name] = type_
        return f"${self._numbers[name]}"


# --- what SQLAlchemy writes -------------------------------------------------------------------------------------------

quoted = DIALECT.identifier_preparer.quote


def text_of(expression: Any) -> Sql:
    """An expression of SQLAlchemy as text with parameters."""
    if isinstance(expression, ColumnClause) and expression.is_literal:
        return Sql(expression.name)
    found = compiled(expression)
    marks = [_marked(name, type_, found.constants.get(name)) for name, type_ in found.types.items()]
    return Sql(NUMBERED.sub(lambda number: marks[int(number[1]) - 1], found.sql))


def condition_of(condition: ColumnElement[bool]) -> Sql:
    """A condition as a term of AND, in parentheses where it needs them."""
    return text_of(condition.self_group(against=operators.and_))


class Columns:
    """The columns of a row by its name in the statement. It notes which of them are asked for."""

    def __init__(self, name: str, table: Any = None) -> None:
        self._name = name
        self._types = {column.name: column.type for column in table.c} if table is not None else {}
        self.asked = dict[str, None]()

    def __getitem__(self, name: str) -> Any:
        self.asked[name] = None
        return literal_column(f"{self._name}.{quoted(name)}", self._types.get(name, Uuid()))

    __getattr__ = __getitem__


class Alias:
    """A row with a name of its own: rules and declarations take it for an alias of its table."""

    def __init__(self, name: str, table: Any = None) -> None:
        self.name, self.element, self.c = name, table, Columns(name, table)


def alias_of(table: Any, names: Iterator[int]) -> Alias:
    """An alias that nothing else in the statement has: the initials of the table with a number."""
    return Alias(f"{''.join(word[0] for word in table.name.split('_'))}{next(names)}", table)


def from_(row: Alias, terms: Iterable[str]) -> str:
    """The clauses that read the rows of a table that meet all of these conditions."""
    return f"\nFROM {quoted(row.element.name)} AS {row.name}\nWHERE {' AND '.join(terms)}"


# --- access -----------------------------------------------------------------------------------------------------------

ROW = "\3"
"""Stands for the name of the row in the text of a rule."""
_written: dict[Any, tuple[Any, Sql, list[str]]] = {}


def allowed(permission: Permission, row: Alias, viewer: Viewer) -> Sql:
    """The condition under which viewers of this kind have the permission on a row."""
    return _named(row, (permission, row.element, viewer.kind), viewer)


def conditions(rows: Rows, scope: Any, row: Alias, viewer: Viewer) -> list[Sql]:
    """The conditions of the rows: terms of AND."""
    found = [condition_of(rows.on(scope, row))] if rows.on else []
    if rows.access == "checked":
        found.append(allowed(SEE, row, viewer))
    if rows.access == "followed" and viewer.scopes is not None:
        found.append(condition_of(in_scope(SEE, row.element, viewer)))
    if rows.access == "reached":
        found.append(_named(row, (None, row.element, viewer.kind), viewer))
    return found


def _named(row: Alias, key: Any, viewer: Viewer) -> Sql:
    """The text of a rule about a row of this name: it is written once for a table and a kind of viewer."""
    rule, written = rule_of(row), _written.get(key)  # type: ignore[arg-type]
    if written is None or written[0] is not rule:
        one: Any = Alias(ROW, row.element)
        condition = allows(key[0], one, viewer.typical) if key[0] else reachable(one, viewer.typical)
        written = _written[key] = rule, condition_of(condition), list(one.c.asked)
    for name in written[2]:
        _ = row.c[name]
    return Sql(written[1].replace(ROW, row.name))


# --- JSON -------------------------------------------------------------------------------------------------------------


def object_of(members: Sequence[tuple[str, Json]]) -> Json:
    """A JSON object with these keys, which are names in the grammar of GraphQL, in this order."""
    found = ["{"]
    for index, (key, value) in enumerate(members):
        found += [f'{"," if index else ""}"{key}":', *value]
    return (*found, "}")


def value_of(type_: Any, sql: Sql, *, is_nullable: bool) -> Json:
    """A value of an SQL type, or a key that is shown as a global id, as the graph's scalars write it."""
    json = _plain(type_, sql)
    return (coalesced(joined(json)),) if is_nullable else json


def coalesced(sql: str, otherwise: str = NULL) -> Sql:
    """The expression, or text where it is null."""
    return Sql(f"coalesce({sql}, {constant(otherwise)})")


def joined(json: Iterable[str]) -> Sql:
    """JSON as one expression of type text. It has constants side by side put together."""
    terms = list[str]()
    for is_expression, run in groupby(filter(None, json), lambda piece: isinstance(piece, Sql)):
        pieces = list(run)
        terms += pieces if is_expression else [constant("".join(pieces))]
    return Sql(_halves(terms))


def constant(text: str) -> str:
    """Text that the schema or the grammar of GraphQL names fixes, as a literal. Never a value."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _halves(terms: Sequence[str]) -> str:
    """The terms put together in halves: a chain would copy the first of them as often as there are terms."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    right = _halves(terms[half:])
    return f"{_halves(terms[:half])} || {right if len(terms) - half == 1 else f'({right})'}"


def _plain(type_: Any, sql: Sql) -> Json:
    match type_:
        case PublicKey(prefix=prefix):
            return f'"{prefix}_', Sql(f"encode(uuid_send({sql}), 'hex')"), '"'
        case types.Enum() | types.Numeric(asdecimal=True) | types.Uuid() | types.Date():
            return '"', _cast(sql), '"'
        case types.Float():
            # As Python writes it: one that is whole has a point, too.
            return (Sql(rf"regexp_replace({_cast(sql)}, '^-?[0-9]+$', '\&.0')"),)
        case types.Integer() | types.JSON():
            return (_cast(sql),)
        case types.ARRAY():
            return (_cast(f"to_json({sql})"),)
    # Of this PostgreSQL looks up the type once a statement, of `to_json` once a value.
    return (_cast(f"json_scalar({sql})"),)


def _cast(sql: str) -> Sql:
    return Sql(f"CAST({sql} AS TEXT)")

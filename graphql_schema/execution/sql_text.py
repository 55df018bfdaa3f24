"""SQL as text with parameters, and expressions that write JSON.

The conditions and expressions of declarations are SQLAlchemy's, and become text here. JSON is put together with `||`,
which costs PostgreSQL half of its JSON functions.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnClause, ColumnElement, Uuid, literal_column, types
from sqlalchemy.sql import operators

from db.access import Viewer, allows, in_scope, reachable, rule_of
from db.permissions import SEE, Permission
from db.statements import DIALECT, PLACE, Statement, compiled
from graphql_schema.core.sources import Rows
from graphql_schema.core.tree import PublicKey

NULL = "null"


class Parameter(NamedTuple):
    """A value that every execution brings; or a constant, which a declaration fixes."""

    name: str
    type: str
    constant: Any = None


Sql = tuple[str | Parameter, ...]
"""An expression, in pieces."""
Json = tuple[str | Sql, ...]
"""JSON in the making: constant pieces of it as text, and expressions of type text."""


class Places:
    """The parameters of a statement in the order of their places: their types, and the values of constants.

    Parameters of one name, and equal constants, share a place.
    """

    def __init__(self) -> None:
        self.kinds = dict[str, str]()
        self.constants = dict[str, Any]()
        self._places = dict[Any, int]()

    def text(self, sql: Sql) -> str:
        """An expression as text."""
        return "".join(piece if isinstance(piece, str) else self._place(piece) for piece in sql)

    def _place(self, parameter: Parameter) -> str:
        is_constant = parameter.constant is not None
        key = (parameter.type, repr(parameter.constant)) if is_constant else parameter.name
        if key not in self._places:
            self._places[key] = len(self._places) + 1
            name = f"constant_{len(self._places)}" if is_constant else parameter.name
            self.kinds[name] = parameter.type
            if is_constant:
                self.constants[name] = parameter.constant
        return f"${self._places[key]}::{parameter.type}"


def statement_of(sql: Sql) -> Statement:
    """The statement that selects an expression."""
    places = Places()
    text = places.text(sql)
    return Statement(f"SELECT {text}", places.kinds, places.constants)


# --- what SQLAlchemy writes -------------------------------------------------------------------------------------------

quoted = DIALECT.identifier_preparer.quote


def text_of(expression: Any) -> Sql:
    """An expression of SQLAlchemy as text with parameters."""
    if isinstance(expression, ColumnClause) and expression.is_literal:
        return (expression.name,)
    found = compiled(expression)
    pieces, names = list[str | Parameter](PLACE.split(found.sql)), list(found.types)
    for index in range(1, len(pieces), 2):
        name = names[int(str(pieces[index])) - 1]
        pieces[index] = Parameter(name, found.types[name], found.constants.get(name))
        pieces[index + 1] = str(pieces[index + 1]).removeprefix(f"::{found.types[name]}")
    return tuple(pieces)


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


def from_(row: Alias) -> Sql:
    """The clauses that read the rows of a table, up to the conditions."""
    return (f"\nFROM {quoted(row.element.name)} AS {row.name}\nWHERE ",)


def all_of(terms: Iterable[Sql]) -> Sql:
    """The terms with AND between them."""
    return between(" AND ", terms)


def between(word: str, terms: Iterable[Sql]) -> Sql:
    """The terms with a word between them."""
    found = list[str | Parameter]()
    for term in terms:
        found += [*((word,) if found else ()), *term]
    return tuple(found)


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
    return tuple(piece.replace(ROW, row.name) if isinstance(piece, str) else piece for piece in written[1])


# --- JSON -------------------------------------------------------------------------------------------------------------


def object_of(members: Sequence[tuple[str, Json]]) -> Json:
    """A JSON object with these keys, which are names in the grammar of GraphQL, in this order."""
    found = list[str | Sql](["{"])
    for index, (key, value) in enumerate(members):
        found += [f'{"," if index else ""}"{key}":', *value]
    return (*found, "}")


def value_of(type_: Any, sql: Sql, *, is_nullable: bool) -> Json:
    """A value of an SQL type, or a key that is shown as a global id, as the graph's scalars write it."""
    json = _plain(type_, sql)
    return (coalesced(joined(json)),) if is_nullable else json


def coalesced(sql: Iterable[str | Parameter], otherwise: str = NULL) -> Sql:
    """The expression, or text where it is null."""
    return ("coalesce(", *sql, f", {constant(otherwise)})")


def joined(json: Iterable[str | Sql]) -> Sql:
    """JSON as one expression of type text. It has constants side by side put together."""
    terms = list[str | Sql]()
    for piece in json:
        if isinstance(piece, str) and terms and isinstance(terms[-1], str):
            terms[-1] += piece
        elif piece:
            terms.append(piece)
    return _halves([(constant(term),) if isinstance(term, str) else term for term in terms])


def constant(text: str) -> str:
    """Text that the schema or the grammar of GraphQL names fixes, as a literal. Never a value."""
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _halves(terms: Sequence[Sql]) -> Sql:
    """The terms put together in halves: a chain would copy the first of them as often as there are terms."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    right = _halves(terms[half:])
    return (*_halves(terms[:half]), " || ", *(right if len(terms) - half == 1 else ("(", *right, ")")))


def _plain(type_: Any, sql: Sql) -> Json:
    match type_:
        case PublicKey(prefix=prefix):
            return f'"{prefix}_', ("encode(uuid_send(", *sql, "), 'hex')"), '"'
        case types.Enum() | types.Numeric(asdecimal=True) | types.Uuid() | types.Date():
            return '"', _cast(sql), '"'
        case types.Float():
            # As Python writes it: one that is whole has a point, too.
            return (("regexp_replace(", *_cast(sql), r", '^-?[0-9]+$', '\&.0')"),)
        case types.Integer() | types.JSON():
            return (_cast(sql),)
        case types.ARRAY():
            return (_cast(("to_json(", *sql, ")")),)
    # Of this PostgreSQL looks up the type once a statement, of `to_json` once a value.
    return (_cast(("json_scalar(", *sql, ")")),)


def _cast(sql: Sql) -> Sql:
    return ("CAST(", *sql, " AS TEXT)")

"""SQL expressions that write JSON: text put together with `||`, which costs PostgreSQL half of its JSON functions."""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal_column, types

from graphql_schema.execution.steps import Step

NULL = "null"


class JsonText:
    """JSON in the making: constant pieces of text and SQL expressions of type text, in order."""

    def __init__(self, *pieces: "str | ColumnElement[Any] | JsonText") -> None:
        self.pieces: list[str | ColumnElement[Any]] = []
        for piece in pieces:
            self.add(piece)

    def add(self, piece: "str | ColumnElement[Any] | JsonText") -> "JsonText":
        """Append a piece; constants side by side become one."""
        if isinstance(piece, JsonText):
            for part in piece.pieces:
                self.add(part)
        elif isinstance(piece, str) and self.pieces and isinstance(self.pieces[-1], str):
            self.pieces[-1] += piece
        elif not isinstance(piece, str) or piece:
            self.pieces.append(piece)
        return self

    def sql(self) -> ColumnElement[str]:
        """All of it as one expression of type text."""
        return _joined([constant(piece) if isinstance(piece, str) else piece for piece in self.pieces])


def _joined(terms: list[ColumnElement[Any]]) -> ColumnElement[str]:
    """The terms put together in halves: a chain would copy the first of them as often as there are terms."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return _joined(terms[:half]).op("||", return_type=Text())(_joined(terms[half:]).self_group())


def constant(text: str) -> ColumnElement[str]:
    """Text that the schema or the grammar of GraphQL names fixes, as a literal. Never a value."""
    quoted = text.replace("'", "''")
    return literal_column(f"'{quoted}'", Text())


def object_of(members: list[tuple[str, "JsonText"]]) -> JsonText:
    """A JSON object with these keys, which are names in the grammar of GraphQL, in this order."""
    text = JsonText("{")
    for index, (key, value) in enumerate(members):
        text.add(f'{"," if index else ""}"{key}":').add(value)
    return text.add("}")


def value_of(type_: Any, value: ColumnElement[Any], *, nullable: bool) -> JsonText:
    """A value of an SQL type as the graph's scalars write it."""
    text = _plain(type_, value)
    if not nullable:
        return text
    return JsonText(func.coalesce(text.sql(), constant(NULL)))


def public_id(prefix: str, key: ColumnElement[Any]) -> JsonText:
    """A key as a public id."""
    return JsonText(f'"{prefix}_', func.encode(func.uuid_send(key), constant("hex")), '"')


def typename(step: Step) -> JsonText:
    """The name of the type that the step's field belongs to."""
    return JsonText(f'"{step.parent.name}"')


def either(condition: ColumnElement[bool], text: JsonText) -> JsonText:
    """The text where the condition holds, else null."""
    return JsonText(case((condition, text.sql()), else_=constant(NULL)))


def _plain(type_: Any, value: ColumnElement[Any]) -> JsonText:
    match type_:
        case types.Enum() | types.Numeric() | types.Uuid() | types.Date():
            return JsonText('"', cast(value, Text), '"')
        case types.Integer() | types.JSON():
            return JsonText(cast(value, Text))
        case types.ARRAY():
            return JsonText(cast(func.to_json(value), Text))
    # Of this PostgreSQL looks up the type once a statement, of `to_json` once a value.
    return JsonText(cast(func.json_scalar(value), Text))

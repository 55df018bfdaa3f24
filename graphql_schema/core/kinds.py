"""The kinds of values in JSON: how each is recognized and shown, by PostgreSQL and by Python."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from pydantic import AwareDatetime
from sqlalchemy import Boolean, ColumnElement, DateTime, Float, Integer, Text, and_, any_, cast, func, literal
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH

from db.columns import PublicId
from graphql_schema.core.scalars import CLOCK, DATE, moment_of
from graphql_schema.core.strawberry_seam import enumeration

MOMENT = rf"^{DATE}T{CLOCK}:[0-5][0-9](\.[0-9]{{1,6}})?(Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])$"
"""A moment as pydantic writes it."""
INT = "strict $ >= -2147483648 && $ <= 2147483647 && $ % 1 == 0"


@dataclass(frozen=True)
class Kind:
    """A kind of values, which are JSON. `otherwise` is the one for what is none of them, if nothing else is said."""

    type: Any
    """The type in the schema."""
    otherwise: Any
    fits: Callable[[Any], ColumnElement[bool]]
    """Whether JSON is of it, in SQL."""
    read: Callable[[Any], Any]
    """The value in Python; raises ValueError or TypeError for JSON that is not of it."""
    shown: Callable[[Any], ColumnElement[Any]] = lambda json: json
    """The value in SQL, of a type that says how it is written."""


def text_in(json: Any) -> Any:
    """The text that JSON holds, in SQL."""
    return json.op("#>>", return_type=Text())(literal([], ARRAY(Text)))


def is_a(name: str) -> Callable[[Any], ColumnElement[bool]]:
    """Whether JSON is of a type of JSON, in SQL."""
    return lambda json: func.jsonb_typeof(json) == name


def only(*types: type) -> Callable[[Any], Any]:
    """The function that takes values of these types alone as they are."""

    def read(value: Any) -> Any:
        if type(value) not in types:
            raise TypeError(f"{type(value)} is none of {types}")
        return value

    return read


def _int(value: Any) -> int:
    number = only(int, float)(value)
    if number % 1 or not -(2**31) <= number < 2**31:
        raise ValueError("no Int of the graph")
    return int(number)


def _moment(value: Any) -> Any:
    if not re.fullmatch(MOMENT, only(str)(value)):
        raise ValueError("not as pydantic writes it")
    return moment_of(value)


def _is_moment(json: Any) -> ColumnElement[bool]:
    text = text_in(json)
    return and_(is_a("string")(json), text.regexp_match(MOMENT), func.pg_input_is_valid(text, "timestamptz"))


OBJECT, ARRAY_OF = is_a("object"), is_a("array")
KINDS = {
    str: Kind(str, "", is_a("string"), only(str)),
    PublicId: Kind(strawberry.ID, "", is_a("string"), only(str)),
    bool: Kind(bool, False, is_a("boolean"), only(bool)),
    int: Kind(
        int,
        0,
        lambda json: json.op("@@", return_type=Boolean())(cast(literal(INT, Text()), JSONPATH)),
        _int,
        lambda json: cast(json, Integer),
    ),
    float: Kind(
        float,
        0.0,
        is_a("number"),
        lambda value: float(only(int, float)(value)),
        lambda json: cast(json, Float),
    ),
    AwareDatetime: Kind(
        datetime,
        "1970-01-01T00:00:00Z",
        _is_moment,
        _moment,
        lambda json: cast(text_in(json), DateTime(timezone=True)),
    ),
}
"""The kinds of what models have as values."""


def member_of(kind: type[Enum]) -> Kind:
    """The members of an enumeration, which are kept under their names."""
    names = [member.name for member in kind]
    if names != [member.value for member in kind]:
        raise TypeError(f"{kind.__name__} is not kept under its names.")
    return Kind(
        enumeration(kind),
        names[0],
        lambda json: and_(is_a("string")(json), text_in(json) == any_(literal(names, ARRAY(Text)))),
        lambda value: kind(only(str)(value)),
    )

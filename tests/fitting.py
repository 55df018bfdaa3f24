"""JSON that fits the models of columns, made of the values that their fields take, with some of it left out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from random import Random
from typing import Annotated, Any, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from db.columns import JsonOf, PublicId
from graphql_schema.core.shapes import without_null

LONGEST = 3
VALUES: Mapping[Any, Sequence[Any]] = {
    str: ("word",),
    PublicId: ("usr_1",),
    bool: (False, True),
    int: (0, 1, 7, 100, -(2**31), 2**31 - 1),
    float: (0.0, 0.1, 1.0, 99.5, -1e-7, 1e22),
    AwareDatetime: (datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 12, 0, 0, 120, tzinfo=UTC)),
}


def fitting(type_: JsonOf, random: Random, texts: Sequence[str] = VALUES[str]) -> Any:
    """A value for a column of this type; its texts are of these, where they fit."""
    values = {**VALUES, str: [*texts, *VALUES[str]]}
    if type_.most is None:
        return _object(type_.model, random, values)
    return [_object(type_.model, random, values) for _ in range(random.randint(0, min(type_.most, LONGEST)))]


def _object(model: type[BaseModel], random: Random, values: Mapping[Any, Sequence[Any]]) -> dict[str, Any]:
    return {
        field.alias or name: _value(field, random, values)
        for name, field in model.model_fields.items()
        if field.is_required() or random.random() < 0.7
    }


def _value(field: FieldInfo, random: Random, values: Mapping[Any, Sequence[Any]]) -> Any:
    type_, is_nullable = without_null(field.annotation)
    if is_nullable and random.random() < 0.3:
        return None
    checked: Any = Annotated[field.annotation, None, *field.metadata]
    while not _fits(TypeAdapter(checked), found := _drawn(type_, random, values)):
        pass
    return found


def _drawn(type_: Any, random: Random, values: Mapping[Any, Sequence[Any]]) -> Any:
    if get_origin(type_) is Annotated:
        return _drawn(get_args(type_)[0], random, values)
    if get_origin(type_) is list:
        return [_drawn(get_args(type_)[0], random, values) for _ in range(random.randint(0, LONGEST))]
    if issubclass(type_ if isinstance(type_, type) else object, BaseModel):
        return _object(type_, random, values)
    return random.choice(list(type_) if isinstance(type_, type) and issubclass(type_, Enum) else values[type_])


def _fits(check: TypeAdapter[Any], value: Any) -> bool:
    try:
        check.validate_python(value)
    except ValidationError:
        return False
    return True

"""Columns that check what they hold: amounts of money, scores, numbers of other systems, and JSON that fits a model."""

from collections.abc import Callable
from types import NoneType
from typing import Annotated, Any, NewType, get_args

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from sqlalchemy import BigInteger, CheckConstraint, Column, Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import COMPLETES
from db.constraints import check, field_of
from db.errors import BadInput

PublicId = NewType("PublicId", str)
"""The type of a field of a model that is a global id."""
HIDDEN = object()
"""Marks a field of a model that is kept and never shown: `answer: Annotated[str, HIDDEN]`."""


def money(**options: Any) -> Mapped[Any]:
    """An amount that is not negative, in the unit of a currency and with two decimals."""
    return _checked("{} >= 0", says="An amount is not negative.", **options)


def currency(default: str) -> Mapped[Any]:
    """The code of a currency by ISO 4217."""
    says = "A currency is a code of three capital letters, such as EUR."
    return _checked("{} ~ '^[A-Z]{{3}}$'", says=says, default=default, server_default=default)


def score(most: int = 100, **options: Any) -> Mapped[Any]:
    """A number from 0 to `most`, whole or not as the column is annotated."""
    return _checked(f"{{}} BETWEEN 0 AND {most}", says=f"This is from 0 to {most}.", **options)


def bigint(**options: Any) -> Mapped[Any]:
    """A whole number of 64 bits, such as those by which other systems name things."""
    return mapped_column(BigInteger, **options)


def json(name: str, model: type[BaseModel], *, is_optional: bool = False) -> Mapped[Any]:
    """A column of this name for a JSON object that fits a model. Another is refused, at its place.

    It is null at first if `is_optional`, or else empty if the model takes that. An input of the graph with the fields
    of the model is such an object, too. A field that a model gets later has a default, or can be null: what was
    written before has none of it.

    >>> data: Mapped[Json] = json("data", NotificationData)
    """
    is_empty = not is_optional and not any(field.is_required() for field in model.model_fields.values())
    first: Any = {"default": dict, "server_default": "{}"} if is_empty else {}
    return mapped_column(name, JsonOf(model, field_of(name)), nullable=is_optional, **first)


def json_list(name: str, model: type[BaseModel], *, most: int, is_optional: bool = False) -> Mapped[Any]:
    """A column of this name for a list of at most so many JSON objects, as `json` has one. It is empty at first, or
    null if `is_optional`.

    >>> lessons: Mapped[list[Json]] = json_list("lessons", Lesson, most=50)
    """
    first: Any = {} if is_optional else {"default": list, "server_default": "[]"}
    return mapped_column(name, JsonOf(model, field_of(name), most), nullable=is_optional, **first)


def _checked(condition: str, *, says: str, **options: Any) -> Mapped[Any]:
    """A column with a check that is named like it, and has its name for `{}`."""

    def made(column: Column[Any]) -> CheckConstraint:
        return check(condition.format(column.name), at=column.name, says=says)

    return mapped_column(info={COMPLETES: made}, **options)


class JsonOf(JSONB):
    """JSON that is checked against a model whenever it is written, and read as it is. `at` is its input field; with
    `most` it is a list of at most so many objects.
    """

    cache_ok = True

    def __init__(self, model: type[BaseModel], at: str, most: int | None = None) -> None:
        super().__init__(none_as_null=True)
        self.model = model
        self.at = at
        self.most = most
        fitting: Any = model if most is None else Annotated[list[model], Field(max_length=most)]  # type: ignore[valid-type]
        self._adapter = TypeAdapter[Any](fitting)
        if unkept := [name for one in models(model) for name, field in one.model_fields.items() if _is_lost(field)]:
            raise TypeError(f"Null is not kept, so what can be null has it as its default: {', '.join(unkept)}")

    @property
    def hides(self) -> bool:
        """Whether there is something in it that is never shown."""
        return any(is_hidden(field) for model in models(self.model) for field in model.model_fields.values())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """A function that makes a value one for the driver, and raises BadInput for one that does not fit."""
        write = super().bind_processor(dialect)  # type: ignore[no-untyped-call]
        assert write
        return lambda value: write(None if value is None else self.fitting(value))

    def fitting(self, value: Any) -> Any:
        """A value as the model writes it, without what is null; raises BadInput for one that does not fit."""
        try:
            fitting = self._adapter.validate_python(value, from_attributes=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise BadInput("This does not fit.", at=".".join([self.at, *map(_step, first["loc"])])) from None
        return self._adapter.dump_python(fitting, mode="json", by_alias=True, exclude_none=True)


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """The model, and all that its fields are made of."""
    found, left = set[type[BaseModel]](), list[Any]([model])
    while left:
        type_ = left.pop()
        if isinstance(type_, type) and issubclass(type_, BaseModel) and type_ not in found:
            found.add(type_)
            left += [field.annotation for field in type_.model_fields.values()]
        left += get_args(type_)
    return found


def is_hidden(field: FieldInfo) -> bool:
    """Whether a field of a model is never shown."""
    return any(mark is HIDDEN for mark in field.metadata)


def _is_lost(field: FieldInfo) -> bool:
    """Whether null in a field of a model would make a value that does not fit when it is read again."""
    return field.is_required() and NoneType in get_args(field.annotation)


def _step(step: int | str) -> str:
    """A step on the way to what does not fit, as an input spells it."""
    return field_of(step) if isinstance(step, str) else str(step)


def keys(model: type[BaseModel]) -> str:
    """The keys of objects that fit a model, with what they mean, for a description in the graph."""
    fields = ((field.alias or name, field.description) for name, field in model.model_fields.items())
    return ", ".join(f"`{name}` ({description})" for name, description in fields)

"""Columns that check what they hold: amounts of money, scores, numbers of other systems, and JSON that fits a model."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy import BigInteger, CheckConstraint, Column, Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import COMPLETES
from db.constraints import check, field_of
from db.errors import BadInput


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


def json(name: str, model: type[BaseModel]) -> Mapped[Any]:
    """A column of this name for a JSON object that fits a model, empty at first. Another is refused, at its place.

    >>> data: Mapped[Json] = json("data", NotificationData)
    """
    return mapped_column(name, JsonOf(model, field_of(name)), default=dict, server_default="{}")


def _checked(condition: str, *, says: str, **options: Any) -> Mapped[Any]:
    """A column with a check that is named like it, and has its name for `{}`."""

    def made(column: Column[Any]) -> CheckConstraint:
        return check(condition.format(column.name), at=column.name, says=says)

    return mapped_column(info={COMPLETES: made}, **options)


class JsonOf(JSONB):
    """JSON that is checked against a model whenever it is written, and read as it is. `at` is its input field."""

    cache_ok = True

    def __init__(self, model: type[BaseModel], at: str) -> None:
        super().__init__()
        self.model = model
        self.at = at

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """A function that makes a value one for the driver, and raises BadInput for one that does not fit."""
        write = super().bind_processor(dialect)  # type: ignore[no-untyped-call]
        assert write
        return lambda value: write(self.fitting(value))

    def fitting(self, value: Any) -> Any:
        """A value as the model writes it, without what is null; raises BadInput for one that does not fit."""
        try:
            fitting = TypeAdapter(self.model).validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise BadInput("This does not fit.", at=".".join([self.at, *map(str, first["loc"])])) from None
        return fitting.model_dump(mode="json", by_alias=True, exclude_none=True)


def keys(model: type[BaseModel]) -> str:
    """The keys of objects that fit a model, with what they mean, for a description in the graph."""
    fields = ((field.alias or name, field.description) for name, field in model.model_fields.items())
    return ", ".join(f"`{name}` ({description})" for name, description in fields)

"""Inputs that change what they give: a field that is left out leaves its column as it is."""

from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

import strawberry
from sqlalchemy import JSON
from strawberry import UNSET
from strawberry.utils.str_converters import to_camel_case

from db.errors import BadInput, Refusals
from db.permissions import SEE, Permission
from db.relations import class_of
from db.write import Work
from graphql_schema.core.bulk import MOST, bounds
from graphql_schema.core.texts import LONGEST, OBJECT

COLUMN, MAY = "column", "may"
NOT_NULL = "This cannot be null. Leave it out, and it stays as it is."


def change(
    column: Any, description: str, *, may: Permission = SEE, most: int | None = None, longest: int | None = None
) -> Any:
    """A field of an input that sets a column, or leaves it as it is where the field is left out.

    Null empties a column that can be empty and is refused for any other. A text has the greatest length of its column.
    A foreign key is given as the id of an object on which the viewer has the permission `may`. A list has at most so
    many items, texts of at most `longest` characters each.

    >>> description: str | None = change(tables.SpecificationProject.description, "What it is about, in Markdown.")
    """
    longest = longest or column.expression.info.get(LONGEST)
    limit = f" {bounds(most, longest)}" if most else f" At most {longest:,} characters." if longest else ""
    null = " Null removes it." if column.expression.nullable else ""
    described = f"{description}{null} Left out, it stays as it is.{limit}"
    is_object = isinstance(column.expression.type, JSON)
    metadata = {COLUMN: column, LONGEST: longest, OBJECT: is_object, MAY: may} | ({MOST: most} if most else {})
    return strawberry.field(description=described, default=UNSET, metadata=metadata)


async def changes(work: Work, input: Any) -> dict[str, Any]:
    """The columns that an input sets, by the names of their attributes, with their new values.

    Raises Refusals for each null where a column cannot be empty, NotFound and Forbidden for an id that cannot be given.
    """
    given = list(_given(input))
    nulls = [field for field, value in given if value is None and not field.metadata[COLUMN].expression.nullable]
    if nulls:
        raise Refusals([BadInput(NOT_NULL, at=_at(field)) for field in nulls])
    return {field.metadata[COLUMN].key: await _value(work, field, value) for field, value in given}


def _given(input: Any) -> Iterator[tuple[Field[Any], Any]]:
    """The fields that set a column and were not left out, with their values."""
    for field in fields(input):
        value = getattr(input, field.name)
        if COLUMN in field.metadata and value is not UNSET:
            yield field, value


async def _value(work: Work, field: Field[Any], value: Any) -> Any:
    """The value of a column: of a foreign key, the key of the object that the viewer names by its id."""
    keys = field.metadata[COLUMN].expression.foreign_keys
    if not keys or value is None:
        return value
    (key,) = keys
    return (await work.get(class_of(key.column.table), value, at=_at(field), may=field.metadata[MAY])).id


def _at(field: Field[Any]) -> str:
    return to_camel_case(field.name)

"""JSON of a column as objects of the graph, with fields to select: those of the pydantic models that it is checked by.

What was written before a model changed must not break what is read. A key that is not there, or does not fit, is null
where that can be; else it has its default, or that of its kind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import MaxLen
from orjson import dumps
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Text, case, cast, literal
from sqlalchemy.dialects.postgresql import JSONB

from db.base import Base, tables
from db.columns import JsonOf, is_hidden
from db.permissions import Permission
from graphql_schema.core import tree
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Column, Field, object_type
from graphql_schema.core.kinds import KINDS, Kind, is_a, member_of, only
from graphql_schema.core.selected import Selected
from graphql_schema.core.strawberry_seam import TYPES


@dataclass(frozen=True)
class Shape:
    """The reading of JSON: as a value of a kind, or a list of at most so many, or null if it is nullable.

    `otherwise` is the value where it is none of these.
    """

    kind: Kind
    is_nullable: bool
    most: int | None = None
    otherwise: Any = None

    @property
    def annotation(self) -> Any:
        """The type in the schema, as an annotation."""
        found = self.kind.type
        if isinstance(found, str):  # the name of a type that may still be made
            found = found if self.most is None else f"list[{found}]"
            return f"{found} | None" if self.is_nullable else found
        found = found if self.most is None else list[found]  # type: ignore[valid-type]
        return found | None if self.is_nullable else found

    def node(
        self, text: str, json: Callable[[tree.Scope], Any], at: Selected, needs: Permission | None = None
    ) -> tree.Node:
        """The node for JSON that an expression gives."""
        is_object = isinstance(self.kind.type, str)
        if self.most is None and not is_object:
            return tree.Value(
                text,
                lambda scope: self._shown(json(scope), self.otherwise),
                is_nullable=self.is_nullable,
                needs=needs,
            )
        item = tree.Value("item", lambda scope: self._shown(scope.json, self.kind.otherwise))
        return tree.Part(text, json, at.object() if is_object else item, self.most, self.is_nullable, needs)

    def read(self, json: Any) -> Any:
        """The value in Python."""
        if self.most is None:
            return self._value(json, self.otherwise)
        if isinstance(json, list):
            return [self._value(item, self.kind.otherwise) for item in json]
        return None if self.is_nullable else []

    def _shown(self, json: Any, otherwise: Any) -> ColumnElement[Any]:
        """The value in SQL, or what it is otherwise."""
        other = None if otherwise is None else cast(literal(dumps(otherwise).decode(), Text()), JSONB)
        return self.kind.shown(case((self.kind.fits(json), json), else_=other))

    def _value(self, json: Any, otherwise: Any) -> Any:
        try:
            return self.kind.read(json)
        except (TypeError, ValueError):
            return None if otherwise is None else self.kind.read(otherwise)


@dataclass(frozen=True)
class Shaped(Column):
    """A column of JSON, as an object or as a list of objects."""

    def annotation(self, table: type[Base], name: str) -> Any:
        return self._shape(table, name).annotation

    def lower(self, at: Selected) -> tree.Node:
        name, shape = self._column(at.table, at.name).name, self._shape(at.table, at.name)
        return shape.node(f"column {name}", lambda scope: scope.row.c[name], at, self.needs)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        return self._shape(type(source), name).read(await super().resolve(source, context, name, arguments))

    def _shape(self, table: type[Base], name: str) -> Shape:
        column = self._column(table, name)
        if not isinstance(column.type, JsonOf):
            raise TypeError(f"{column} has no model: declare it by `json` or `json_list`.")
        is_nullable = column.nullable or self.needs is not None
        return Shape(_object(column.type.model), is_nullable, column.type.most, None if is_nullable else {})

    def _column(self, table: type[Base], name: str) -> Any:
        return getattr(table, self.source or name).property.columns[0]


@dataclass(frozen=True)
class Key(Field):
    """A key of a JSON object."""

    key: str
    shape: Shape

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.shape.annotation

    def lower(self, at: Selected) -> tree.Node:
        return self.shape.node(f"key {self.key}", self._json, at)

    def _json(self, scope: tree.Scope) -> Any:
        return scope.json.op("->", return_type=JSONB())(literal(self.key, Text()))

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        return self.shape.read(source.get(self.key))


def shaped(description: str, *, needs: Permission | None = None, source: str | None = None) -> Shaped:
    """A column that `json` or `json_list` declares, as an object of the graph or a list of such objects.

    Their types are those of its model: named like it and described by its docstring, with a field for each of its own
    that is not `HIDDEN`. Models are made of texts, numbers, truth values, `PublicId`, `AwareDatetime`, enumerations,
    other models, and lists of these with a `max_length`.

    >>> lessons = shaped("What is taught, in this order.")
    """
    return Shaped(description, needs, source)


def object_of(model: type[BaseModel]) -> Shape:
    """The shape of JSON that is always an object of a model."""
    return Shape(_object(model), is_nullable=False, otherwise={})


def _object(model: type[BaseModel]) -> Kind:
    """The objects of a model, of which a type of the graph is made once."""
    name = model.__name__
    if getattr(TYPES.get(name), "model", None) is not model:
        if name in TYPES or any(table.__name__ == name for table in tables()):
            raise TypeError(f"The graph has another type that is named {name}.")
        shown = {key: field for key, field in model.model_fields.items() if not is_hidden(field)}
        object_type(name, cleandoc(model.__doc__ or ""), **{key: _key(key, field) for key, field in shown.items()})
        TYPES[name].model = model
    return Kind(name, {}, is_a("object"), only(dict))


def _key(name: str, field: FieldInfo) -> Key:
    if not field.description:
        raise TypeError(f"A field that the graph shows needs a description: {name}")
    type_, is_nullable = without_null(field.annotation)
    is_list = get_origin(type_) is list
    kind = _kind(get_args(type_)[0] if is_list else type_)
    most = next((limit.max_length for limit in field.metadata if isinstance(limit, MaxLen)), None) if is_list else None
    if is_list and most is None:
        raise TypeError(f"A list that the graph shows needs a max_length: {name}")
    default = None if is_nullable else _default(field, kind.otherwise)
    if (is_list or kind.otherwise == {}) and default and field.default_factory is not type_:
        raise TypeError(f"What the graph shows of this is empty where nothing is there: {name}")
    key = field.serialization_alias or field.alias or name
    return Key(field.description, key, Shape(kind, is_nullable, most, default))


def _default(field: FieldInfo, otherwise: Any) -> Any:
    """The default of a field as JSON."""
    if field.is_required():
        return otherwise
    return to_jsonable_python(field.get_default(call_default_factory=True), exclude_none=True)


def without_null(type_: Any) -> tuple[Any, bool]:
    """The type without null, and whether it can be null."""
    if get_origin(type_) not in (UnionType, Union):
        return type_, False
    kinds = [one for one in get_args(type_) if one is not NoneType]
    if len(kinds) != 1:
        raise TypeError(f"The graph shows values of one type: {type_}")
    return kinds[0], True


def _kind(type_: Any) -> Kind:
    if get_origin(type_) is Annotated:
        return _kind(get_args(type_)[0])
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        return _object(type_)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return member_of(type_)
    if type_ not in KINDS:
        raise TypeError(f"The graph shows no values of this type in JSON: {type_}")
    return KINDS[type_]

"""Draws valid operations from a schema: all that it declares, asked for in all ways that the grammar allows.

Nothing here names a type of the graph: a new type is drawn as soon as it is declared. What is drawn is a tree, so that
Hypothesis can cut branches off until the smallest operation that still fails is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    TypeMetaFieldDef,
    TypeNameMetaFieldDef,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from tests.graphql_schema.execution.arguments import Arguments, Pool, literal

MAX_FIELDS = 30
MAX_LEVELS = 7
MAX_SELECTIONS = 7
MAX_RUNS = 3
META = {"__typename": TypeNameMetaFieldDef, "__type": TypeMetaFieldDef}
INTROSPECTION_LEVELS = 2

# What is drawn, as often as it is listed; the first is what Hypothesis prefers.
SELECTIONS = ("field",) * 15 + ("fragment",) * 3 + ("spread", "again")
NAMES = ("leaf",) * 6 + ("edge",) * 8 + ("__typename",)
ALIASES = ("",) * 40 + ("a", "id", "b", "name", "nodes", "createdAt")


@dataclass(frozen=True)
class Drawn:
    """An operation, and values for its variables to run it with one after the other."""

    text: str
    variables: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        return "\n".join(["", self.text, *map(repr, self.variables)])


@dataclass(frozen=True)
class Asked:
    """A field with its arguments, and the type that it is asked on."""

    parent: GraphQLNamedType
    name: str
    arguments: str
    type: Any

    def merges_with(self, other: "Asked") -> bool:
        """Whether both may stand under one key: they never meet on an object, or they are the same."""
        if _shape(self.type) != _shape(other.type):
            return False
        meet = self.parent is other.parent or is_abstract_type(self.parent) or is_abstract_type(other.parent)
        return not meet or (self.name, self.arguments) == (other.name, other.arguments)


@dataclass(frozen=True)
class Selected:
    """A field in a selection set."""

    key: str
    asked: Asked
    directives: str = ""
    inner: "tuple[Selection, ...] | None" = None

    def __str__(self) -> str:
        alias = "" if self.key == self.asked.name else f"{self.key}: "
        return f"{alias}{self.asked.name}{self.asked.arguments}{self.directives}{_braced(self.inner)}"


@dataclass(frozen=True)
class Fragment:
    """A fragment in a selection set: an inline one, or by its name."""

    condition: GraphQLNamedType | None
    inner: "tuple[Selection, ...]"
    directives: str = ""
    name: str | None = None

    def __str__(self) -> str:
        if self.name:
            return f"...{self.name}{self.directives}"
        return f"...{f' on {self.condition.name}' if self.condition else ''}{self.directives}{_braced(self.inner)}"


Selection = Selected | Fragment


@dataclass
class Place:
    """A place in the answer: what was selected there so far, by its key, whichever fragment it came from.

    `likely` are the types of the objects that are probably found there.
    """

    likely: Sequence[str] = ()
    asked: dict[str, list[Asked]] = field(default_factory=dict)
    below: dict[str, "Place"] = field(default_factory=dict)

    def fits(self, key: str, asked: Asked) -> bool:
        """Whether the field may be selected here under this key."""
        return all(asked.merges_with(other) for other in self.asked.get(key, ()))

    def under(self, key: str) -> "Place":
        """The place under a key."""
        return self.below.setdefault(key, Place())

    def takes(self, inner: Sequence[Selection]) -> bool:
        """Whether all of a selection set may be selected here."""
        return all(
            self.takes(item.inner)
            if isinstance(item, Fragment)
            else self.fits(item.key, item.asked) and self.under(item.key).takes(item.inner or ())
            for item in inner
        )

    def take(self, inner: Sequence[Selection]) -> None:
        """Note what is selected here."""
        for item in inner:
            if isinstance(item, Fragment):
                self.take(item.inner)
            else:
                self.asked.setdefault(item.key, []).append(item.asked)
                self.under(item.key).take(item.inner or ())


@st.composite
def operations(draw: st.DrawFn, schema: GraphQLSchema, pool: Pool) -> Drawn:
    """Queries with several root fields."""
    assert schema.query_type
    writer = Writer(schema, Arguments(draw, pool))
    return writer.operation("query", writer.selections(schema.query_type, Place(), MAX_LEVELS))


@st.composite
def payloads(
    draw: st.DrawFn, schema: GraphQLSchema, pool: Pool, kind: str, name: str, arguments: Mapping[str, Any]
) -> Drawn:
    """Mutations or subscriptions of one root field with these arguments, and anything selected below it."""
    root = schema.mutation_type if kind == "mutation" else schema.subscription_type
    assert root
    writer = Writer(schema, Arguments(draw, pool))
    type_ = root.fields[name].type
    inner = writer.selections(get_named_type(type_), Place(), MAX_LEVELS)
    return writer.operation(kind, [Selected(name, Asked(root, name, written(arguments), type_), "", inner)])


def written(arguments: Mapping[str, Any]) -> str:
    """Arguments as the text of an operation has them behind the name of the field."""
    given = ", ".join(f"{key}: {literal(value)}" for key, value in arguments.items())
    return f"({given})" if given else ""


@dataclass
class Writer:
    """Writes one operation, field after field, until it is large enough."""

    schema: GraphQLSchema
    given: Arguments
    left: int = MAX_FIELDS
    fragments: list[Fragment] = field(default_factory=list)

    def operation(self, kind: str, inner: Sequence[Selection]) -> Drawn:
        """The operation with this selection set."""
        declared = ", ".join(self.given.declarations.values())
        head = f"{kind} Drawn{f'({declared})' if declared else ''}"
        fragments = (f"fragment {f.name} on {f.condition}{_braced(f.inner)}" for f in self.fragments)
        runs = [self.given.variables]
        while self.given.redraws and len(runs) < MAX_RUNS and self.given.chance(35):
            runs.append(self.given.again())
        return Drawn("\n".join([f"{head}{_braced(inner)}", *fragments]), tuple(runs))

    def selections(self, type_: Any, place: Place, levels: int) -> tuple[Selection, ...]:
        """A selection set on `type_` of at most so many levels."""
        found = list[Selection]()
        while not found or (self.left > 0 and len(found) < MAX_SELECTIONS and self.given.chance(65)):
            found.append(self._selection(type_, place, levels))
        return tuple(found)

    def _selection(self, type_: Any, place: Place, levels: int) -> Selection:
        found: Selection | None = None
        kind = self.given.one_of(SELECTIONS) if self.left > 0 else "field"
        if isinstance(type_, GraphQLUnionType) and self.left > 0 and self.given.chance(80):
            kind = "fragment"  # it has no field but `__typename`
        match kind:
            case "fragment":
                found = self._fragment(type_, place, levels)
            case "spread":
                found = self._spread(type_, place)
            case "again":
                found = self._again(type_, place, levels)
        return found or self._field(type_, place, levels)

    def _field(self, type_: Any, place: Place, levels: int) -> Selection:
        self.left -= 1
        name = self._name(type_, levels)
        declared = META.get(name) or type_.fields[name]
        text = self.given.text(declared, large=type_ is self.schema.query_type)
        levels = min(levels, INTROSPECTION_LEVELS) if name in META else levels
        return self._placed(Asked(type_, name, text, declared.type), place, levels, self.given.types_asked)

    def _placed(self, asked: Asked, place: Place, levels: int, likely: Sequence[str]) -> Selected:
        """The field under a key of its own, or under one that others have too where they can be merged."""
        key = self.given.one_of(ALIASES) or asked.name
        if not place.fits(key, asked):
            key = next(key for number in count() if place.fits(key := f"{asked.name}_{number}", asked))
        return self._selected(key, asked, place, levels, likely)

    def _selected(self, key: str, asked: Asked, place: Place, levels: int, likely: Sequence[str]) -> Selected:
        place.take([Selected(key, asked)])
        directives = self.given.directives()
        below = place.under(key)
        below.likely = [*below.likely, *likely]
        type_ = get_named_type(asked.type)
        inner = None if is_leaf_type(type_) else self.selections(type_, below, levels - 1)
        return Selected(key, asked, directives, inner)

    def _name(self, type_: Any, levels: int) -> str:
        """A field of the type: one that leads on, as long as there is room."""
        if type_ is self.schema.query_type and self.given.chance(3):
            return "__type"
        leaves, edges = _fields(type_)
        kind = self.given.one_of(NAMES)
        if edges and self.left > 0 and levels > 1 and (kind == "edge" or not leaves):
            return self.given.one_of(edges)
        return "__typename" if kind == "__typename" or not leaves else self.given.one_of(leaves)

    def _again(self, type_: Any, place: Place, levels: int) -> Selected | None:
        """A field that is there already, once more under the same key, with something else selected below it."""
        there = [(key, asked) for key, all_ in place.asked.items() for asked in all_ if asked.parent is type_]
        if not there:
            return None
        self.left -= 1
        key, asked = self.given.one_of(there)
        return self._selected(key, asked, place, levels, ())

    def _fragment(self, type_: Any, place: Place, levels: int) -> Fragment:
        """A new fragment, where it is selected first."""
        condition = self._condition(type_, place)
        inner = self.selections(condition or type_, place, levels)
        fragment = Fragment(condition, inner, self.given.directives())
        if condition is None or not self.given.chance(40):
            return fragment
        named = Fragment(condition, inner, fragment.directives, f"F{len(self.fragments)}")
        self.fragments.append(named)
        return named

    def _spread(self, type_: Any, place: Place) -> Fragment | None:
        """A fragment that was selected elsewhere before, where its type may be met and nothing stands against it."""
        fitting = [f for f in self.fragments if self._meets(type_, f.condition) and place.takes(f.inner)]
        if not fitting:
            return None
        again = self.given.one_of(fitting)
        place.take(again.inner)
        return Fragment(again.condition, again.inner, self.given.directives(), again.name)

    def _condition(self, type_: Any, place: Place) -> GraphQLNamedType | None:
        """A type that an object of `type_` may have, or none."""
        choices = [None, type_, *getattr(type_, "interfaces", ())]
        if is_abstract_type(type_):
            narrower = sorted(self.schema.get_possible_types(type_), key=lambda possible: possible.name)
            likely = [possible for possible in narrower if possible.name in place.likely]
            choices = likely if likely and self.given.chance(85) else [*choices, *narrower]
        chosen: GraphQLNamedType | None = self.given.one_of(choices)
        return chosen

    def _meets(self, type_: Any, condition: Any) -> bool:
        return bool(self._objects(type_) & self._objects(condition))

    def _objects(self, type_: GraphQLNamedType) -> set[str]:
        if isinstance(type_, GraphQLObjectType):
            return {type_.name}
        return {possible.name for possible in self.schema.get_possible_types(type_)}  # type: ignore[arg-type]


@cache
def _fields(type_: Any) -> tuple[list[str], list[str]]:
    """The names of the fields that are values, and of those that lead on."""
    fields: Mapping[str, GraphQLField] = getattr(type_, "fields", {})
    leaves = [name for name, declared in fields.items() if is_leaf_type(get_named_type(declared.type))]
    return leaves, [name for name in fields if name not in leaves]


def _shape(type_: Any) -> str:
    """What must be the same of two fields under one key: the type of a value, or how objects are listed."""
    named = get_named_type(type_)
    return str(type_) if is_leaf_type(named) else str(type_).replace(named.name, "{}")


def _braced(inner: Sequence[Selection] | None) -> str:
    return "" if inner is None else f" {{ {' '.join(map(str, inner))} }}"

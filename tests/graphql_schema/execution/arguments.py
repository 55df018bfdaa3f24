"""Draws arguments, variables and directives for an operation: values that the database has, and odd ones."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, TypeVar

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLNonNull,
    GraphQLString,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st

from graphql_schema.core.orders import order_of

Item = TypeVar("Item")
About = tuple[str, str]
"""What a value is about: a type of the graph and a field of it, such as Course and `instructorId`."""

PAGING = ("first", "after", "last", "before", "orderBy")
SIZES = (2, 1, 3)
LARGE_SIZES = (2, 1, 3, 5, 19, 20, 30, 100)
ODD_SIZES = (0, -1, 101, 2**31 - 1, -(2**31))
ODD_CURSORS = ("", "x", "====", "bnVsbA", "W10", "WzEsImFiYyIsW11d", "é", "\0")
ODD_TEXTS = ("", " ", "a", "'", '"', "\\", "%_", "\n", "\x01", "é", "😀", "a or -b", '"the user"', "\0", "null", "$1")
ODD: Mapping[str, Sequence[Any]] = {
    "ID": ("", "x", "usr_", f"usr_{'0' * 32}", f"USR_{'0' * 32}", f"usr_{'g' * 32}", f"pwd_{'0' * 32}", "\0", "😀"),
    "String": ODD_TEXTS,
    "Int": (0, 1, -1, 2**31 - 1, -(2**31)),
    "Float": (0, 1, -1, 0.5, 24.0, 1e-7, 1e22, -1.7976931348623157e308),
    "Decimal": ("0", "-0", "1e3", "0.001", "49.9", "9999999999.99", "-9999999999.99"),
    "Date": ("2026-01-01", "0001-01-01", "9999-12-31"),
    "DateTime": (
        "2026-01-01T12:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "1969-12-31T23:59:59-11:00",
    ),
    "JSON": (None, {}, [], {"a": [1, None, "b"]}),
}


KINDS = ("given", "stricter", "default", "strict default", "given", "default", "stricter", "given", "null", "absent")
"""The ways of a variable to its value."""
STRICT = ("stricter", "strict default", "null")
"""Those where another value may not be null."""


@dataclass(frozen=True)
class Pool:
    """What there is in the database, for arguments to find something."""

    values: Mapping[About, Sequence[Any]]
    ids: Mapping[str, Sequence[str]]
    """Ids by the type of what they name."""
    cursors: Mapping[About, Sequence[str]]
    """Cursors by the type of the order and its member."""

    def about(self, seen: Mapping[str, Sequence[str]]) -> "Pool":
        """The same with ids mostly of what somebody sees."""
        ids = {
            name: [*list(seen[name]) * (1 + 3 * len(all_) // len(seen[name])), *all_] if seen[name] else all_
            for name, all_ in self.ids.items()
        }
        return Pool({**self.values, **{(name, "id"): found for name, found in ids.items()}}, ids, self.cursors)


class Bare(str):
    """A name in the text of an operation: a member of an enumeration, or a variable."""

    __slots__ = ()


@dataclass
class Arguments:
    """Draws the arguments of one operation, and notes the variables that they need."""

    draw: st.DrawFn
    pool: Pool
    variables: dict[str, Any] = field(default_factory=dict)
    declarations: dict[tuple[str, str], str] = field(default_factory=dict)
    """Declarations of variables by their type and value."""
    beside: dict[str, Bare] = field(default_factory=dict)
    """The variables that stand in the last arguments, by their type."""
    redraws: dict[str, Callable[[], Any]] = field(default_factory=dict)
    """Other values for the variables."""
    types_asked: list[str] = field(default_factory=list)
    """The types of what the ids name that the last arguments hold."""
    is_ranked: bool = False
    """Whether the last arguments sort by what is searched for."""

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases. False is what Hypothesis prefers."""
        return self.draw(_below(100)) >= 100 - percent

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of the items. The first is what Hypothesis prefers."""
        return items[self.draw(_below(len(items)))]

    def text(self, declared: GraphQLField, *, large: bool) -> str:
        """Arguments for a field, with their parentheses. Pages are `large` only where they do not multiply."""
        self.types_asked, self.beside, self.is_ranked = [], {}, False
        about = get_named_type(declared.type).name.removesuffix("Connection")
        is_page = "orderBy" in declared.args
        given = self._page(declared.args, large=large) if is_page else {}
        if self.is_ranked and self.chance(90):
            given["filter"] = {"search": self.value(GraphQLNonNull(GraphQLString), (about, "search"))}
        known = (*PAGING, *given) if is_page else ()
        for name in self._names({name: a for name, a in declared.args.items() if name not in known}, given):
            given[name] = self.value(declared.args[name].type, (about, name))
        return f"({', '.join(f'{name}: {literal(value)}' for name, value in given.items())})" if given else ""

    def directives(self) -> str:
        """A few directives, mostly none."""
        if not self.chance(8):
            return ""
        names = self.one_of((("skip",), ("include",), ("skip", "include")))
        return "".join(
            f" @{name}(if: {literal(self.value(GraphQLNonNull(GraphQLBoolean), ('', '')))})" for name in names
        )

    def again(self) -> dict[str, Any]:
        """The variables once more, some of them with other values."""
        values = dict(self.variables)
        for name, draw in self.redraws.items():
            if self.chance(50):
                values[name] = draw()
        return values

    def value(self, type_: Any, about: About, *, constant: bool = False) -> Any:
        """A value of an input type: a variable, or a literal that may have variables in it."""
        another = partial(self.value, type_, about, constant=True)
        if not constant and str(type_) in self.beside and self.chance(50):
            return self._again_beside(type_, another)
        if not constant and self.chance(30):
            return self._variable(type_, another)
        if not is_non_null_type(type_) and self.chance(4):
            return None
        return self._some(type_.of_type if is_non_null_type(type_) else type_, about, constant=constant)

    def _names(self, declared: Mapping[str, GraphQLArgument], page: Mapping[str, Any]) -> list[str]:
        """Which arguments to give: those that must be, and some others."""
        needed = [name for name, argument in declared.items() if is_required_argument(argument)]
        others = [name for name in declared if name not in needed]
        if not others or (page and not self.chance(50)):
            return needed
        return [*needed, *(others if self.chance(5) else [self.one_of(others)])]

    def _page(self, declared: Mapping[str, GraphQLArgument], *, large: bool) -> dict[str, Any]:
        """Arguments of a list: an order, and a page in it in one direction or the other."""
        given: dict[str, Any] = {}
        type_: Any = get_named_type(declared["orderBy"].type)
        members, order, has_cursor = sorted(type_.values), declared["orderBy"].default_value.name, self.chance(30)
        if self.chance(40):
            order = self.one_of(members)
            self.is_ranked = order_of(type_.values[order].value).takes is not None
            given["orderBy"] = self._maybe_variable(type_, lambda: Bare(order if has_cursor else self.one_of(members)))
        if self.chance(2):
            return given | {"first": 1, "last": 1}
        size, cursor = self.one_of((("first", "after"), ("last", "before")))
        if not self.chance(20):
            given[size] = self._maybe_variable(declared[size].type, lambda: self._size(large=large))
        if has_cursor:
            given[cursor] = self._maybe_variable(declared[cursor].type, lambda: self._cursor((type_.name, order)))
        return given

    def _size(self, *, large: bool) -> int:
        return self.one_of(ODD_SIZES) if self.chance(1) else self.one_of(LARGE_SIZES if large else SIZES)

    def _cursor(self, order: About) -> str:
        if self.chance(2):
            return self.one_of(ODD_CURSORS)
        cursors = self.pool.cursors.get(order, ())
        if not cursors or self.chance(1):
            cursors = self.one_of(list(self.pool.cursors.values()))
        return self.one_of(cursors)

    def _some(self, type_: Any, about: About, *, constant: bool) -> Any:
        if is_list_type(type_):
            if self.chance(10):  # GraphQL takes one item for a list of it
                return self.value(type_.of_type, about, constant=True)
            return [self.value(type_.of_type, about, constant=constant) for _ in range(self.one_of((1, 2, 3, 1, 2, 0)))]
        if is_input_object_type(type_):
            return self._object(type_, about, constant=constant)
        if is_enum_type(type_):
            return Bare(self.one_of(list(type_.values)))
        return self._scalar(type_.name, about)

    def _object(self, type_: Any, about: About, *, constant: bool) -> dict[str, Any]:
        """An input object. The fields of a filter are about the columns of their names, those of a range are not."""
        filtered = type_.name.removesuffix("Filter")
        names = [name for name, f in type_.fields.items() if is_required_input_field(f)]
        names += [name for name in self._some_of(self._fields(type_)) if name not in names]
        return {
            name: self.value(
                type_.fields[name].type, (filtered, name) if filtered != type_.name else about, constant=constant
            )
            for name in names
        }

    def _fields(self, type_: Any) -> list[str]:
        """The fields to choose from: often those where a variable may stand that these arguments have already."""
        same = [name for name, f in type_.fields.items() if not leaves(f.type).isdisjoint(self.beside)]
        return same if same and self.chance(50) else list(type_.fields)

    def _some_of(self, names: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(self.one_of(names) for _ in range(self.one_of((1, 2, 1, 3, 1, 2, 0)))))

    def _scalar(self, name: str, about: About) -> Any:
        if name == "Boolean":
            return self.one_of((False, True))
        if self.chance(6):
            return self.one_of(ODD[name])
        known = self.pool.values.get(about)
        if name == "ID" and (not known or self.chance(5)):
            self.types_asked.append(self.one_of(list(self.pool.ids)))
            known = self.pool.ids[self.types_asked[-1]]
        return self.one_of(known or ODD[name])

    def _maybe_variable(self, type_: Any, draw: Callable[[], Any]) -> Any:
        return self._variable(type_, draw) if self.chance(30) else draw()

    def _variable(self, type_: Any, draw: Callable[[], Any]) -> Bare:
        """A variable with the value drawn, or another one that was found to have it."""
        value = draw()
        key = (str(type_), literal(value))
        if key not in self.declarations or self.chance(20):
            name = f"v{len(self.declarations)}"
            key = key if key not in self.declarations else (str(type_), name)
            self.declarations[key] = f"${name}: {self._declared(name, type_, value, draw)}"
        self.beside[str(type_)] = Bare(self.declarations[key].partition(":")[0])
        return self.beside[str(type_)]

    def _again_beside(self, type_: Any, draw: Callable[[], Any]) -> Bare:
        """A variable that stands in these arguments already. Its other values come from here, too."""
        found = self.beside[str(type_)]
        before = self.redraws[found[1:]]
        self.redraws[found[1:]] = lambda: other if (other := self.one_of((draw, before))()) is not None else before()
        return found

    def _declared(self, name: str, type_: Any, value: Any, draw: Callable[[], Any]) -> str:
        """The type of a variable with its default; sees to it that the value comes with the operation if it must."""
        is_needed = is_non_null_type(type_)
        nullable = type_.of_type if is_needed else type_
        kind = self.one_of(KINDS) if value is not None else "given"
        self.redraws[name] = draw if kind not in STRICT else lambda: value if (other := draw()) is None else other
        if kind in ("given", "stricter"):
            self.variables[name] = value
        match kind:
            case "null" if not is_needed:
                self.variables[name] = None
                return f"{nullable} = {literal(value)}"
            case "default":
                return f"{nullable} = {literal(value)}"
            case "strict default" | "null":
                return f"{nullable}! = {literal(value)}"
            case "absent" if not is_needed:
                return str(nullable)
            case "absent":
                return f"{nullable} = {literal(value)}"
            case "stricter":
                return f"{nullable}!"
        return str(type_)


@cache
def _below(limit: int) -> st.SearchStrategy[int]:
    return st.integers(0, limit - 1)


@cache
def leaves(type_: Any) -> frozenset[str]:
    """The types of the values that a value of an input type is made of."""
    named = get_named_type(type_)
    if not is_input_object_type(named):
        return frozenset({str(type_)})
    return frozenset().union(*(leaves(field.type) for field in named.fields.values()))


def literal(value: Any) -> str:
    """A value as the text of an operation writes it."""
    match value:
        case Bare():
            return value
        case dict():
            return f"{{{', '.join(f'{name}: {literal(item)}' for name, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(literal, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)

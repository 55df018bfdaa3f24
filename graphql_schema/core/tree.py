"""The tree between a query and its SQL: a handful of nodes that say what is answered, and from where.

Every field of the graph lowers itself to a node (`Field.lower`), beside saying how Python resolves it. The syntax of
GraphQL ends here and SQL begins here: statement, cost and deferred parts are functions of it, `print(tree)` shows it.

An expression of a node is written over a scope: a row, a page of rows, or the arguments that name a row.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graphql import FieldNode

from db.access import Viewer
from db.aggregates import Grouping
from db.base import Base
from db.permissions import Permission
from graphql_schema.core.arguments import Given
from graphql_schema.core.sources import Merged, Rows


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The type of a key that is shown as a global id with this prefix."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression is written: for a kind of viewer, over the columns `row.c`, of a page, in JSON of a column,
    or with arguments of this shape.

    `key` is the value by which arguments name a row.
    """

    viewer: Viewer
    row: Any = None
    page: Any = None
    json: Any = None
    key: Any = None
    shape: Any = None


class Node:
    """A node says itself in a few words, and prints with all that is below it."""

    __slots__ = ()

    @property
    def words(self) -> str:
        """The node by itself."""
        raise NotImplementedError

    def below(self) -> Iterator[tuple[str, "Node"]]:
        """The nodes right below, each with the word that leads to it; none where there is only one way."""
        yield from ()

    def all(self) -> Iterator["Node"]:
        """The node with all that is below it."""
        yield self
        for _, inner in self.below():
            yield from inner.all()

    def __str__(self) -> str:
        return "\n".join(_lines(self))


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Node):
    """A value that the schema fixes, such as the name of a type."""

    value: Any

    @property
    def words(self) -> str:
        return f"constant {self.value}"


@dataclass(frozen=True, slots=True, eq=False)
class Value(Node):
    """A scalar: an SQL expression over a row, over all rows of a page, or over all pages of a list.

    Its type says how it is written as JSON; without one the expression's own does. It is null for whoever lacks the
    permission `needs` on the row. The expression may ask for the arguments that are `given`.
    """

    text: str
    write: Callable[[Any], Any]
    type: Any = None
    is_nullable: bool = False
    needs: Permission | None = None
    over: Literal["row", "page", "list"] = "row"
    given: Given | None = None

    @property
    def words(self) -> str:
        return f"{self.text}{_asked(self.given)}{f' if {self.needs}' if self.needs else ''}"


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A field of an object in the answer: the key there, and its type in the schema, which says what can be null.

    `parts` bring it: deferred parts by their numbers, and None for what comes at once. `nodes` are the places in the
    document that select it, for the locations of errors.
    """

    key: str
    node: Node
    type: Any = None
    weight: int = 0
    parts: frozenset[int | None] = frozenset([None])
    nodes: tuple[FieldNode, ...] = ()

    @property
    def name(self) -> str:
        """The field's name in the schema."""
        return self.nodes[0].name.value

    @property
    def number(self) -> int | None:
        """The number of its arguments, if it takes any."""
        given = given_of(self.node)
        return given.number if given else None


@dataclass(frozen=True, slots=True, eq=False)
class Object(Node):
    """A JSON object over the row, page or payload around it. `deferred` are the parts that begin at it, each with the
    part that it stands in.
    """

    type: str
    members: tuple[Member, ...]
    deferred: tuple[tuple[int, int | None], ...] = ()

    @property
    def words(self) -> str:
        return self.type

    def below(self) -> Iterator[tuple[str, Node]]:
        yield from ((member.key, member.node) for member in self.members)


@dataclass(frozen=True, slots=True, eq=False)
class Row(Node):
    """One row, or null; or an array of many. The key is in the arguments, or in a payload under the name `payload`."""

    rows: Rows
    body: Object
    given: Given | None = None
    payload: str | None = None
    is_many: bool = False

    @property
    def words(self) -> str:
        return f"{'rows' if self.is_many else 'row'} of {self.rows}{_asked(self.given)} →"

    def below(self) -> Iterator[tuple[str, Node]]:
        yield "", self.body


@dataclass(frozen=True, slots=True, eq=False)
class Part(Node):
    """A part of the JSON in a column: an object, or an array of `most` items at most, or null where it is neither.

    If it cannot be null, the object has no keys then, and the array no items. `needs` is as of a `Value`.
    """

    text: str
    write: Callable[[Scope], Any]
    body: Object | Value
    most: int | None = None
    is_nullable: bool = False
    needs: Permission | None = None

    @property
    def words(self) -> str:
        many = "" if self.most is None else f", {self.most} at most"
        return f"{self.text}{many}{f' if {self.needs}' if self.needs else ''} →"

    def below(self) -> Iterator[tuple[str, Node]]:
        yield "", self.body


@dataclass(frozen=True, slots=True, eq=False)
class List(Node):
    """A page of rows, or `groups` of them. The arguments give a page its window: a `db.read.Window` is their shape."""

    rows: Rows | Merged
    body: "Object | Each"
    given: Given
    groups: Grouping | None = None

    @property
    def words(self) -> str:
        return f"{self.groups or 'list'} of {self.rows}{_asked(self.given)} →"

    def below(self) -> Iterator[tuple[str, Node]]:
        yield "", self.body


@dataclass(frozen=True, slots=True, eq=False)
class Each(Node):
    """A JSON array with the item of every row of the page around it, from the place `start` until `stop`."""

    item: "Object | Choice"
    start: int = 0
    stop: int | None = None

    @property
    def words(self) -> str:
        stretch = (f" from {self.start}" if self.start else "") + ("" if self.stop is None else f" until {self.stop}")
        return f"each{stretch}"

    def below(self) -> Iterator[tuple[str, Node]]:
        yield "", self.item


@dataclass(frozen=True, slots=True, eq=False)
class Choice(Node):
    """The row that a global id names, by its table; with `is_many` an array of those that several ids name.

    Without arguments it is the row that stands in the page around it, of one of several tables.
    """

    cases: Mapping[type[Base], Row]
    given: Given | None = None
    is_many: bool = False

    @property
    def words(self) -> str:
        return f"{'each of many, by' if self.is_many else 'by'} table{_asked(self.given)}"

    def below(self) -> Iterator[tuple[str, Node]]:
        yield from ((table.__name__, case) for table, case in self.cases.items())


@dataclass(frozen=True, slots=True, eq=False)
class Python(Node):
    """A value that only Python computes, by a declared field; of a payload or an event `body` says what is shown.

    Without a field it is GraphQL's own, such as `__schema`.
    """

    text: str
    name: str
    field: Any = None
    body: Object | None = None
    given: Given | None = None

    @property
    def words(self) -> str:
        return f"Python {self.text}{_asked(self.given)}{' →' if self.body else ''}"

    def below(self) -> Iterator[tuple[str, Node]]:
        if self.body:
            yield "", self.body


def objects(node: Node) -> Iterator[Object]:
    """The objects that a node answers with: several where they may have several types."""
    if isinstance(node, Object):
        yield node
        return
    for _, inner in node.below():
        yield from objects(inner)


def given_of(node: Node) -> Given | None:
    """The arguments of a node, if it takes any."""
    return getattr(node, "given", None)


def _asked(given: Given | None) -> str:
    return f" [{given.text}]" if given and given.text else ""


def _lines(node: Node) -> list[str]:
    first, *rest = [node.words]
    for word, inner in _cases(node) if isinstance(node, Choice) else node.below():
        head, *tail = _lines(inner)
        if word:
            rest += [f"  {word}: {head}", *(f"  {line}" for line in tail)]
        else:
            first, rest = f"{first} {head}", tail
    return [first, *rest]


def _cases(choice: Choice) -> Iterator[tuple[str, Node]]:
    """The cases of a choice; those that select the same are said once."""
    groups: dict[tuple[str, ...], list[type[Base]]] = {}
    for table, case in choice.cases.items():
        groups.setdefault(tuple(_lines(case)[1:]), []).append(table)
    for tables in sorted(groups.values(), key=len):
        name = tables[0].__name__
        yield (name if len(tables) == 1 else f"{len(tables)} tables, as {name}"), choice.cases[tables[0]]

"""An operation cut into what is answered first and what later: for each a document of its own.

A part selects the way to where it stands and then what is deferred there, or the rest of a list. In the document that
it was taken from a mark takes its place, so that the answer shows every object to which the part belongs.

Source: GraphQL specification, draft of incremental delivery, `@defer` and `@stream`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLDeferDirective,
    GraphQLError,
    GraphQLSchema,
    GraphQLStreamDirective,
    InlineFragmentNode,
    NameNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    value_from_ast_untyped,
    visit,
)
from graphql.execution import get_directive_values
from graphql.execution.values import VariableValues
from graphql.language import REMOVE

from graphql_schema.core.connections import LARGEST_PAGE, Many
from graphql_schema.execution.slices import sliced
from graphql_schema.execution.steps import declared_of

NodeT = TypeVar("NodeT", bound=Node)

DIRECTIVES = {"defer", "stream"}
MOST_PARTS = 16
"""Each is a statement that finds its way anew. What is deferred beyond comes with what is around it."""


@dataclass(frozen=True, slots=True)
class Key:
    """A step on the way down an answer. Where it leads to a list, the first item there has the place `start`."""

    name: str
    start: int = 0


Way = tuple[Key, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """What is answered later: the way to the objects that it belongs to, and the operation that asks for it.

    `items` is the list of such an object that goes on, and with which place; None for a fragment.
    """

    mark: str
    label: str | None
    way: Way
    items: Key | None
    node: OperationDefinitionNode


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is selected. `around` makes an operation with nothing but this selection at this place."""

    type_: Any
    way: Way
    is_page: bool
    around: Callable[[SelectionNode], OperationDefinitionNode]


@dataclass(slots=True)
class Cut:
    """An operation cut into parts: `first`, and then `later`, each after the one that it stands in."""

    schema: GraphQLSchema
    document: DocumentNode
    variables: VariableValues
    operation: OperationDefinitionNode
    first: OperationDefinitionNode = field(init=False)
    later: list[Part] = field(default_factory=list)
    _marks: int = 0
    _waiting: deque[Callable[[], Part]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        root = self.schema.get_root_type(self.operation.operation)
        place = Place(root, (), is_page=False, around=lambda node: _with(self.operation, selection_set=_set([node])))
        self.first = _with(self.operation, selection_set=self._kept(self.operation, place))
        while self._waiting:
            self.later.append(self._waiting.popleft()())

    def _kept(self, node: Any, place: Place) -> SelectionSetNode:
        """What is left of a selection set."""
        return _set([left for one in node.selection_set.selections for left in self._left(one, place)])

    def _left(self, node: SelectionNode, place: Place) -> Iterator[SelectionNode]:
        """What is left of a selection."""
        match node:
            case FieldNode(selection_set=None):
                yield node
            case FieldNode():
                yield from self._left_of_field(node, place)
            case _:
                yield self._left_of_fragment(node, place)

    def _left_of_fragment(self, node: Any, place: Place) -> SelectionNode:
        fragment = self._inline(node)
        asked = self._asked(GraphQLDeferDirective, node)
        inner = Place(self._type(fragment, place), place.way, place.is_page, _inside(fragment, place))
        if asked is None:
            return _with(fragment, selection_set=self._kept(fragment, inner))
        mark = self._mark()
        self._waiting.append(lambda: self._fragment(mark, asked.get("label"), fragment, place, inner))
        return _with(fragment, selection_set=_set([mark]))

    def _left_of_field(self, node: FieldNode, place: Place) -> Iterator[SelectionNode]:
        asked = self._asked(GraphQLStreamDirective, node) if _is_list_of(place, node) else None
        if asked is None:
            yield self._within(node, place, start=0)
            return
        count = min(asked["initialCount"], LARGEST_PAGE)
        mark = self._mark()
        self._waiting.append(lambda: self._rest(mark, asked.get("label"), node, place, count))
        yield self._within(_with(node, directives=(*_plain(node), sliced((0, count)))), place, start=0)
        yield _with(mark, directives=_plain(node))

    def _fragment(self, mark: FieldNode, label: str | None, node: Any, place: Place, inner: Place) -> Part:
        whole = _with(node, selection_set=self._kept(node, inner))
        return Part(_key(mark), label, place.way, None, place.around(whole))

    def _rest(self, mark: FieldNode, label: str | None, node: FieldNode, place: Place, start: int) -> Part:
        rest = _with(node, directives=(*_plain(node), sliced((start, None))))
        whole = self._within(rest, place, start=start)
        return Part(_key(mark), label, place.way, Key(_key(node), start), place.around(whole))

    def _within(self, node: FieldNode, place: Place, *, start: int) -> FieldNode:
        """A field with what is left below it."""
        declared = place.type_.fields[node.name.value]
        inner = Place(
            get_named_type(declared.type),
            (*place.way, Key(_key(node), start)),
            isinstance(declared_of(declared), Many),
            _inside(node, place),
        )
        return _with(node, selection_set=self._kept(node, inner))

    def _mark(self) -> FieldNode:
        self._marks += 1
        return FieldNode(alias=NameNode(value=f"__later_{self._marks}"), name=NameNode(value="__typename"))

    def _asked(self, directive: Any, node: Any) -> Any:
        """The arguments of the directive where it is in force."""
        found = get_directive_values(directive, node, self.variables) if node.directives else None
        return found if found and found["if"] and self._marks < MOST_PARTS else None

    def _inline(self, node: Any) -> InlineFragmentNode:
        """A fragment where it is spread, with the directives that decide whether it is."""
        if isinstance(node, InlineFragmentNode):
            return _with(node, directives=_plain(node))
        assert isinstance(node, FragmentSpreadNode)
        fragment = next(one for one in _fragments(self.document) if one.name.value == node.name.value)
        return InlineFragmentNode(
            type_condition=fragment.type_condition, directives=_plain(node), selection_set=fragment.selection_set
        )

    def _type(self, fragment: InlineFragmentNode, place: Place) -> Any:
        condition = fragment.type_condition
        return self.schema.get_type(condition.name.value) if condition else place.type_


def at_once(document: DocumentNode) -> DocumentNode:
    """The same document with nothing deferred."""
    without: DocumentNode = visit(document, _Undirected())
    return without


def deciding(document: DocumentNode) -> list[str] | None:
    """The names of the variables on which it depends what is deferred; None where nothing can be."""
    found = _Deciding()
    visit(document, found)
    return sorted(found.names) if found.is_met else None


def initial_counts(nodes: Iterable[Node]) -> list[ValueNode]:
    """All that is given as `initialCount` of a `@stream` in these definitions."""
    found = _Counts()
    for node in nodes:
        visit(node, found)
    return found.values


def negative(counts: Iterable[ValueNode], variables: VariableValues) -> Iterator[GraphQLError]:
    """What is wrong with what is given as `initialCount`.

    Source: GraphQL specification, draft of incremental delivery, `@stream`.
    """
    for node in counts:
        count = value_from_ast_untyped(node, variables.coerced)
        if count is not Undefined and (count is None or count < 0):
            yield GraphQLError("The `initialCount` of `@stream` is a number from 0 on.", node)


class _Counts(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.values: list[ValueNode] = []

    def enter_directive(self, node: Any, *_: Any) -> None:
        if node.name.value == GraphQLStreamDirective.name:
            self.values += [one.value for one in node.arguments or () if one.name.value == "initialCount"]


class _Undirected(Visitor):
    def enter_directive(self, node: Any, *_: Any) -> Any:
        return REMOVE if node.name.value in DIRECTIVES else None


class _Deciding(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.is_met = False
        self.names: set[str] = set()

    def enter_directive(self, node: Any, *_: Any) -> None:
        if node.name.value in DIRECTIVES:
            self.is_met = True
            self.names |= {one.value.name.value for one in node.arguments or () if isinstance(one.value, VariableNode)}


def _inside(node: Any, place: Place) -> Callable[[SelectionNode], OperationDefinitionNode]:
    return lambda one: place.around(_with(node, selection_set=_set([one])))


def _is_list_of(place: Place, node: FieldNode) -> bool:
    """Whether the field is the list of a connection: other lists have nothing to wait for."""
    return place.is_page and node.name.value in {"nodes", "edges"}


def _plain(node: Any) -> tuple[Any, ...]:
    return tuple(one for one in node.directives or () if one.name.value not in DIRECTIVES)


def _fragments(document: DocumentNode) -> Iterator[FragmentDefinitionNode]:
    return (node for node in document.definitions if isinstance(node, FragmentDefinitionNode))


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _set(selections: list[SelectionNode]) -> SelectionSetNode:
    return SelectionSetNode(selections=tuple(selections))


def _with(node: NodeT, **changes: Any) -> NodeT:
    """A copy of a node with changes."""
    return type(node)(**{key: getattr(node, key) for key in node.keys} | changes)

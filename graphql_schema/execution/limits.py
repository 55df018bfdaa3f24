"""The limits of one operation: what is larger is refused before anything expensive looks at it.

A document is counted before it is validated, as if every spread were replaced by what its fragment has. That is what it
means, and what a few lines of fragments, each spread twice by the one before, become; yet every definition is looked at
once, and nothing is written out.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple, NoReturn

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    parse,
)

from graphql_schema.core.arguments import ENDLESS
from graphql_schema.core.errors import RequestError
from graphql_schema.core.syntax import nodes_in
from graphql_schema.limits import Limits

INTROSPECTION = {"__schema", "__type"}
LONG_LISTS = {"fields", "possibleTypes"}
LONG = 10
"""How long the lists of introspection are that make it dear, about. The others are short, or there is only one."""
VALUE = re.compile(r'\b(String|BlockString|Int|Float) [\'"].*[\'"]', re.DOTALL)
"""A value that the parser repeats, with its kind."""


def parsed(text: str, limits: Limits) -> DocumentNode:
    """The document, if it is one and no longer than it may be; raises RequestError."""
    check_size("document_bytes", len(text.encode(errors="surrogatepass")), limits)
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        if error.message.endswith("tokens. Parsing aborted."):
            _refuse("tokens", f"more than {limits.tokens:,}", limits.tokens)
        error.message = VALUE.sub(r"\1", error.message)
        raise RequestError([error], "GRAPHQL_PARSE_FAILED") from error


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Raise RequestError for a document, not validated yet, with an operation that is too large."""
    fragments = sum(isinstance(node, FragmentDefinitionNode) for node in document.definitions)
    check_size("fragments", fragments, limits)
    for size in sizes(document):
        for name in ("depth", "root_fields", "aliases", "directives", "selections"):
            check_size(name, getattr(size, name), limits)


def values_in(value: Any, limits: Limits, *, most: int) -> int:
    """How many values there are in one, with itself; raises RequestError for more than `most`, or too deep ones.

    It looks at no list or object that is too much.
    """
    level: list[Any] = [[value]]
    found, depth = 0, -1
    while level:
        found, depth = found + sum(map(len, level)), depth + 1
        check_size("values", found, limits, most=most)
        check_size("nesting", depth, limits)
        values = (inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer))
        level = [value for value in values if isinstance(value, dict | list) and value]
    return found


def check_cost(nodes: int, points: int, limits: Limits) -> None:
    """Raise RequestError for what may answer with too much."""
    check_size("nodes", nodes, limits)
    if points > limits.points:
        message = f"Cost: {points:,} points estimated, {limits.points:,} allowed."
        raise RequestError([GraphQLError(message)], "COST_ESTIMATED_TOO_EXPENSIVE")


def check_size(name: str, found: int, limits: Limits, *, most: int = 0) -> None:
    """Raise RequestError for more than `most`, and than the limit of this name."""
    most = max(most, getattr(limits, name))
    if found > most:
        _refuse(name, f"more than {ENDLESS:,}" if found >= ENDLESS else f"{found:,}", most)


def _refuse(name: str, found: str, most: int) -> NoReturn:
    words = name.replace("_", " ").capitalize()
    message = f"{words}: {found} found, {most:,} allowed."
    raise RequestError([GraphQLError(message)], f"MAX_{name.upper()}_LIMIT")


def sizes(document: DocumentNode) -> list["Size"]:
    """How large each operation of anything that could be parsed is; raises RequestError where one never ends."""
    fragments = _fragments(document)
    return [_size(node, fragments) for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def size(operation: OperationDefinitionNode, document: DocumentNode) -> "Size":
    """How large an operation of a document is that was checked."""
    return _size(operation, _fragments(document))


class Position(NamedTuple):
    """Where a selection set stands: how deep, how often, and whether in introspection."""

    depth: int
    times: int
    is_meta: bool

    def below(self, field: FieldNode) -> "Position":
        """The position below a field."""
        if self.is_meta:
            size = LONG if field.name.value in LONG_LISTS else 1
            return Position(self.depth, self.times * size, is_meta=True)
        return Position(self.depth + 1, self.times, field.name.value in INTROSPECTION)


class Size(NamedTuple):
    """How large a definition is, with all that it spreads."""

    depth: int
    root_fields: int
    aliases: int
    directives: int
    selections: int
    variables: Counter[str]
    """How often each variable is used in arguments."""


def _fragments(document: DocumentNode) -> dict[str, Size]:
    """The sizes of fragments: each is added up once, after those that it spreads."""
    nodes = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    spreads = {name: {one.name.value for one in nodes_in(node, FragmentSpreadNode)} for name, node in nodes.items()}
    found: dict[str, Size] = {}
    try:
        for name in TopologicalSorter(spreads).static_order():
            if name in nodes:
                found[name] = _size(nodes[name], found)
    except CycleError as error:
        message = f"A fragment cannot spread itself: {' in '.join(error.args[1])}."
        raise RequestError([GraphQLError(message)], "GRAPHQL_VALIDATION_FAILED") from None
    return found


def _size(definition: OperationDefinitionNode | FragmentDefinitionNode, fragments: Mapping[str, Size]) -> Size:
    """The size of a definition that spreads these fragments. One that is not there has nothing."""
    found = list(_selections(definition))
    nodes = [definition, *(node for node, _ in found)]
    fields = [(node, position) for node, position in found if isinstance(node, FieldNode)]
    spreads = [(node.name.value, position) for node, position in found if isinstance(node, FragmentSpreadNode)]
    parts = [(fragments[name], position) for name, position in spreads if name in fragments]
    depths = [position.depth for _, position in fields if not position.is_meta]
    arguments = [argument for node, _ in fields for argument in node.arguments or ()]
    variables = Counter(one.name.value for argument in arguments for one in nodes_in(argument, VariableNode))
    for part, _ in parts:
        variables.update(part.variables)
    return Size(
        depth=max([0, *depths, *(position.depth - 1 + part.depth for part, position in parts)]),
        root_fields=depths.count(1) + sum(part.root_fields for part, position in parts if position.depth == 1),
        aliases=sum(node.alias is not None for node, _ in fields) + sum(part.aliases for part, _ in parts),
        directives=sum(len(node.directives or ()) for node in nodes) + sum(part.directives for part, _ in parts),
        selections=sum(at.times for _, at in found) + sum(at.times * part.selections for part, at in parts),
        variables=variables,
    )


def _selections(
    definition: OperationDefinitionNode | FragmentDefinitionNode,
) -> Iterator[tuple[SelectionNode, Position]]:
    """All that a definition selects, with its position."""
    condition = getattr(definition, "type_condition", None)
    is_meta = condition is not None and condition.name.value.startswith("__")
    left: list[tuple[SelectionSetNode, Position]] = [(definition.selection_set, Position(1, 1, is_meta))]
    while left:
        inner, position = left.pop()
        for node in inner.selections:
            yield node, position
            if below := getattr(node, "selection_set", None):
                left.append((below, position.below(node) if isinstance(node, FieldNode) else position))

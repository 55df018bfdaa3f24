"""The arguments in a tree, made ready for one request: what shapes its statement, and the values of the parameters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graphql.execution.values import VariableValues

from db.access import Viewer
from db.base import Base
from db.statements import Statement
from graphql_schema.core.arguments import Given
from graphql_schema.core.tree import Choice, Member, Node, given_of

Givens = Sequence[tuple[Given, Mapping[type[Base], "Givens"]]]
"""The arguments at a node and below it, in the order of the tree.

What is given to a choice comes with the arguments in each of its cases: its table says which of them count.
"""


def givens(node: Node) -> Givens:
    """The arguments at a node and below it. What no variable can change of them is made ready here."""
    found = list(_givens(node))
    for given, _ in found:
        given.prepare()
    return found


def _givens(node: Node) -> Iterator[tuple[Given, Mapping[type[Base], Givens]]]:
    if isinstance(node, Choice) and node.given:
        yield node.given, {table: givens(case) for table, case in node.cases.items()}
        return
    if given := given_of(node):
        yield given, {}
    for _, inner in node.below():
        yield from _givens(inner)


@dataclass(frozen=True, slots=True)
class Asked:
    """Fields whose arguments make sense, each with the shapes that variables can change, and the arguments at and below
    them.

    Shapes and `failures`, which say what is wrong with arguments, are by the number of the field; values by the name of
    the parameter.
    """

    members: dict[Member, tuple[Any, ...]] = field(default_factory=dict)
    shapes: dict[int, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    failures: dict[int | None, Exception] = field(default_factory=dict)

    @property
    def apart(self) -> list["Asked"]:
        """Each of the fields by itself."""
        return [replace(self, members={member: shapes}) for member, shapes in self.members.items()]

    def arguments(self, statement: Statement, viewer: Viewer) -> list[Any]:
        """The values of a statement's parameters in their order."""
        return statement.arguments({**self.values, **viewer.parameters})

    def give(self, member: Member, name: str, value: Any) -> None:
        """Give a parameter of a field its value."""
        given = given_of(member.node)
        assert given
        self.values[given.parameter(name)] = value


def asked(fields: Iterable[tuple[Member, int, Givens]], variables: VariableValues) -> Asked:
    """Make the arguments of these fields, each with its number, ready with these values of variables."""
    found = Asked()
    for member, number, givens in fields:
        found.members[member] = (number, *_bound(found, givens, variables))
    if not found.failures:
        return found
    ready = {member: shapes for member, shapes in found.members.items() if member.number not in found.failures}
    return replace(found, members=ready)


def _bound(found: Asked, givens: Givens, variables: VariableValues) -> Iterator[Any]:
    """Take in the arguments of a field and of all below it. The shapes are those that variables can change."""
    for given, cases in givens:
        binding = given.bind(variables)
        found.shapes[given.number] = binding.shape
        if binding.error:
            found.failures[given.number] = binding.error
        for name, value in binding.values.items():
            found.values[given.parameter(name)] = value
        if given.varies:
            yield binding.shape
        for table in binding.tables:
            yield from _bound(found, cases[table], variables)

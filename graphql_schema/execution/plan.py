"""The plan of an operation: its tree, who answers each field of it, and the statements compiled so far.

A plan depends on the document, the operation and the values of `@skip`, `@include`, `@defer` and `@stream`. A statement
depends beside that on the kind of viewer and on the shapes of the arguments; all else is the value of a bind parameter.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import count
from typing import Any

from graphql.execution.values import VariableValues

from db.access import Viewer
from db.cache import get_or_make
from db.change.declared import Change
from db.change.parts import Form
from db.change.statement import ChangeStatement
from db.errors import BadInput
from db.statements import Statement, joined
from graphql_schema.core.changes import OneStatement
from graphql_schema.core.mutations import Mutation
from graphql_schema.core.rate_limit import RateLimit
from graphql_schema.core.subscriptions import Subscription
from graphql_schema.core.tree import Constant, Member, Node, Object, Python, Row, given_of
from graphql_schema.execution import changing
from graphql_schema.execution.asked import Asked, Givens, asked, givens
from graphql_schema.execution.compiler import statement
from graphql_schema.execution.cost import Cost, cost
from graphql_schema.execution.deferring import Deferred
from graphql_schema.execution.limits import INTROSPECTION
from graphql_schema.execution.memory import Memory

BYTES_A_CHARACTER = 5
"""Bytes that a kept statement takes for each character of its text, that for many at once included."""


@dataclass(frozen=True, eq=False)
class Plan:
    """How one operation is answered; in `parts`, where some of it is deferred and statements can read that apart: None
    is what comes at once.

    `obstacles` are the fields that only Python can answer: see the function of that name. Its statements are kept in
    `memory` under its number. It takes about so many bytes.
    """

    tree: Object
    memory: Memory
    obstacles: Mapping[str, str] = field(default_factory=dict)
    parts: "dict[Deferred | None, Plan] | None" = None
    bytes: int = 0
    number: int = field(default_factory=count().__next__)

    def __post_init__(self) -> None:
        """Work out all that every answer needs: what makes a plan can take long, and the event loop only uses it."""
        for member in self.members:
            if given := given_of(member.node):
                given.prepare()
        _ = self.compiled, self.introspects, self.rate_limits, self.cost, self._givens

    @property
    def members(self) -> Sequence[Member]:
        """The fields of the root."""
        return self.tree.members

    @cached_property
    def introspects(self) -> bool:
        """Whether what is not compiled only asks about the schema."""
        names = {member.name for member in self.members if member.key in self.obstacles}
        return bool(names) and names <= INTROSPECTION

    @cached_property
    def constants(self) -> dict[str, Any]:
        """The values that the schema answers, such as `__typename`, by key."""
        return {member.key: member.node.value for member in self.members if isinstance(member.node, Constant)}

    @cached_property
    def compiled(self) -> list[Member]:
        """The fields that a statement answers."""
        return [f for f in self.members if f.key not in self.obstacles and f.key not in self.constants]

    @cached_property
    def reads(self) -> list[list[Member]]:
        """The fields that are read together, by one statement each time, if all of it is compiled."""
        changing = [member for member in self.members if is_changing(member.node)]
        return [[child for child, _ in references(member)] for member in changing] or [self.compiled]

    @cached_property
    def changes(self) -> list[Member]:
        """The fields that are one statement each."""
        return [member for member in self.members if change_of(member.node)]

    @cached_property
    def rate_limits(self) -> dict[str, Python]:
        """The fields that ask what the operation costs, by key."""
        nodes = {member.key: member.node for member in self.members if isinstance(member.node, Python)}
        return {key: node for key, node in nodes.items() if isinstance(node.field, RateLimit)}

    def is_dry_run(self, variables: VariableValues) -> bool:
        """Whether the operation is only to be priced."""
        return any(node.given.values(variables)["dry_run"] for node in self.rate_limits.values() if node.given)

    @cached_property
    def way(self) -> str:
        """compiled, resolved or both."""
        if not self.obstacles:
            return "compiled"
        return "both" if len(self.obstacles) < len(self.members) else "resolved"

    @cached_property
    def how(self) -> str:
        """How it is answered, in a line: `compiled; resolved: Query.__schema`."""
        compiled = [] if self.way == "resolved" else ["compiled"]
        resolved = [f"resolved: {', '.join(sorted(set(self.obstacles.values())))}"] if self.obstacles else []
        return "; ".join(compiled + resolved)

    @cached_property
    def cost(self) -> Cost:
        """The cost, for any values of its variables."""
        return cost(self.tree)

    def asked(self, members: Sequence[Member], variables: VariableValues) -> Asked:
        """The arguments of these fields and of all below them, made ready."""
        return asked([(member, *self._givens[member]) for member in members], variables)

    @cached_property
    def _givens(self) -> dict[Member, tuple[int, Givens]]:
        """The arguments in each field that is read, with a number of the field."""
        read = (member for members in self.reads for member in members)
        return {member: (number, givens(member.node)) for number, member in enumerate(read)}

    def statement(self, asked: Asked, viewer: Viewer) -> Statement:
        """The statement for fields with arguments of these shapes, compiled here if it is not kept: see `compile`."""
        return get_or_make(self.memory.statements, self.key(asked, viewer), partial(self.compile, asked, viewer), size)

    def compile(self, asked: Asked, viewer: Viewer) -> Statement:
        """Compile the statement for fields with arguments of these shapes; raises BadInput if they are too deep.

        Each field is compiled once for each shape of its own arguments, whatever the others have: shapes add up, they
        do not multiply. The whole is those of its fields put side by side.
        """
        apart = asked.apart
        if len(apart) > 1:
            return joined([self.statement(one, viewer) for one in apart])
        [member] = asked.members
        try:
            return statement(member.node, asked.shapes, viewer)
        except RecursionError:
            raise BadInput("This is nested too deeply.") from None

    def compile_change(self, member: Member, asked: Asked, viewer: Viewer, *, form: Form) -> ChangeStatement:
        """The statement of a field that is one; raises BadInput as `compile` does."""
        change, rows = change_of(member.node), [row.node for row in asked.members if isinstance(row.node, Row)]
        assert change
        try:
            return changing.statement(change, rows, asked, viewer, form=form)
        except RecursionError:
            raise BadInput("This is nested too deeply.") from None

    def written(self, asked: Asked, viewer: Viewer) -> Statement | None:
        """The statement, if it was compiled before."""
        return self.memory.statements.get(self.key(asked, viewer))

    def key(self, asked: Asked, viewer: Viewer) -> tuple[Any, ...]:
        """The key that tells the statement from all others."""
        return (self.number, viewer.kind, *asked.members.values())


def size(statement: Statement) -> int:
    """The bytes that a statement takes."""
    return BYTES_A_CHARACTER * len(statement.sql)


def is_changing(node: Node) -> bool:
    """Whether it is a mutation or a subscription: statements read the rows in its payload."""
    return isinstance(node, Python) and isinstance(node.field, Mutation | Subscription)


def change_of(node: Node) -> Change | None:
    """The change that a field is, if it is one statement."""
    return node.field.change if isinstance(node, Python) and isinstance(node.field, OneStatement) else None


def shown(member: Member) -> Sequence[Member]:
    """The selection of the payload of a mutation or of an event."""
    assert isinstance(member.node, Python)
    return member.node.body.members if member.node.body else ()


def references(member: Member) -> list[tuple[Member, Row]]:
    """The rows that are selected of a payload."""
    return [(child, child.node) for child in shown(member) if isinstance(child.node, Row)]


def obstacles(tree: Object, *, compiles: bool) -> dict[str, str]:
    """The keys of the fields of the root that only Python can answer, each with a field that only Python computes.

    Where nothing `compiles` these are all that the schema does not answer itself.
    """
    if not compiles:
        return {one.key: f"{tree.type}.{one.name}" for one in tree.members if not isinstance(one.node, Constant)}
    found = {member.key: next(_obstacles(member), None) for member in tree.members}
    return {key: reason for key, reason in found.items() if reason}


def _obstacles(member: Member) -> Iterator[str]:
    read: Iterable[Node] = (row for _, row in references(member)) if is_changing(member.node) else [member.node]
    return (one.text for node in read for one in node.all() if isinstance(one, Python))

"""The plan of an operation: its steps, who answers each of them, and the statements compiled so far.

A plan depends on the document, the operation and the values of `@skip` and `@include`. A statement depends beside that
on the kind of viewer and on the shapes of the arguments; everything else is the value of a bind parameter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from graphql.execution.values import VariableValues

from db.access import Viewer
from db.kept import Segmented
from db.statements import Statement, joined
from graphql_schema.core import roots
from graphql_schema.core.connections import Many
from graphql_schema.core.fields import FAILED, Binding, Column, One, Part, PublicId, Sql
from graphql_schema.core.mutations import Mutation, Reference
from graphql_schema.core.nodes import NODES
from graphql_schema.core.rate_limit import RateLimit
from graphql_schema.core.subscriptions import Subscription
from graphql_schema.execution.compiler import parameter, statement
from graphql_schema.execution.cost import Place, place_of
from graphql_schema.execution.limits import INTROSPECTION
from graphql_schema.execution.steps import Step

BYTES_A_CHARACTER = 5
"""What a kept statement takes for each character of its text, that for many at once included."""

OBJECTS = (One, Part, Reference, roots.Lookup, roots.NodeById, roots.NodesById, roots.Viewer)
LEAVES = (Column, PublicId, Sql)


@dataclass(frozen=True, eq=False)
class Plan:
    """How one operation is answered. Its statements are kept under its number."""

    steps: Sequence[Step]
    statements: Segmented[Statement]
    number: int = field(default_factory=count().__next__)

    @cached_property
    def obstacles(self) -> dict[str, str]:
        """The keys of the steps that only Python can answer, with what stands against a statement."""
        found = {step.key: obstacle(step) for step in self.steps if not step.is_typename}
        return {key: reason for key, reason in found.items() if reason}

    @cached_property
    def introspects(self) -> bool:
        """Whether what is not compiled only asks about the schema."""
        names = {step.selected.name for step in self.steps if step.key in self.obstacles}
        return bool(names) and names <= INTROSPECTION

    @cached_property
    def typenames(self) -> dict[str, str]:
        """What is answered to `__typename`, by key."""
        return {step.key: step.parent.name for step in self.steps if step.is_typename}

    @cached_property
    def compiled(self) -> list[Step]:
        """The steps that a statement answers."""
        return [step for step in self.steps if not step.is_typename and step.key not in self.obstacles]

    @cached_property
    def reads(self) -> list[list[Step]]:
        """The steps that are read together, by one statement each time, if all of it is compiled."""
        changing = [step for step in self.steps if isinstance(step.field, Mutation | Subscription)]
        return [references(step) for step in changing] or [self.compiled]

    @cached_property
    def rate_limits(self) -> dict[str, Step]:
        """The steps that ask what the operation costs, by key."""
        return {step.key: step for step in self.steps if isinstance(step.field, RateLimit)}

    def is_dry_run(self, variables: VariableValues) -> bool:
        """Whether the operation is only to be priced."""
        return any(step.arguments(variables)["dry_run"] for step in self.rate_limits.values())

    @cached_property
    def way(self) -> str:
        """compiled, resolved or both."""
        if not self.obstacles:
            return "compiled"
        return "both" if len(self.obstacles) < len(self.steps) else "resolved"

    @cached_property
    def how(self) -> str:
        """How it is answered, in a line: `compiled; resolved: Query.__schema`."""
        compiled = [] if self.way == "resolved" else ["compiled"]
        resolved = [f"resolved: {', '.join(sorted(set(self.obstacles.values())))}"] if self.obstacles else []
        return "; ".join(compiled + resolved)

    @cached_property
    def cost(self) -> Place:
        """What it may cost, for any values of its variables."""
        return place_of(self.steps)

    def statement(self, steps: Sequence[Step], asked: "Asked", viewer: Viewer) -> Statement:
        """The statement for these steps with arguments of these shapes; raises RecursionError if they are too deep.

        Each step is compiled once for each shape of its own arguments, whatever the others have: shapes add up, they
        do not multiply. The whole is those of its steps put side by side.
        """
        found = self.written(steps, asked, viewer)
        if found is None:
            found = self._joined(steps, asked, viewer) if len(steps) > 1 else statement(steps[0], asked.shapes, viewer)
            self.statements.put(self.key(steps, asked, viewer), found, BYTES_A_CHARACTER * len(found.sql))
        return found

    def written(self, steps: Sequence[Step], asked: "Asked", viewer: Viewer) -> Statement | None:
        """The same, if it was compiled before."""
        return self.statements.get(self.key(steps, asked, viewer))

    def _joined(self, steps: Sequence[Step], asked: "Asked", viewer: Viewer) -> Statement:
        return joined([self.statement([step], asked, viewer) for step in steps])

    def key(self, steps: Sequence[Step], asked: "Asked", viewer: Viewer) -> tuple[Any, ...]:
        """What tells the statement from all others."""
        return (self.number, viewer.kind, *[asked.varying[step.number] for step in steps])


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of steps, made ready: shapes by the number of the step, and values by the name of the parameter.

    `varying` has the numbers and shapes that variables can change, at and below each of the steps; `failures` what is
    wrong with arguments.
    """

    shapes: dict[int, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    varying: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    failures: dict[int, Exception] = field(default_factory=dict)

    def add(self, step: Step, variables: VariableValues) -> None:
        """Take in the arguments of a step and of all below it."""
        self.varying[step.number] = (step.number, *self._bound(step, variables))

    def _bound(self, step: Step, variables: VariableValues) -> Iterator[Any]:
        for one, binding in step.bound:
            self._take(one or step, binding)
        for one in [below or step for below in step.unbound]:
            binding = one.binding(variables)
            self._take(one, binding)
            yield one.number, binding.shape
            for child in _of_tables(one, binding.shape):
                yield from self._bound(child, variables)

    def arguments(self, statement: Statement, viewer: Viewer) -> list[Any]:
        """The values of a statement's parameters in their order."""
        return statement.arguments({**self.values, **viewer.parameters})

    def give(self, step: Step, name: str, value: Any) -> None:
        """Give a parameter of a step its value."""
        self.values[parameter(step, name)] = value

    def _take(self, step: Step, binding: Binding) -> None:
        self.shapes[step.number] = binding.shape
        if binding.error:
            self.failures[step.number] = binding.error
        for name, value in binding.values.items():
            self.give(step, name, value)


def _of_tables(step: Step, shape: Any) -> list[Step]:
    """The steps below one that finds rows of any table by their ids, for the tables found."""
    match step.field:
        case _ if shape is FAILED:
            return []
        case roots.NodeById():
            return step.children_of(shape) if shape else []
        case roots.NodesById():
            return [child for table in shape for child in step.children_of(table)]
    return []


def references(step: Step) -> list[Step]:
    """The steps below a mutation or a subscription that read rows."""
    return [child for child in step.children if isinstance(child.field, Reference)]


def obstacle(step: Step) -> str | None:
    """The field at or below the step that only Python can compute; None when a statement answers all of it."""
    return next(_obstacles(step), None)


def _obstacles(step: Step) -> Iterator[str]:
    match step.field:
        case _ if step.is_typename:
            return
        case Mutation() | Subscription():
            below = references(step)
        case Many():
            below = [item for part in step.children for item in _items(part)]
        case roots.NodeById() | roots.NodesById():
            below = [child for table in NODES for child in step.children_of(table)]
        case field_ if isinstance(field_, OBJECTS):
            below = step.children
        case field_ if isinstance(field_, LEAVES):
            return
        case _:
            yield f"{step.parent.name}.{step.selected.name}"
            return
    for child in below:
        yield from _obstacles(child)


def _items(part: Step) -> list[Step]:
    """The fields of the rows that a part of a connection shows."""
    if part.name == "nodes":
        return part.children
    return [child for inner in part.children if inner.name == "node" for child in inner.children]

"""An operation: what a client sent, found in its document, with its variables; and what can be known before it runs."""

from dataclasses import dataclass, field
from typing import Any

from graphql.execution.values import VariableValues

from graphql_schema.core.errors import RequestError
from graphql_schema.core.mutations import Showing
from graphql_schema.execution.cost import Estimate, by_path
from graphql_schema.execution.definitions import Definition
from graphql_schema.execution.plan import Plan


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as a client sent it."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with its variables, how it is answered, and what it comes to at most.

    A dry run is only priced: nothing of it runs but `rateLimit`.
    """

    definition: Definition
    variables: VariableValues
    request: Request
    plan: Plan
    estimate: Estimate
    is_dry_run: bool
    showings: dict[str, Showing] = field(default_factory=dict)
    """The statements of its changes by their keys, once they are compiled."""

    @property
    def kind(self) -> str:
        """query, mutation or subscription."""
        return self.definition.kind

    @property
    def is_compiled(self) -> bool:
        """Whether statements answer all of it."""
        return not self.plan.obstacles

    @property
    def is_deferring(self) -> bool:
        """Whether parts of its answer come later, if the client likes."""
        return self.kind == "query" and self.plan.parts is not None

    @property
    def points(self) -> int:
        """The points that are paid before it runs."""
        return 0 if self.is_dry_run else self.estimate.points

    def actual(self, objects: int) -> int:
        """The price in the end, if its answer holds so many objects."""
        return min(self.points, self.estimate.actual(objects))

    @property
    def estimate_by_path(self) -> list[tuple[str, int, int]]:
        """The cost field by field: the path, the nodes and the weight that it adds."""
        return list(by_path(self.plan.tree, self.variables.coerced))


class CostError(RequestError):
    """An operation was refused because it may answer with too much: it says with how much."""

    def __init__(self, refusal: RequestError, operation: Operation) -> None:
        Exception.__init__(self, *refusal.args)
        self.errors, self.discreet = refusal.errors, refusal.discreet
        self.operation = operation

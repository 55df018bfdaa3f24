"""An operation: what a client sent, found in its document, with its variables; and what can be known before it runs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql.execution.values import VariableValues

from graphql_schema.core.errors import RequestError
from graphql_schema.execution.cost import Estimate
from graphql_schema.execution.documents import Definition
from graphql_schema.execution.plan import Plan


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


@dataclass(frozen=True)
class Operation:
    """An operation with its variables, ready to run."""

    definition: Definition
    variables: VariableValues
    request: Request

    @property
    def kind(self) -> str:
        """query, mutation or subscription."""
        return self.definition.kind

    @cached_property
    def plan(self) -> Plan:
        """How it is answered."""
        return self.definition.plan(self.variables)

    @cached_property
    def estimate(self) -> Estimate:
        """What it comes to at most."""
        return self.plan.cost.estimate(self.variables.coerced)

    @property
    def estimate_by_path(self) -> list[tuple[str, int, int]]:
        """The same field by field: the path, the nodes and the weight that it adds."""
        return list(self.plan.cost.by_path(self.variables.coerced))

    @cached_property
    def points(self) -> int:
        """What is paid for it before it runs."""
        return 0 if self.is_dry_run else self.estimate.points

    def actual(self, objects: int) -> int:
        """What it costs in the end, if its answer holds so many objects."""
        return min(self.points, self.estimate.actual(objects))

    @cached_property
    def is_dry_run(self) -> bool:
        """Whether it is only to be priced: nothing of it runs but `rateLimit`."""
        return any(step.arguments(self.variables)["dry_run"] for step in self.plan.rate_limits.values())


class CostError(RequestError):
    """An operation was refused because it may answer with too much: it says with how much."""

    def __init__(self, refusal: RequestError, operation: Operation) -> None:
        Exception.__init__(self, *refusal.args)
        self.errors = refusal.errors
        self.operation = operation

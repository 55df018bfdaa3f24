"""What a client sent, and the operation that was found in it."""

from dataclasses import dataclass
from typing import Any

from graphql.execution.values import VariableValues

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


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with its variables, how it is answered, and what it comes to at most."""

    definition: Definition
    variables: VariableValues
    request: Request
    plan: Plan
    estimate: Estimate

    @property
    def kind(self) -> str:
        """query, mutation or subscription."""
        return self.definition.kind

    @property
    def estimate_by_path(self) -> list[tuple[str, int, int]]:
        """The same field by field: the path, the nodes and the weight that it adds."""
        return list(self.plan.cost.by_path(self.variables.coerced))

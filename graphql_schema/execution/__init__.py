"""From the text of an operation to its answer. README.md follows one through these modules."""

from graphql_schema.core.errors import RequestError
from graphql_schema.execution.cost import Estimate
from graphql_schema.execution.executor import Executor
from graphql_schema.execution.operations import CostError, Operation, Request

__all__ = ["CostError", "Estimate", "Executor", "Operation", "Request", "RequestError"]

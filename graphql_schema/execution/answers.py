"""Answers, put together of what was found and of the errors on the way."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLError, is_non_null_type

from graphql_schema.core.errors import explained, shown
from graphql_schema.execution.steps import Step

Answer = dict[str, Any]


def located(error: Exception, step: Step, path: Sequence[str]) -> GraphQLError:
    return GraphQLError(str(error), step.selected.nodes, path=[*path, step.key], original_error=error)


def answered(steps: Sequence[Step], found: Mapping[str, Any], errors: list[GraphQLError]) -> Answer:
    """The answer with its fields in the order of the operation; no data where a field that cannot be null failed."""
    failed = [step for step in steps if step.declared and found.get(step.key) is None]
    if failed and any(is_non_null_type(step.output) for step in failed):
        return {"data": None} | with_errors(errors)
    return {"data": {step.key: found.get(step.key) for step in steps}} | with_errors(errors)


def formatted(result: ExecutionResult) -> Answer:
    return {"data": result.data} | with_errors(result.errors or [])


def with_errors(errors: list[GraphQLError]) -> Answer:
    return {"errors": shown(explained(error) for error in errors)} if errors else {}

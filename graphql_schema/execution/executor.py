"""Runs operations against the schema. Transports differ in framing only: all of them come through here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution import Executor as GraphQLExecutor
from graphql.execution import create_source_event_stream, execute

from graphql_schema.core.context import Context
from graphql_schema.core.errors import explained, formatted

MAX_TOKENS = 2_000
MAX_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that may run. `kind` is query, mutation or subscription."""

    kind: str
    document: DocumentNode
    request: Request


class RequestError(Exception):
    """The request was refused before anything ran. `errors` is what the answer shows."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


class Executor:
    """Runs operations against one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema

    def prepare(self, request: Request) -> Operation:
        """Parse and validate; raises RequestError."""
        try:
            document = parse(request.query, max_tokens=MAX_TOKENS)
        except GraphQLError as error:
            raise _refused([error], "GRAPHQL_PARSE_FAILED") from error
        if errors := validate(self.schema, document, max_errors=MAX_ERRORS):
            raise _refused(errors, "GRAPHQL_VALIDATION_FAILED")
        operation = get_operation_ast(document, request.operation_name)
        if operation is None:
            message = "Say with `operationName` which operation of the document is to run."
            raise _refused([GraphQLError(message)], "OPERATION_RESOLUTION_FAILURE")
        return Operation(operation.operation.value, document, request)

    async def execute(self, operation: Operation, context: Context) -> dict[str, Any]:
        """The answer of a query or a mutation; raises RequestError when the variables do not fit."""
        result = execute(self.schema, operation.document, **_arguments(operation, context))
        return _answer(result if isinstance(result, ExecutionResult) else await result)

    async def subscribe(self, operation: Operation, context: Context) -> AsyncIterator[dict[str, Any]]:
        """The answers to the events of a subscription; raises RequestError before the first when it is refused."""
        executor = GraphQLExecutor.build(self.schema, operation.document, **_arguments(operation, context))
        if isinstance(executor, list):
            raise _refused(executor, "BAD_USER_INPUT")
        stream: Any = create_source_event_stream(executor)
        if executor.is_awaitable(stream):
            stream = await stream
        if isinstance(stream, ExecutionResult):
            raise RequestError(_errors(stream))
        try:
            async for event in stream:
                result: Any = execute(self.schema, operation.document, event, **_arguments(operation, context.fresh()))
                yield _answer(result if isinstance(result, ExecutionResult) else await result)
        except Exception as error:  # noqa: BLE001  (an error of the stream is the last answer of the subscription)
            yield {"data": None, "errors": [explained(GraphQLError(str(error), original_error=error))]}
        finally:
            await stream.aclose()


def _arguments(operation: Operation, context: Context) -> dict[str, Any]:
    return {
        "context_value": context,
        "variable_values": operation.request.variables,
        "operation_name": operation.request.operation_name,
    }


def _answer(result: ExecutionResult) -> dict[str, Any]:
    if result.data is None and result.errors and all(error.path is None for error in result.errors):
        raise _refused(result.errors, "BAD_USER_INPUT")
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = _errors(result)
    return answer


def _errors(result: ExecutionResult) -> list[dict[str, Any]]:
    return [explained(error) for error in (result.errors or [])[:MAX_ERRORS]]


def _refused(errors: list[GraphQLError], code: str) -> RequestError:
    return RequestError([formatted(error, code=code) for error in errors[:MAX_ERRORS]])

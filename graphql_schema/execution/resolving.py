"""The answers of graphql-core: fields that only Python can compute, and questions about the schema."""

from collections.abc import Container, Iterable
from functools import partial
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.execution import experimental_execute_incrementally
from graphql.type.directives import GraphQLDisableErrorPropagationDirective
from orjson import Fragment, dumps

from graphql_schema.core.context import Context
from graphql_schema.execution.deferring import at_once
from graphql_schema.execution.operations import Operation

UNPROPAGATED = DirectiveNode(name=NameNode(value=GraphQLDisableErrorPropagationDirective.name), arguments=())


async def resolve(operation: Operation, context: Context, keys: Container[str], root: Any = None) -> ExecutionResult:
    """Have graphql-core answer fields of the root, none of it deferred, with one batch of statements an edge."""
    answer = _run(operation, context, keys, root)
    return answer if isinstance(answer, ExecutionResult) else await answer


async def introspect(operation: Operation, context: Context) -> ExecutionResult:
    """The answer to what a query asks about the schema, cached for everybody. To show all of it takes 100 ms."""
    request, memory = operation.request, operation.definition.memory
    key = request.query, request.operation_name, dumps(request.variables)
    make = partial(_shown, operation, context)
    return await memory.worker.get_or_make(memory.shown, key, make, partial(_size, key), payer=context.payer)


def _shown(operation: Operation, context: Context) -> ExecutionResult:
    """The answer, as text in JSON."""
    result: ExecutionResult = _run(operation, context, operation.plan.obstacles)
    if result.errors:
        return result
    return ExecutionResult({key: Fragment(dumps(value)) for key, value in (result.data or {}).items()}, None)


def _size(key: Iterable[str | bytes | None], answer: ExecutionResult) -> int:
    return len(dumps(answer.data)) + sum(len(part or "") for part in key)


def _run(operation: Operation, context: Context, keys: Container[str], root: Any = None) -> Any:
    request, definition = operation.request, operation.definition
    document = _document(operation, keys)
    # Its own `execute` takes no schema that has the directives.
    return experimental_execute_incrementally(
        definition.schema,
        at_once(document) if definition.is_deferring else document,
        root,
        context_value=context,
        variable_values=request.variables,
        operation_name=request.operation_name,
    )


def _document(operation: Operation, keys: Container[str]) -> DocumentNode:
    """The document with these root fields alone, in which a field that fails is null by itself: graphql-core would
    leave its siblings as they are. What has to be null with it is told by `answers`, by the answer alone and not by
    which field failed first.
    """
    definition = operation.definition
    nodes = [node for member in operation.plan.members if member.key in keys for node in member.nodes]
    only = OperationDefinitionNode(
        operation=definition.node.operation,
        name=definition.node.name,
        variable_definitions=definition.node.variable_definitions,
        directives=(UNPROPAGATED,),
        selection_set=SelectionSetNode(selections=tuple(nodes)),
    )
    fragments = (node for node in definition.document.definitions if isinstance(node, FragmentDefinitionNode))
    return DocumentNode(definitions=(only, *fragments))

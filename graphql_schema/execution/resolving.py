"""The answers of graphql-core: fields that only Python can compute, and questions about the schema."""

from collections.abc import Container
from functools import partial
from typing import Any

from graphql import (
    DefinitionNode,
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.execution import experimental_execute_incrementally
from graphql.type.directives import GraphQLDisableErrorPropagationDirective
from orjson import Fragment, dumps

from db.cache import Cache
from graphql_schema.core.context import Context
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.threads import Turns, in_thread

UNPROPAGATED = DirectiveNode(name=NameNode(value=GraphQLDisableErrorPropagationDirective.name), arguments=())


class Resolving:
    """Runs graphql-core. What it said of the schema is kept in `shown`, because that is the same for everybody."""

    def __init__(self, schema: GraphQLSchema, turns: Turns, shown: Cache[ExecutionResult]) -> None:
        self.schema = schema
        self.turns = turns
        self.shown = shown

    async def resolve(
        self, operation: Operation, context: Context, document: DocumentNode, root: Any = None
    ) -> ExecutionResult:
        """Resolve a document that defers nothing, with one batch of statements an edge."""
        answer = self._run(operation, context, document, root)
        return answer if isinstance(answer, ExecutionResult) else await answer

    async def compute(self, operation: Operation, context: Context) -> ExecutionResult:
        """The fields of a query that a statement cannot answer."""
        return await self.resolve(operation, context, only(operation, operation.plan.obstacles))

    async def price(self, operation: Operation, context: Context) -> ExecutionResult:
        """The price of an operation."""
        return await self.resolve(operation, context, only(operation, operation.plan.rate_limits))

    async def introspect(self, operation: Operation, context: Context) -> ExecutionResult:
        """The answer to what a query asks about the schema. To show all of it takes 100 ms."""
        request = operation.request
        key = request.query, request.operation_name, dumps(request.variables)
        found = self.shown.get(key)
        if found is None:
            async with self.turns.turn(context.payer):
                show = partial(self._shown, operation, context)
                found = self.shown.get(key) or self._keep(key, *await in_thread(show))
        return found

    def _keep(self, key: tuple[str, str | None, bytes], answer: ExecutionResult, size: int) -> ExecutionResult:
        return self.shown.put(key, answer, size + sum(len(part or "") for part in key))

    def _shown(self, operation: Operation, context: Context) -> tuple[ExecutionResult, int]:
        """The answer, as text in JSON, and its bytes."""
        result = self._run(operation, context, only(operation, operation.plan.obstacles))
        if result.errors:
            return result, 0
        texts = {key: dumps(value) for key, value in (result.data or {}).items()}
        data = {key: Fragment(text) for key, text in texts.items()}
        return ExecutionResult(data, result.errors), sum(map(len, texts.values()))

    def _run(self, operation: Operation, context: Context, document: DocumentNode, root: Any = None) -> Any:
        request = operation.request
        # Its own `execute` takes no schema that has the directives.
        return experimental_execute_incrementally(
            self.schema,
            _whole(document),
            root,
            context_value=context,
            variable_values=request.variables,
            operation_name=request.operation_name,
        )


def _whole(document: DocumentNode) -> DocumentNode:
    """A document in which a field that fails is null by itself: graphql-core would leave its siblings as they are.

    What has to be null with it is told by `answers`, by the answer alone and not by which field failed first.
    """
    return DocumentNode(definitions=tuple(map(_unpropagated, document.definitions)))


def _unpropagated(node: DefinitionNode) -> DefinitionNode:
    if not isinstance(node, OperationDefinitionNode):
        return node
    changes = {"directives": (*(node.directives or ()), UNPROPAGATED)}
    return OperationDefinitionNode(**{key: getattr(node, key) for key in node.keys} | changes)


def only(operation: Operation, keys: Container[str]) -> DocumentNode:
    """The document with these root fields alone."""
    nodes = [node for member in operation.plan.members if member.key in keys for node in member.nodes]
    definition = operation.definition.node
    only = OperationDefinitionNode(
        operation=definition.operation,
        name=definition.name,
        variable_definitions=definition.variable_definitions,
        selection_set=SelectionSetNode(selections=tuple(nodes)),
    )
    fragments = (n for n in operation.definition.document.definitions if isinstance(n, FragmentDefinitionNode))
    return DocumentNode(definitions=(only, *fragments))

"""Arguments as functions take them: exactly what Strawberry, which calls the resolvers, makes of the same values."""

from typing import Any

import pytest
from graphql import FieldNode, GraphQLField, OperationDefinitionNode, parse
from graphql.execution import get_argument_values
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.types.scalar import DEFAULT_SCALAR_REGISTRY
from strawberry.types.arguments import convert_arguments

from graphql_schema.core.inputs import converted
from graphql_schema.core.scalars import SCALARS
from graphql_schema.core.strawberry_seam import definition_of
from graphql_schema.schema import executor

FIELDS = (
    'addComment(input: {threadId: "thr_1", content: "Yes"})',
    'createProject(input: {name: "P"})',
    'createProject(input: {name: "P", description: null, members: []})',
    'createProject(input: {name: "P", members: [{userId: "usr_1"}, {userId: "usr_2", role: VIEWER}]})',
    "projects(first: 2)",
    "projects(filter: null)",
    'projects(filter: {updatedAt: {since: "2026-08-19T19:49:29Z"}, status: [ACTIVE]})',
)


def coerced(text: str) -> tuple[GraphQLField, dict[str, Any]]:
    """The field that a text asks for, of a mutation or a query, with its arguments as GraphQL coerces them."""
    (operation,) = parse(f"{{ {text} }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    (node,) = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    schema = executor.schema
    assert schema.mutation_type
    assert schema.query_type
    field = (schema.mutation_type.fields | schema.query_type.fields)[node.name.value]
    return field, get_argument_values(field, node)


@pytest.mark.parametrize("text", FIELDS)
def test_functions_get_what_strawberry_would_give_them(text: str) -> None:
    field, given = coerced(text)
    arguments = definition_of(field).arguments
    registry = {**DEFAULT_SCALAR_REGISTRY, **SCALARS}
    expected = convert_arguments(given, arguments, scalar_registry=registry, config=StrawberryConfig())
    assert converted(given, field.args) == expected

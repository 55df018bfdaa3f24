"""The graph: the slices added up."""

from typing import Any

from graphql import GraphQLResolveInfo, GraphQLType, is_input_object_type
from strawberry import Schema
from strawberry.schema.config import StrawberryConfig

from graphql_schema import accounts, courses, notifications, organizations, repositories, specs
from graphql_schema.core import NODES, root
from graphql_schema.core.directives import atomic
from graphql_schema.core.scalars import SCALARS
from graphql_schema.execution import Executor
from graphql_schema.execution.cost import FORMULA

SLICES = (accounts, organizations, specs, courses, repositories, notifications)

schema = Schema(
    query=root("Query", f"What can be read. {FORMULA}", "queries", SLICES),
    mutation=root(
        "Mutation",
        "What can be changed. Each field is one transaction: all of it is done, or nothing. `@atomic` makes one of all "
        "fields. With an idempotency key, a header `Idempotency-Key` or the extension `idempotencyKey`, an operation "
        "is done once however often it is sent: for a day its data is answered as the first time.",
        "mutations",
        SLICES,
    ),
    subscription=root("Subscription", "What can be heard of as it happens.", "subscriptions", SLICES),
    directives=[atomic],
    types=list(NODES.values()),
    config=StrawberryConfig(scalar_map=SCALARS, enable_experimental_incremental_execution=True),
)


def _is_one_of(type_: GraphQLType, _info: GraphQLResolveInfo[Any]) -> bool | None:
    """Strawberry's own answer fails for lists and for types of GraphQL itself."""
    return type_.extensions["strawberry-definition"].is_one_of if is_input_object_type(type_) else None


schema._schema.type_map["__Type"].fields["isOneOf"].resolve = _is_one_of  # type: ignore[attr-defined]  # noqa: SLF001  (as below)
executor = Executor(schema._schema)  # noqa: SLF001  (Strawberry's own schema has no public name)


def sdl() -> str:
    """The schema in the schema definition language."""
    return f"{schema.as_str()}\n"

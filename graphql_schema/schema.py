"""The graph: the slices added up."""

from strawberry import Schema
from strawberry.schema.config import StrawberryConfig

from graphql_schema import accounts, courses, organizations, repositories, specs
from graphql_schema.core import NODES, root
from graphql_schema.core.directives import atomic
from graphql_schema.core.scalars import SCALARS
from graphql_schema.execution import Executor
from graphql_schema.execution.cost import FORMULA

SLICES = (accounts, organizations, specs, courses, repositories)

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
    config=StrawberryConfig(scalar_map=SCALARS),
)
executor = Executor(schema._schema)  # noqa: SLF001  (Strawberry's own schema has no public name)


def sdl() -> str:
    """The schema in the schema definition language."""
    return f"{schema.as_str()}\n"

"""The graph: the slices added up."""

from strawberry.schema.config import StrawberryConfig

import graphql_schema
from db.modules import packages
from graphql_schema.core import NODES, root
from graphql_schema.core.directives import atomic
from graphql_schema.core.scalars import SCALARS
from graphql_schema.core.strawberry_seam import Schema
from graphql_schema.execution import Executor
from graphql_schema.execution.cost import FORMULA

KERNEL = ("core", "execution", "live")
SLICES = [package for package in packages(graphql_schema) if package.__name__.rpartition(".")[2] not in KERNEL]

CHANGES = (
    "What can be changed. Fields are done one after the other, each in one transaction: all of it is done, or nothing. "
    "What is wrong with the input of a field stands in the `errors` of its payload. A field that fails otherwise is "
    "null and not done, and an error has its path. The fields behind it are done all the same.\n\n"
    "When the operation takes too long, the field that ran is null and not done (`GATEWAY_TIMEOUT`), and so are those "
    "behind it, which were not begun (`NOT_EXECUTED`). So it is what is null that may be sent again. Where there is a "
    "payload, and an object in it is null with an error that has its path, the change is done and the object could not "
    "be read.\n\n"
    "`@atomic` makes one transaction of all fields. With an idempotency key, a header `Idempotency-Key` or the "
    "extension `idempotencyKey`, an operation is done once however often it is sent: for a day its data is answered as "
    "the first time, or as you see it now if you have lost sight of a part of it."
)

schema = Schema(
    query=root("Query", f"What can be read. {FORMULA}", "queries", SLICES),
    mutation=root(
        "Mutation",
        CHANGES,
        "mutations",
        SLICES,
    ),
    subscription=root("Subscription", "What can be heard of as it happens.", "subscriptions", SLICES),
    directives=[atomic],
    types=list(NODES.values()),
    config=StrawberryConfig(scalar_map=SCALARS, enable_experimental_incremental_execution=True),
)


executor = Executor(schema.core)


def sdl() -> str:
    """The schema in the schema definition language."""
    return f"{schema.as_str()}\n"

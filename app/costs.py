"""The cost of an operation as its answer shows it. Every answer does, so it is written as text into the text of the
answer.
"""

import orjson

from app.rate_limits import Throttle
from graphql_schema.execution import Operation
from graphql_schema.execution.cost import WEIGHT_OF_A_POINT

COST = (
    b'{"requestedQueryCost":%d,"actualQueryCost":%b,"throttleStatus":'
    b'{"maximumAvailable":%d,"currentlyAvailable":%d,"restoreRate":%d}%b}'
)


def cost(requested: int, actual: float | None, *, throttle: Throttle, fields: bytes = b"") -> bytes:
    """The JSON of `extensions.cost` in the form that Shopify gave it, in points; of what was refused nothing is actual.

    `fields` is what `by_field` has written, or nothing.
    """
    maximum, _, rate = throttle
    actually = b"null" if actual is None else b"%d" % actual
    return COST % (requested, actually, maximum, throttle.whole_points, rate, fields)


def by_field(operation: Operation) -> bytes:
    """The member `fields`: what each field adds to the cost, in points, and to the nodes, wherever it adds anything."""
    return b',"fields":' + orjson.dumps(
        [
            {"path": path.split("."), "requestedCost": weight / WEIGHT_OF_A_POINT, "nodes": nodes}
            for path, nodes, weight in operation.estimate_by_path
        ]
    )


def with_cost(answer: bytes, cost: bytes, at: bytes = b"") -> bytes:
    """The JSON of an answer, which has no extensions yet, with its cost in them, and `extensions.at` if it has that."""
    others = (b',"at":', at) if at else ()
    return b"".join((memoryview(answer)[:-1], b',"extensions":{"cost":', cost, *others, b"}}"))

"""`rateLimit`: what an operation costs and what is left, in the words of GitHub, for a client that asks for it."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from db.base import Base
from graphql_schema.core.context import Budget, Context
from graphql_schema.core.fields import Computed, Field, object_type

object_type(
    "RateLimit",
    "What this operation costs, and how much more can be asked for. Every answer has the same in `extensions.cost`.",
    cost=Computed("The points that this operation costs at most.", int, attrgetter("cost")),
    node_count=Computed("The items of lists that this operation answers with at most.", int, attrgetter("node_count")),
    limit=Computed("The points that there are when nothing is asked for a while.", int, attrgetter("limit")),
    remaining=Computed(
        "The points that are left while this operation runs; what it does not cost is given back after it.",
        int,
        attrgetter("remaining"),
    ),
    used=Computed("The points that are not left.", int, lambda budget: budget.limit - budget.remaining),
    reset_at=Computed(
        "When all points are there again, if nothing is asked until then.", datetime, attrgetter("reset_at")
    ),
)


@dataclass(frozen=True)
class RateLimit(Field):
    """The cost of the operation, and the points that are left."""

    def annotation(self, table: type[Base], name: str) -> Any:
        return "RateLimit | None"

    def arguments(self) -> list[StrawberryArgument]:
        description = "Whether only this field is answered: nothing else is run, and nothing is paid."
        return [
            StrawberryArgument(
                "dry_run", None, StrawberryAnnotation(bool | None), default=False, description=description
            )
        ]

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Budget | None:
        return context.budget()

"""Fields whose values Python makes of what is read for them: those that no statement can compute."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from strawberry.types.arguments import StrawberryArgument

from db.base import Base
from graphql_schema.core.arguments import Binding
from graphql_schema.core.context import Batch, Context
from graphql_schema.core.fields import Field
from graphql_schema.core.signature import Argument, Signature


@dataclass(frozen=True, eq=False)
class Made(Field):
    """A value that `value` makes of what the batch `reads` finds for a row, both with the values of the arguments."""

    type: Any
    reads: Batch
    value: Callable[..., Awaitable[Any]]
    signature: Signature = field(default_factory=Signature)

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.type

    def arguments(self) -> list[StrawberryArgument]:
        return self.signature.declared()

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        return self.signature.bind(arguments)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        asked = self.signature.values(arguments).values()
        return await self.value(await context.load(self.reads, *asked, key=source.id), *asked)


def made(
    type: Any,
    description: str,
    *,
    reads: Batch,
    value: Callable[..., Awaitable[Any]],
    weight: int,
    **arguments: Argument,
) -> Made:
    """A value that Python makes: of what `reads(session, viewer, *arguments, keys)` finds for the key of each row, by
    `value(found, *arguments)`, which holds no connection while it works. The arguments come in their order.
    """
    return Made(description, type, reads, value, Signature(arguments), weight=weight)

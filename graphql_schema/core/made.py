"""Fields whose values Python makes of what is read for them: those that no statement can compute."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from strawberry.types.arguments import StrawberryArgument

from db.base import Base
from db.keyring import Keyring
from graphql_schema.core.arguments import Binding
from graphql_schema.core.context import Batch, Context
from graphql_schema.core.fields import Field
from graphql_schema.core.signature import Argument, Signature


@dataclass(frozen=True, eq=False)
class Made(Field):
    """A value that `value` makes of what the batch `reads` finds for a row, both with the values of the arguments."""

    type: Any
    reads: Batch
    value: Callable[..., Any]
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


@dataclass(frozen=True, eq=False)
class Opened(Made):
    """A value that `value` makes with the secrets of the installation of what is sealed, or of None."""

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        return self.value(context.database.keyring, await context.load(self.reads, key=source.id))


def opened(
    type: Any, description: str, *, reads: Batch, value: Callable[[Keyring, Any], Any], weight: int | None = None
) -> Opened:
    """A value that is sealed in the database: `reads(session, viewer, keys)` finds what of it the viewer may see, and
    `value(keyring, found)` opens that; it gets None where nothing was found.
    """
    return Opened(description, type, reads, value, weight=weight)


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


@dataclass(frozen=True, eq=False)
class Keyed(Field):
    """A value of the root that the batch `reads` finds by the key that `key` makes of the arguments.

    Where there is no such value it is `otherwise`; where no key can be made, that takes no statement.
    """

    type: Any
    key: Callable[..., Any]
    reads: Batch
    otherwise: Any
    signature: Signature = field(default_factory=Signature)

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.type

    def arguments(self) -> list[StrawberryArgument]:
        return self.signature.declared()

    def bind(self, arguments: Mapping[str, Any]) -> Binding:
        return self.signature.bind(arguments)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        key = self.key(*self.signature.values(arguments).values())
        found = None if key is None else await context.load(self.reads, key=key)
        return self.otherwise if found is None else found


def keyed(
    type: Any, description: str, *, key: Callable[..., Any], reads: Batch, otherwise: Any, **arguments: Argument
) -> Keyed:
    """A value of the root that `reads(session, viewer, keys)` finds by the key `key(*arguments)`, and else `otherwise`.

    Python has a look at the arguments first: no statement is run where it says that there is no key.
    """
    return Keyed(description, type, key, reads, otherwise, Signature(arguments))

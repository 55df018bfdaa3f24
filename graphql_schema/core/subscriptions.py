"""Subscriptions: a function that names a feed becomes a field that yields the events of it that have its kinds."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from strawberry import ID
from strawberry.types.arguments import StrawberryArgument

from db import ids
from db.base import Base
from db.outbox import Event
from graphql_schema.core.context import Context, Feed
from graphql_schema.core.fields import Computed, Field, object_type
from graphql_schema.core.mutations import arguments_of, described
from graphql_schema.core.references import Reference
from graphql_schema.core.strawberry_seam import enumeration


@dataclass(frozen=True)
class Subscription(Field):
    """A function that checks what the viewer wants to hear and names its feed."""

    function: Callable[..., Awaitable[Feed]]
    event: str
    kinds: type[Enum]
    begins: Enum | None
    """The kind of the first event, which comes at once and names what the arguments name."""
    shown: Mapping[str, Any]
    """The names in an event: tables for rows that are read, and ID for rows that are gone."""

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.event

    def arguments(self) -> list[StrawberryArgument]:
        return arguments_of(self.function)

    async def resolve(
        self, source: Any, context: Context, name: str, arguments: dict[str, Any]
    ) -> AsyncIterator[Event]:
        feed = await self.function(context, **arguments)
        return self._events(feed, context, self._first(feed, arguments))

    async def payload(self, event: Event, context: Context, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The objects of an event that the viewer sees. A viewer who lost the access since gets an error, as at the
        start.
        """
        await self.function(context, **arguments)
        return {"kind": event.kind} | {name: self._shown(name, public_id) for name, public_id in event.ids.items()}

    def _first(self, feed: Feed, arguments: Mapping[str, Any]) -> Event | None:
        """The event with which the subscription begins: what is true then is read when it is answered."""
        if self.begins is None:
            return None
        return Event(feed.topic, self.begins.value, {name: arguments[f"{name}_id"] for name in self.shown})

    async def _events(self, feed: Feed, context: Context, first: Event | None) -> AsyncIterator[Event]:
        """The events of a feed. The first comes when later ones are heard already: none is missed between them."""
        async with context.events.listen(feed.topic) as events:
            if first:
                yield first
            async for event in events:
                if event.kind in self.kinds.__members__ and feed.about in (None, *event.ids.values()):
                    yield event

    def _shown(self, name: str, public_id: str) -> Any:
        """The key of a row that is read, or the id of one that is gone."""
        found = ids.decode(public_id)
        return public_id if self.shown.get(name) is ID else found and found[1]


def subscription(
    event: str, kinds: type[Enum], *, begins: Enum | None = None, **shown: Any
) -> Callable[[Callable[..., Awaitable[Feed]]], Subscription]:
    """Make a function `(context, …) -> feed` a subscription to events of these kinds, which name rows of these tables.

    Of a row that is gone an event shows the ID: `deleted_comment_id=ID`. With `begins` the first event is of this kind
    and comes at once, with what the arguments name: `job_id` for `job`.
    """
    fields = {name: _named(name, kind) for name, kind in shown.items()}
    kind = Computed("What happened.", enumeration(kinds), lambda payload: kinds[payload["kind"]])
    object_type(event, inspect.cleandoc(kinds.__doc__ or ""), kind=kind, **fields)
    return lambda function: Subscription(described(function), function, event, kinds, begins, shown)


def _named(name: str, kind: Any) -> Field:
    if kind is ID:
        gone = name.removesuffix("_id").replace("_", " ")
        return Computed(f"The id of the {gone}; null for other events.", ID | None, lambda payload: payload.get(name))
    return Reference(f"The {name} that it is about, as you may see it.", kind)

"""Subscriptions: a function that names a feed becomes a field with the events of it that have its kinds."""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import Any

from strawberry import ID
from strawberry.types.arguments import StrawberryArgument

from db import ids
from db.base import Base
from db.errors import AccessLost, Forbidden, NotFound
from db.outbox import Event
from graphql_schema.core.context import Context, Feed
from graphql_schema.core.fields import Computed, Field, object_type
from graphql_schema.core.mutations import arguments_of, described
from graphql_schema.core.references import Reference
from graphql_schema.core.signature import argument
from graphql_schema.core.strawberry_seam import enumeration

AFTER = (
    "The `cursor` of an event, such as the last one before your connection broke: what has happened since comes first. "
    "Where that is not known any more, the first message has the code `HISTORY_GAP`."
)
CURSOR = Computed(
    "The place behind this event: subscribe again with `after: <cursor>` to miss nothing.", str, itemgetter("cursor")
)


@dataclass(frozen=True)
class Subscription(Field):
    """A function that checks what the viewer wants to hear and names its feed."""

    function: Callable[..., Awaitable[Feed]]
    event: str
    kinds: type[Enum]
    begins: Enum | None
    """The kind of the event with which it begins where the row is selected that the arguments name."""
    shown: Mapping[str, Any]
    """The names in an event: tables for rows that are read, and ID for rows that are gone."""

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.event

    def arguments(self) -> list[StrawberryArgument]:
        return [*arguments_of(self.function), argument("after", str | None, AFTER)]

    async def feed(self, context: Context, arguments: Mapping[str, Any]) -> Feed:
        """The events that the viewer wants to hear, with all that they must see for it; raises why they may not."""
        context.seen.clear()
        feed = await self.function(context, **{name: value for name, value in arguments.items() if name != "after"})
        return feed._replace(seen=tuple(context.seen))

    async def check(self, context: Context, arguments: Mapping[str, Any]) -> None:
        """Raise AccessLost if the viewer may not hear this any more."""
        try:
            await self.feed(context, arguments)
        except (NotFound, Forbidden):
            named = [value for value in arguments.values() if isinstance(value, str)]
            raise AccessLost(await context.lost(named)) from None

    def states(self, feed: Feed, context: Context) -> AsyncGenerator[Event, None] | None:
        """The states that stand for events of a feed which no outbox has; None where it has them."""
        return None

    def hears(self, event: Event, feed: Feed) -> bool:
        """Whether an event of its topic belongs to a feed."""
        return event.kind in self.kinds.__members__ and feed.about in (None, *event.ids.values())

    def payload(self, event: Event) -> dict[str, Any]:
        """The contents of an event: the keys of the rows that it names."""
        named = {name: self._shown(name, public_id) for name, public_id in event.ids.items()}
        return {"kind": event.kind, "cursor": event.cursor, **named}

    def first(self, feed: Feed, arguments: Mapping[str, Any]) -> Event | None:
        """The event with which a subscription begins: it names what the arguments name."""
        named = {name: arguments[f"{name}_id"] for name in self.shown if f"{name}_id" in arguments}
        return Event(feed.topic, self.begins.value, named) if self.begins else None

    def _shown(self, name: str, public_id: str) -> Any:
        """The key of a row that is read, or the id of one that is gone."""
        found = ids.decode(public_id)
        return public_id if self.shown.get(name) is ID else found and found[1]


def subscription(
    event: str, kinds: type[Enum], *, begins: Enum | None = None, **shown: Any
) -> Callable[[Callable[..., Awaitable[Feed]]], Subscription]:
    """Make a function `(context, …) -> feed` a subscription to events of these kinds, which name rows of these tables.

    Of a row that is gone an event shows the ID: `deleted_comment_id=ID`. With `begins` the first event is of this kind
    and shows what the arguments name, `job_id` for `job`, as it is then; where that is selected.
    """
    fields = {name: _named(name, kind) for name, kind in shown.items()}
    kind = Computed("What happened.", enumeration(kinds), lambda payload: kinds[payload["kind"]])
    object_type(event, inspect.cleandoc(kinds.__doc__ or ""), kind=kind, cursor=CURSOR, **fields)
    return lambda function: Subscription(described(function), function, event, kinds, begins, shown)


def _named(name: str, kind: Any) -> Field:
    if kind is ID:
        gone = name.removesuffix("_id").replace("_", " ")
        return Computed(f"The id of the {gone}; null for other events.", ID | None, lambda payload: payload.get(name))
    return Reference(f"The {name} that it is about, as you may see it.", kind)

"""Subscriptions: a declaration becomes a field with the events that name a row, or with those of the viewer's own.

>>> job_progress = events("How far a job is.", "JobEvent", JobEventKind, of=tables.Job, job=tables.Job)
>>> notification_events = events("Your notifications.", "NotificationEvent", NotificationEventKind, own=user_topic)
"""

import inspect
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import Any
from uuid import UUID

from strawberry import ID
from strawberry.types.arguments import StrawberryArgument

from db import ids
from db.access import slice_of
from db.base import Base
from db.constraints import field_of
from db.errors import AccessLost, Forbidden, NotFound, Unauthenticated
from db.outbox import Event, Topic
from db.permissions import SEE, Permission
from db.roots import noun
from graphql_schema.core.context import Context, Feed
from graphql_schema.core.fields import Computed, Field, object_type
from graphql_schema.core.references import Reference
from graphql_schema.core.signature import argument
from graphql_schema.core.strawberry_seam import enumeration

AFTER = (
    "The `cursor` of an event, such as the last one before your connection broke: what has happened since comes first. "
    "Where that is not known any more, the first message has the code `HISTORY_GAP`."
)
KINDS = "Hear of these alone; of all if left out."
CURSOR = Computed(
    "The place behind this event: subscribe again with `after: <cursor>` to miss nothing.", str, itemgetter("cursor")
)


@dataclass(frozen=True)
class Subscription(Field):
    """The events of a row, which the argument names; or those of the viewer's own."""

    event: str
    kinds: type[Enum]
    begins: Enum | None
    """The kind of the event with which it begins where the row is selected that the argument names."""
    shown: Mapping[str, Any]
    """The names in an event: tables for rows that are read, and ID for rows that are gone."""
    of: type[Base] | None
    """The table of the row."""
    own: Callable[..., Topic] | None
    """The topic of the viewer's own, by their key and by that of the row if there is one."""
    row: str
    """The description of the argument."""
    beside: Callable[[UUID], Topic] | None = None
    """The topic beside that of the root of the row, by its key."""
    may: Permission = SEE
    """The permission on the row that this takes."""

    @property
    def named(self) -> str:
        """The name of the argument, as Python has it."""
        assert self.of
        return f"{noun(self.of)}_id"

    @property
    def scope(self) -> str:
        """The scope that the credential needs for the viewer's own: to read the slice that tells these events."""
        return f"{slice_of(self.kinds.__module__)}:read"

    def annotation(self, table: type[Base], name: str) -> Any:
        return self.event

    def arguments(self) -> list[StrawberryArgument]:
        row = [argument(self.named, ID, self.row)] if self.of else []
        kinds = argument("kinds", list[enumeration(self.kinds)] | None, KINDS)  # type: ignore[misc]  # made of names
        return [*row, kinds, argument("after", str | None, AFTER)]

    async def feed(self, context: Context, arguments: Mapping[str, Any]) -> Feed:
        """The events that the viewer wants to hear, with all that they must see for it; raises why they may not."""
        context.seen.clear()
        feed = await self._found(context, arguments)
        asked = arguments.get("kinds")
        kinds = None if asked is None else frozenset(kind.value for kind in asked)
        return feed._replace(seen=tuple(context.seen), kinds=kinds)

    async def _found(self, context: Context, arguments: Mapping[str, Any]) -> Feed:
        if self.of and self.beside:
            asked = arguments[self.named]
            return Feed(self.beside(await context.see(self.of, asked, at=field_of(self.named), may=self.may)))
        if self.of and not self.own:
            return await context.feed(self.of, arguments[self.named], at=field_of(self.named))
        keys = [await context.see(self.of, arguments[self.named], at=field_of(self.named))] if self.of else []
        if context.viewer.id is None:
            raise Unauthenticated
        assert self.own
        if not context.viewer.has_scope(self.scope):
            raise Forbidden("The scopes of your credential do not allow this.")
        return Feed(self.own(context.viewer.id, *keys))

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
        is_asked = event.kind in (self.kinds.__members__ if feed.kinds is None else feed.kinds)
        return is_asked and feed.about in (None, *event.ids.values())

    def payload(self, event: Event) -> dict[str, Any]:
        """The contents of an event: the keys of the rows that it names."""
        named = {name: self._shown(name, public_id) for name, public_id in event.ids.items()}
        return {"kind": event.kind, "cursor": event.cursor, **named}

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        """The contents of an event of which something is selected that only Python computes."""
        return source

    def first(self, feed: Feed, arguments: Mapping[str, Any]) -> Event | None:
        """The event with which a subscription begins: it names what the arguments name."""
        named = {name: arguments[f"{name}_id"] for name in self.shown if f"{name}_id" in arguments}
        return Event(feed.topic, self.begins.value, named) if self.begins else None

    def _shown(self, name: str, public_id: str) -> Any:
        """The key of a row that is read, or the id of one that is gone."""
        found = ids.decode(public_id)
        return public_id if self.shown.get(name) is ID else found and found[1]


def events(
    description: str,
    event: str,
    kinds: type[Enum],
    *,
    of: type[Base] | None = None,
    own: Callable[..., Topic] | None = None,
    begins: Enum | None = None,
    row: str | None = None,
    beside: Callable[[UUID], Topic] | None = None,
    may: Permission = SEE,
    **shown: Any,
) -> Subscription:
    """A subscription to the events of these kinds which name a row of the table `of`, which the viewer has to see.

    With `own` it is to all events of a topic of the viewer's own, which `own` makes of their key and that of the row;
    with `beside` to those of a topic that this makes of the key of the row, on which the viewer has the permission
    `may`. An event shows rows of these tables, and the ID of a row that is gone: `deleted_comment_id=ID`. With `begins`
    the first event is of this kind and shows what the argument names, `job_id` for `job`, as it is then; where that is
    selected.
    """
    fields = {name: _named(name, kind) for name, kind in shown.items()}
    kind = Computed("What happened.", enumeration(kinds), lambda payload: kinds[payload["kind"]])
    object_type(event, inspect.cleandoc(kinds.__doc__ or ""), kind=kind, cursor=CURSOR, **fields)
    row = row or (f"The {noun(of)} to listen to." if of else "")
    return Subscription(inspect.cleandoc(description), event, kinds, begins, shown, of, own, row, beside, may)


def _named(name: str, kind: Any) -> Field:
    if kind is ID:
        gone = name.removesuffix("_id").replace("_", " ")
        return Computed(f"The id of the {gone}; null for other events.", ID | None, lambda payload: payload.get(name))
    return Reference(f"The {name.replace('_', ' ')} that it is about, as you may see it.", kind)

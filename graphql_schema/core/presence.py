"""Presence: who is in a place, such as a document, and who types there. Nothing of it is stored.

>>> document_presence = presence("Who has a document open.", tables.SpecificationDocument, people=tables.User)
>>> signal_typing = signal("Say that you type.", SignalTypingInput, at=tables.SpecificationDocument, may=COMMENT)

A subscription gives states, not deltas: each message names everybody, so that a lost one changes nothing. Whoever is
subscribed is there, and is seen by the others who are.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from strawberry import ID
from strawberry.types.arguments import StrawberryArgument

from db.base import Base
from db.change.declared import May
from db.constraints import field_of
from db.errors import Refusal, Unauthenticated
from db.outbox import Event, Topic, topic
from db.roots import noun
from graphql_schema.core.context import MAX_HERE, Context, Feed
from graphql_schema.core.fields import object_type
from graphql_schema.core.mutations import Mutation, Showing, payload_type, told
from graphql_schema.core.references import References
from graphql_schema.core.signature import argument
from graphql_schema.core.subscriptions import Subscription

STATE = "STATE"
SEEN = "null in it stands for one whom you may not see"


@dataclass(frozen=True)
class PresenceSubscription(Subscription):
    """The people in a row of the table `of`, among whom the viewer is for as long as they listen."""

    of: type[Base]

    def arguments(self) -> list[StrawberryArgument]:
        return [argument(self.named, ID, self.row)]

    async def _found(self, context: Context, arguments: Mapping[str, Any]) -> Feed:
        return Feed(_place(self.of, await context.see(self.of, arguments[self.named], at=field_of(self.named))))

    async def states(self, feed: Feed, context: Context) -> AsyncGenerator[Event, None]:
        if context.viewer.id is None:
            raise Unauthenticated
        assert context.presence, "the process shows who is where"
        async with context.presence.here(feed.topic, context.viewer.id) as states:
            async for here in states:
                yield Event(feed.topic, STATE, here._asdict())

    def payload(self, event: Event) -> dict[str, Any]:
        return dict(event.ids)


@dataclass(frozen=True)
class Signal(Mutation):
    """A mutation that changes nothing: it says that the viewer types in a place."""

    input: type
    table: type[Base]
    may: May

    def annotation(self, table: type[Base], name: str) -> Any:
        payload_type(name, {})
        return super().annotation(table, name)

    @property
    def module(self) -> str:
        return self.input.__module__

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("input", self.input, "Where you type.")]

    async def done(self, context: Context, arguments: dict[str, Any], showing: Showing | None) -> dict[str, Any]:
        name = f"{noun(self.table)}_id"
        async with context.source.work(context.viewer) as work:
            row = await work.get(self.table, getattr(arguments["input"], name), at=field_of(name), may=self.may)
        if context.presence:
            context.presence.type(_place(self.table, row.id), work.viewer_id)
        return told([])

    def payload(self, result: Any, refusals: Sequence[Refusal]) -> dict[str, Any]:
        return told(refusals)


def presence(description: str, of: type[Base], *, people: type[Base]) -> PresenceSubscription:
    """A subscription to the people in a row of the table `of`, which they have to see for it."""
    name = noun(of)
    event = f"{name.capitalize()}Presence"
    object_type(
        event,
        f"The people who have a {name} open at one moment.",
        people=References(f"All of them, yourself included, up to {MAX_HERE}; {SEEN}.", people, MAX_HERE),
        typing=References(f"Those of them who type; {SEEN}.", people, MAX_HERE),
    )
    return PresenceSubscription(description, event, Enum, None, {}, of, None, f"The {name} that you have open.")


def signal(description: str, input: type, *, at: type[Base], may: May) -> Signal:
    """A mutation that says to those in a row of the table `at` that the viewer types there. The input names the row."""
    return Signal(description, input, at, may)


def _place(table: type[Base], key: Any) -> Topic:
    return topic(noun(table), key)

"""Events: the unit of work notes what happened, and publishes it once it is committed.

An event names a topic and carries public ids, never data: every subscriber reads it under their own access rule. Today
a committed event goes straight to the publisher. This module is the place of the outbox table that will keep events in
the transaction of their change, numbered for each topic, until a relay has published them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

Topic = str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened under a topic: its kind and the public ids of what it concerns."""

    topic: Topic
    kind: str
    ids: dict[str, str] = field(default_factory=dict)


Publish = Callable[[Event], Awaitable[None]]


async def unheard(_event: Event) -> None:
    """Publish to nobody: for processes without subscribers, such as the command line."""


def topic(name: str, *keys: UUID) -> Topic:
    """The topic of what these keys name: `topic("document", document.id)`. Slices declare theirs with their tables."""
    return ":".join((name, *(key.hex for key in keys)))

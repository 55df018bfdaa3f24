"""The channels that a process hears, one a topic: the number of its last event, and the listeners that hear it.

A number that is left out is a gap, and so is whatever was published while there was no connection. What is missing is
read from the past that the outbox keeps. Only what that has no more is lost for the listeners, and what another epoch
has: its numbers say nothing about those of the one before (`db.epoch`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, Self

from db.errors import HistoryGap
from db.history import Past
from db.outbox import Event, Topic

Read = Callable[[Topic, int | None], Awaitable[Past]]
"""Reads the past of a topic behind a number: see `db.history.past`."""


class Hears(Protocol):
    """Events of a topic are handed to it as they come."""

    def hear(self, event: Event) -> None:
        """Take in an event."""
        ...

    def lose(self) -> None:
        """Note that events are lost here."""
        ...


class Listener:
    """The events that one listener has yet to take. It loses those that come when there are `size` of them already."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        """None stands where events are lost."""
        self._has_just_lost = False

    def hear(self, event: Event) -> None:
        """Take in an event."""
        if self._events.qsize() >= self.size:
            self.lose()
        else:
            self._has_just_lost = False
            self._events.put_nowait(event)

    def lose(self) -> None:
        """Note that events are lost here."""
        if not self._has_just_lost:
            self._events.put_nowait(None)
        self._has_just_lost = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event, in order. Raises HistoryGap where some are lost, and goes on behind it."""
        event = await self._events.get()
        if event is None:
            self._has_just_lost = False
            raise HistoryGap
        return event


@dataclass(slots=True)
class Channel:
    """The listeners of a topic, what they have heard, and whether Redis knows of the channel.

    With `read` it fills its gaps; without, they are told to the listeners.
    """

    topic: Topic
    read: Read | None
    listeners: set[Hears] = field(default_factory=set)
    is_asked_for: bool = False
    is_joined: bool = False
    """Whether Redis has acknowledged it."""
    epoch: str = ""
    last: int | None = None
    """The number in the epoch of the last event that the listeners have heard; None while nobody knows one."""
    is_missing: bool = False
    """Whether there are events that the listeners have not heard."""
    is_heard: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while no later event is missed."""

    @property
    def is_wanted(self) -> bool:
        return bool(self.listeners) and not self.is_asked_for

    @property
    def is_unwanted(self) -> bool:
        """Given up only once acknowledged: an acknowledgement on its way would else be taken for that of the next."""
        return not self.listeners and (self.is_joined or not self.is_asked_for)

    def join(self) -> None:
        """Note that Redis sends what is published from here on. What was published before is missing."""
        self.is_joined = True
        if self.read:
            self.is_missing = True
        else:
            self.is_heard.set()

    def forget(self) -> None:
        """A new connection knows nothing of this channel."""
        if self.is_joined and not self.read:
            self._lose()
            self.last = None
        self.is_asked_for = self.is_joined = False
        self.is_heard.clear()

    def hear(self, event: Event) -> None:
        """Hand on an event that is the next one. One that was published before is passed over."""
        if not event.sequence:  # nobody keeps it, so that none of its kind is ever missing
            self._hand_on(event)
        elif self.last is None and self.read:
            self.is_missing = True
        elif self.last is None or (event.epoch, event.sequence) == (self.epoch, self.last + 1):
            self._next(event)
        elif event.epoch != self.epoch or event.sequence > self.last:
            self._miss(event)

    async def fill(self) -> None:
        """Read what is missing and hand it on; raises what the database does, and then it is still missing."""
        assert self.read
        self.is_missing, after = False, self.last
        try:
            past = await self.read(self.topic, after)
        except BaseException:
            self.is_missing = True
            raise
        if after is None or past.epoch != self.epoch:
            if after is not None:
                self._lose()
            self.epoch, self.last = past.epoch, past.sequence
        elif past.sequence > after:
            self._take(past, after)
        if self.is_joined:
            self.is_heard.set()

    def _take(self, past: Past, after: int) -> None:
        """Hand on what has happened behind a number, but for what was heard while it was read."""
        assert self.last is not None
        if not past.follows(after):
            self._lose()
            self.last = max(self.last, past.events[0].sequence - 1 if past.events else past.sequence)
        for event in past.events:
            if event.sequence > self.last:
                self._next(event)
        self.is_missing |= not past.is_whole

    def _miss(self, event: Event) -> None:
        """An event came that is not the next one. The past that is read will have it, too."""
        if self.read:
            self.is_missing = True
        else:
            self._lose()
            self._next(event)

    def _next(self, event: Event) -> None:
        self.epoch, self.last = event.epoch, event.sequence
        self._hand_on(event)

    def _hand_on(self, event: Event) -> None:
        for listener in self.listeners:
            listener.hear(event)

    def _lose(self) -> None:
        for listener in self.listeners:
            listener.lose()

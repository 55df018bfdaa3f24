"""The messages of a subscription: answers as they are sent, and gaps where some are lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from orjson import dumps

from db.errors import HistoryGap
from db.outbox import Event
from graphql_schema.execution.answers import Answer, failed
from graphql_schema.live.hearing import Heard

Position = tuple[str, int]
"""An epoch and the number of an event."""


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """The JSON of an answer, with the position of the event that it is about, and the cursor behind that."""

    body: bytes
    position: Position | None = None
    cursor: str | None = None
    errors: tuple[Any, ...] = ()
    is_last: bool = False

    def beside(self, **extensions: Any) -> Self:
        """The message with extensions, of which an answer has none of its own."""
        return replace(self, body=b'%b,"extensions":%b}' % (self.body[:-1], dumps(extensions)))


@dataclass(frozen=True, slots=True)
class Gap:
    """Stands where messages are lost, with the reason."""

    reason: str


class Batch:
    """Messages that subscribers are told at a time.

    They are plain if all of them are events of one epoch, and none has to be looked at by itself.
    """

    def __init__(self, messages: Sequence[Message | Gap]) -> None:
        self.messages = messages
        events = [one for one in messages if isinstance(one, Message) and not one.errors and not one.is_last]
        positions = [one.position for one in events if one.position]
        self.bodies = (*(one.body for one in events),)
        self.last = events[-1] if events else None
        self._is_plain = len(positions) == len(messages) and positions[0][0] == positions[-1][0]
        self._first = positions[0] if positions else None

    def follows(self, position: Position | None) -> bool:
        """Whether these are plain, and all behind a position."""
        if not self._is_plain or position is None:
            return self._is_plain
        assert self._first
        return self._first[0] == position[0] and self._first[1] > position[1]


SendNow = Callable[[tuple[bytes, ...]], bool]
"""Sends the JSON of messages at once; returns False where its client has yet to read what was sent before."""

END = Message(b"", is_last=True)
"""Stands where a feed ends, and is never sent."""


def message(answer: Answer, event: Event | None = None, *, is_last: bool = False) -> Message:
    """An answer as it is sent."""
    body, errors = dumps(answer), tuple(answer.get("errors", ()))
    if not event or not event.epoch:  # nobody keeps it
        return Message(body, errors=errors, is_last=is_last)
    return Message(body, (event.epoch, event.sequence), event.cursor, errors, is_last)


def message_of(heard: Heard) -> Message:
    """An answer to an event as it is sent."""
    return message(heard.answer, heard.event, is_last=heard.is_last)


def instead_of(error: Exception) -> Message | Gap:
    """A message that stands where an answer failed: a gap, or an error with which it ends."""
    if isinstance(error, HistoryGap):
        return Gap("unserved" if error.__cause__ else "history")
    return message(failed(error), is_last=True)

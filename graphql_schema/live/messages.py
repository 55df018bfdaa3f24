"""The messages of a subscription: answers as they are sent, and gaps where some are lost."""

from dataclasses import dataclass, replace
from typing import Any, Self

from orjson import dumps

from db.errors import HistoryGap
from db.outbox import Event
from graphql_schema.execution.answers import Answer, failed
from graphql_schema.live.hearing import Heard

Position = tuple[str, int]
"""An epoch and the number of an event."""


@dataclass(frozen=True, slots=True)
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


END = Message(b"", is_last=True)
"""Stands where a feed ends, and is never sent."""


def message(answer: Answer, event: Event | None = None, *, is_last: bool = False) -> Message:
    """An answer as it is sent."""
    body, errors = dumps(answer), tuple(answer.get("errors", ()))
    if not event or not event.epoch:  # nobody keeps it
        return Message(body, errors=errors, is_last=is_last)
    return Message(body, (event.epoch, event.sequence), event.cursor, errors, is_last)


def told(heard: Heard) -> Message:
    """An answer to an event as it is sent."""
    return message(heard.answer, heard.event, is_last=heard.is_last)


def instead_of(error: Exception) -> Message | Gap:
    """A message that stands where an answer failed: a gap, or an error with which it ends."""
    if isinstance(error, HistoryGap):
        return Gap("unserved" if error.__cause__ else "history")
    return message(failed(error), is_last=True)

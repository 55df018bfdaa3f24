"""The past of a topic, as far as the outbox has it: gaps are filled from it, and subscriptions go on behind a cursor.

The number of a topic and its events come from one state of the database, so that nothing can happen between them.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from orjson import loads

from db.coalescing import Record
from db.epoch import EPOCH
from db.outbox import Event, Topic
from db.statements import Arguments, Statement

AT_ONCE = 1_000
"""Events of a topic that are read at once."""
BEHIND_ALL = 2**63 - 1
NOW = Statement(
    f"SELECT {EPOCH}, coalesce((SELECT sequence FROM outbox_topics WHERE topic = $1::TEXT), 0)",  # noqa: S608  (an expression of ours)
    {"topic": "TEXT"},
    {},
)
"""The epoch, and the number of the last event of a topic."""
PAST = Statement(
    f"""{NOW.sql}, coalesce((
        SELECT json_agg(json_build_array(kind, ids, sequence) ORDER BY sequence) FROM (
            SELECT kind, ids, sequence FROM outbox_events WHERE topic = $1::TEXT AND sequence > $2::BIGINT
            ORDER BY sequence LIMIT {AT_ONCE}
        ) AS event
    ), '[]')::TEXT""",  # noqa: S608  (a number of ours)
    {"topic": "TEXT", "after": "BIGINT"},
    {},
)

Fetch = Callable[[Statement, Arguments], Awaitable[Record | None]]


class Past(NamedTuple):
    """The events of a topic behind a number, the first of them if they are many, and the number of the last there is.

    A topic without any event has the number 0.
    """

    epoch: str
    sequence: int
    events: list[Event]

    def follows(self, sequence: int) -> bool:
        """Whether no event behind this number is lost: all are among these, up to the last of them."""
        first = self.events[0].sequence if self.events else self.sequence + 1
        return first == sequence + 1

    @property
    def is_whole(self) -> bool:
        """Whether these are all events until now."""
        return not self.events or self.events[-1].sequence >= self.sequence


async def past(fetch: Fetch, topic: Topic, after: int | None) -> Past:
    """The past of a topic behind a number; without one its number alone. Many at one moment are one statement."""
    row = await fetch(PAST, (topic, BEHIND_ALL if after is None else after))
    assert row
    epoch, sequence, events = row
    told = [Event(topic, kind, ids, number, epoch.decode()) for kind, ids, number in loads(events)]
    return Past(epoch.decode(), sequence, told)

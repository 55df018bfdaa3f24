"""The outbox: what happened is written in the transaction of its change, and published by a relay once it is committed.

An event names a topic and carries public ids, never data: every subscriber reads it under their own access rule. The
events of a topic are numbered without gaps: its sequence says how often what it names has changed.

The row of a topic is locked until its transaction is committed. So topics come last in a transaction, behind all rows
that it changes, and in one order. Writers of one topic queue for it by an advisory lock, which PostgreSQL hands from
one to the next: those who wait for a row itself are all woken at once, and all but one have to wait again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from orjson import dumps, loads
from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Index,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Json, string
from db.constraints import unique
from db.epoch import encode
from db.rules import nobody

Topic = str

CHANGED = "CHANGED"
"""The kind of an event that only raises the sequence of its topic."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened under a topic: its kind and the public ids of what it concerns.

    Its sequence is its number within the topic, from 1; 0 before it is written. Once it is published it has an epoch.
    """

    topic: Topic
    kind: str
    ids: dict[str, str] = field(default_factory=dict)
    sequence: int = 0
    epoch: str = ""

    @property
    def cursor(self) -> str:
        """The cursor of this event: a subscriber that has it goes on from there."""
        return encode(self.topic, self.epoch, self.sequence)


def events(topics: Sequence[Topic], told: Sequence[str]) -> list[Event]:
    """The events that a part of a transaction tells of: their topics, and JSON of their kinds and ids."""
    return [Event(topic, *loads(one)) for topic, one in zip(topics, told, strict=True)]


class OutboxTopic(Base, access=nobody, prefix="obt"):
    """A topic with the number of its last event: a version of what it names, which only grows."""

    __tablename__ = "outbox_topics"

    topic: Mapped[str] = string(100)
    sequence: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        unique("topic", says="This topic has a sequence already."),
        # Room for the next version of a row in its page, as it is written again and again.
        {"postgresql_with": {"fillfactor": 50}},
    )


class OutboxEvent(Base, access=nobody, prefix="obx"):
    """An event, published or waiting for it."""

    __tablename__ = "outbox_events"

    topic: Mapped[str] = string(100)
    sequence: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = string(100)
    ids: Mapped[Json]
    published_at: Mapped[datetime | None]
    queued_at: Mapped[datetime | None]
    """When its jobs were made; null also where its kind makes none."""

    __table_args__ = (
        unique("topic", "sequence", says="The topic has an event of this number."),
        Index("ix_outbox_events_unpublished", "id", postgresql_where=text("published_at IS NULL")),
        Index(
            "ix_outbox_events_without_jobs",
            "kind",
            postgresql_where=text("published_at IS NULL AND queued_at IS NULL"),
        ),
    )


def topic(name: str, *keys: UUID) -> Topic:
    """The topic of what these keys name: `topic("document", document.id)`. Slices declare theirs with their tables."""
    return ":".join((name, *(key.hex for key in keys)))


def viewer_topic(user_id: UUID) -> Topic:
    """The topic of what a person has access to: it changes with their memberships, and with what they own."""
    return topic("viewer", user_id)


def numbered(told: CTE) -> tuple[CTE, CTE]:
    """The topics of `told` with the numbers of their last events; and the part that writes these events: rows with
    topic, kind, ids, and their ordinals.

    Topics are taken in one order: that of their locks, of which two topics may have the same.
    """
    some = select(told.c.topic, func.count().label("events")).group_by(told.c.topic)
    each = some.order_by(_hashed(told.c.topic), told.c.topic).subquery("each")
    queue = func.pg_advisory_xact_lock(_hashed(each.c.topic)).label("queue")
    queued = select(each.c.topic, each.c.events, queue).offset(literal_column("0")).cte("queued")
    topics: Any = OutboxTopic.__table__
    events: Any = OutboxEvent.__table__
    count = insert(topics).from_select(
        ["id", "topic", "sequence"],
        select(func.gen_random_uuid(), queued.c.topic, queued.c.events),
        include_defaults=False,
    )
    raised = {"sequence": topics.c.sequence + count.excluded.sequence}
    counted = count.on_conflict_do_update(index_elements=["topic"], set_=raised).returning(
        topics.c.topic, topics.c.sequence
    )
    last = counted.cte("counted")
    behind = func.row_number().over(partition_by=told.c.topic, order_by=told.c.ordinal.desc()) - literal_column("1")
    rows = select(func.uuidv7(), told.c.topic, last.c.sequence - behind, told.c.kind, told.c.ids)
    # Ids are made in this order, and behind the lock of their topic: they grow with its sequence.
    written = insert(events).from_select(
        ["id", "topic", "sequence", "kind", "ids"],
        rows.join_from(told, last, last.c.topic == told.c.topic).order_by(told.c.topic, told.c.ordinal),
        include_defaults=False,
    )
    return last, written.cte("numbered")


def _hashed(topic: Any) -> Any:
    """The number of the lock of a topic."""
    return func.hashtextextended(topic, literal_column("0"))


def _given() -> CTE:
    """The events that come as parameters, one array for each of their parts."""
    parts = (bindparam(name, type_=ARRAY(Text())) for name in ("topics", "kinds", "ids"))
    rows = func.unnest(*parts).table_valued("topic", "kind", "ids", with_ordinality="ordinal").render_derived()
    return select(rows.c.topic, rows.c.kind, cast(rows.c.ids, JSONB).label("ids"), rows.c.ordinal).cte("told")


def _writing() -> Select[Any]:
    counted, written = numbered(_given())
    return select(counted.c.topic, counted.c.sequence).add_cte(written)


WRITE = _writing()


async def write(session: AsyncSession, events: Sequence[Event]) -> dict[Topic, int]:
    """Write events behind all other rows of their transaction; returns their topics with the numbers of the last."""
    if not events:
        return {}
    given = {
        "topics": [event.topic for event in events],
        "kinds": [event.kind for event in events],
        "ids": [dumps(event.ids).decode() for event in events],
    }
    return {row.topic: row.sequence for row in await session.execute(WRITE, given)}

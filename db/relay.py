"""The relay's side of the outbox: it makes the jobs of committed events, and has these published in their order.

Several relays may run. They take turns by a lock that the database drops with the transaction of a relay that is gone:
then the next one publishes the same events again, under the same numbers. Nothing is lost while there is none.

Jobs are made first, in a transaction of their own that notes it with the events: each event makes its jobs once,
however often it is published, and also while nothing can be.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from orjson import loads

from db.epoch import EPOCH
from db.outbox import Event
from db.pool import Pool
from db.prepared import Prepared
from db.queue.add import add
from db.queue.declared import event_kinds, jobs_of
from db.queue.names import queries

Publish = Callable[[Sequence[Event]], Awaitable[None]]
"""Publishes events in their order; raises when it is not certain that all of them are."""

MAX_AT_ONCE = 500
KEPT = 300
"""Events of a topic that are kept at least."""
KEPT_FOR = timedelta(minutes=2)
"""The time for which an event is kept at least once it is published."""
MAX_CLEARED = 1_000
CLEARED_EVERY = 20
"""Events of a topic between two looks whether it has some that are to be removed."""

# The oldest first, whatever their topic: none waits behind a topic that never falls silent.
WAITING = f"""
    SELECT id, queued_at IS NULL AND kind = ANY($1::text[]) AS lacks_jobs FROM outbox_events
    WHERE published_at IS NULL ORDER BY id LIMIT {MAX_AT_ONCE}
"""  # noqa: S608  (a number of ours)
TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('relay', 0))"
NEXT = f"""
    SELECT id, topic, sequence, kind, ids, {EPOCH} AS epoch FROM outbox_events
    WHERE id = ANY($1::uuid[]) AND published_at IS NULL ORDER BY topic, sequence
"""  # noqa: S608  (an expression of ours)
PUBLISHED = "UPDATE outbox_events SET published_at = clock_timestamp() WHERE id = ANY($1::uuid[])"
WITHOUT_JOBS = "published_at IS NULL AND queued_at IS NULL AND kind = ANY($1::text[])"
QUEUE = f"""
    UPDATE outbox_events SET queued_at = clock_timestamp()
    WHERE id = ANY(ARRAY(SELECT id FROM outbox_events WHERE {WITHOUT_JOBS} LIMIT {MAX_AT_ONCE})) RETURNING kind, ids
"""  # noqa: S608  (a condition and a number of ours)
CLEAR = f"""
    DELETE FROM outbox_events WHERE id IN (
        SELECT event.id FROM outbox_topics JOIN outbox_events AS event USING (topic)
        WHERE topic = ANY($1::text[]) AND event.sequence <= outbox_topics.sequence - {KEPT} AND published_at < $2
        LIMIT {MAX_CLEARED}
    )
"""  # noqa: S608  (numbers of ours)


async def relayed(pool: Pool, publish: Publish) -> int:
    """Have the next events published; returns how many: none where nothing waits, or another relay has its turn.

    Raises what `publish` does, and then they come again.
    """
    waiting = await pool.fetch(WAITING, (event_kinds(),))
    # All that wait had their jobs made before they are published: no event is past that without them.
    if not waiting or (any(row["lacks_jobs"] for row in waiting) and not await _have_jobs(pool)):
        return 0
    async with pool.transaction() as turn:
        # Asked in a statement of its own, which sees what the relay before has done.
        rows = await turn.fetch(NEXT, ([row["id"] for row in waiting],)) if await _is_ours(turn) else []
        if rows:
            await publish([_event(row) for row in rows])
            await turn.fetch(PUBLISHED, ([row["id"] for row in rows],))
            if topics := list({row["topic"] for row in rows if row["sequence"] % CLEARED_EVERY == 0}):
                await turn.fetch(CLEAR, (topics, datetime.now(UTC) - KEPT_FOR))
    return len(rows)


async def _have_jobs(pool: Pool) -> bool:
    """Make the jobs of all events that wait; returns whether each has them: not where another relay has its turn."""
    while True:
        async with pool.transaction() as turn:
            if not await _is_ours(turn):
                return False
            rows = await turn.fetch(QUEUE, (event_kinds(),))
            made = [job for row in rows for job in jobs_of(row["kind"], loads(row["ids"]))]
            await add(queries(turn.connection), made)
        if len(rows) < MAX_AT_ONCE:
            return True


async def _is_ours(turn: Prepared) -> bool:
    ((is_ours,),) = await turn.fetch(TURN, ())
    return bool(is_ours)


def _event(row: Any) -> Event:
    return Event(row["topic"], row["kind"], loads(row["ids"]), row["sequence"], row["epoch"])

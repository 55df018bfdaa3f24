"""The relay's side of the outbox: it has events published that are committed, in their order, and makes their jobs.

Several relays may run. They take turns by a lock that the database drops with the transaction of a relay that is gone:
then the next one publishes the same events again, under the same numbers. Nothing is lost while there is none.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from orjson import loads

from db.epoch import EPOCH
from db.outbox import Event
from db.pool import Pool
from db.queue.add import add
from db.queue.declared import jobs_of
from db.queue.names import queries

Publish = Callable[[Sequence[Event]], Awaitable[None]]
"""Publishes events in their order; raises when it is not certain that all of them are."""

MAX_AT_ONCE = 500
KEPT = 300
"""Events of a topic that are kept at least."""
KEPT_FOR = timedelta(minutes=2)
"""The time for which an event is kept at least once it is published."""
MAX_CLEARED = 1_000

WAITING = "SELECT FROM outbox_events WHERE published_at IS NULL LIMIT 1"
TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('relay', 0))"
NEXT = f"""
    SELECT topic, sequence, kind, ids, {EPOCH} FROM outbox_events WHERE published_at IS NULL
    ORDER BY topic, sequence LIMIT {MAX_AT_ONCE}
"""  # noqa: S608  (a number of ours)
PUBLISHED = """
    UPDATE outbox_events SET published_at = clock_timestamp()
    FROM unnest($1::text[], $2::bigint[]) AS published (of, number) WHERE topic = of AND sequence = number
"""
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
    if not await pool.fetch(WAITING, ()):
        return 0
    async with pool.transaction() as turn:
        ((is_ours,),) = await turn.fetch(TURN, ())
        # Asked in a statement of its own, which sees what the relay before has done.
        rows = await turn.fetch(NEXT, ()) if is_ours else []
        if rows:
            await publish(
                [Event(topic, kind, loads(ids), sequence, epoch) for topic, sequence, kind, ids, epoch in rows]
            )
            topics = [row["topic"] for row in rows]
            await add(
                queries(turn.connection), [job for row in rows for job in jobs_of(row["kind"], loads(row["ids"]))]
            )
            await turn.fetch(PUBLISHED, (topics, [row["sequence"] for row in rows]))
            await turn.fetch(CLEAR, (list(dict.fromkeys(topics)), datetime.now(UTC) - KEPT_FOR))
    return len(rows)

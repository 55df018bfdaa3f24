"""Clearing away what the outbox has of topics that have fallen silent: of the others the relay does it on its way."""

from sqlalchemy import func, select

from db.outbox import OutboxEvent, OutboxTopic
from db.queue.declared import clears
from db.relay import KEPT, KEPT_FOR

old_events = clears(
    OutboxEvent,
    lambda event: (
        (event.published_at < func.now() - KEPT_FOR)
        & (
            event.sequence
            <= select(OutboxTopic.sequence - KEPT).where(OutboxTopic.topic == event.topic).scalar_subquery()
        )
    ),
    cron="47 3 * * *",
)

"""Telling people something, and noting what they have seen of it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.base import new_id
from db.outbox import topic
from db.write import Work


async def notify(work: Work, notifications: Sequence[dict[str, Any]]) -> None:
    """Write these notifications, given by their columns; none to the viewer, who knows what they do."""
    told = [{"id": new_id(), **columns} for columns in notifications if columns["user_id"] != work.viewer_id]
    if told:
        await work.execute(insert(tables.Notification).values(told))
        work.touch(*(topic("user", user_id) for user_id in {columns["user_id"] for columns in told}))


async def mark_read(work: Work, notifications: Sequence[tables.Notification]) -> int:
    """Note that these are read, and say of how many that is new. Those read before keep their time."""
    return await _note(work, notifications, "read_at")


async def archive(work: Work, notifications: Sequence[tables.Notification]) -> int:
    """Put these away, and say of how many that is new. Those put away before keep their time."""
    return await _note(work, notifications, "archived_at")


async def _note(work: Work, notifications: Sequence[tables.Notification], column: str) -> int:
    notification = tables.Notification
    is_new = notification.id.in_([row.id for row in notifications]), getattr(notification, column).is_(None)
    # In the order of their ids, so that two who note the same wait for each other in one direction.
    found = select(notification.id).where(*is_new).order_by(notification.id).with_for_update()
    noted = update(notification).where(notification.id.in_(found)).values({column: func.now()})
    noted = noted.returning(notification.id).execution_options(synchronize_session=False)
    count = len((await work.scalars(noted)).all())
    if count:
        work.touch(topic("user", work.viewer_id))
    return count

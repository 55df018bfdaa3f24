"""Telling people something."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.base import new_id
from db.tables import NotificationEventKind
from db.write import Work


async def notify(work: Work, notifications: Sequence[dict[str, Any]]) -> None:
    """Write these notifications, given by their columns; none to the viewer, who knows what they do."""
    told = [{"id": new_id(), **columns} for columns in notifications if columns["user_id"] != work.viewer_id]
    if told:
        await work.execute(insert(tables.Notification).values(told))
        for columns in told:
            await work.happened(NotificationEventKind.NOTIFICATION_ADDED, tables.Notification(**columns))

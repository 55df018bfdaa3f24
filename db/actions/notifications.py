"""Telling people something."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.base import new_id
from db.tables import NotificationEventKind, NotificationType
from db.write import Work


async def alert(work: Work, user_id: UUID, title: str, message: str) -> tables.Notification:
    """Tell somebody of what happened to their account, also where it was done in their name: by whom, they know."""
    told = {"type": NotificationType.SECURITY_ALERT, "title": title, "message": message}
    notification = await work.add(tables.Notification(user_id=user_id, **told))
    await work.happened(NotificationEventKind.NOTIFICATION_ADDED, notification)
    return notification


async def notify(work: Work, notifications: Sequence[dict[str, Any]]) -> None:
    """Write these notifications, given by their columns; none to the viewer, who knows what they do."""
    told = [{"id": new_id(), **columns} for columns in notifications if columns["user_id"] != work.viewer.id]
    if told:
        await work.execute(insert(tables.Notification).values(told))
        for columns in told:
            await work.happened(NotificationEventKind.NOTIFICATION_ADDED, tables.Notification(**columns))


async def notify_all(work: Work, people: Select[Any], **columns: Any) -> None:
    """Write the same notification, given by its columns, for all people whose keys are selected, by one statement; none
    to the viewer.
    """
    notification = tables.Notification
    person = people.subquery().c[0]
    told = [literal(value, getattr(notification, name).type) for name, value in columns.items()]
    rows = select(func.uuidv7(), person, *told).where(person.is_distinct_from(work.viewer.id))
    written = insert(notification).from_select(["id", "user_id", *columns], rows, include_defaults=False)
    for id_, user_id in await work.execute(written.returning(notification.id, notification.user_id)):
        await work.happened(NotificationEventKind.NOTIFICATION_ADDED, tables.Notification(id=id_, user_id=user_id))

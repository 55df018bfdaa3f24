"""Reading notifications and putting them away."""

import strawberry
from sqlalchemy import func

from db import tables
from db.permissions import OWN
from db.tables import NotificationEventKind
from graphql_schema.core import references, update_each
from graphql_schema.core.bulk import OnError, items

NAMED = "The notifications that you named, as they are now, in that order without those that were skipped."


@strawberry.input(description="Some of your notifications.")
class NotificationsInput:
    """Notifications."""

    notification_ids: list[strawberry.ID] = items("Which ones.")
    on_error: OnError = strawberry.field(
        default=OnError.ALL_OR_NOTHING, description="What is done when one of them is no notification of yours."
    )


mark_notifications_read = update_each(
    "Note that you have read these notifications. `markedCount` counts those that you had not read before."
    "\n\nWhat you had read stays as it was, with its time.",
    NotificationsInput,
    at=tables.Notification,
    named="notification_ids",
    may=OWN,
    where=lambda notification: notification.read_at.is_(None),
    sets=lambda notification, input, viewer: {"read_at": func.now()},
    tells=NotificationEventKind.NOTIFICATION_READ,
    is_audited=False,
    viewer=tables.User,
    marked_count=int,
    notifications=references(tables.Notification, NAMED, most="notificationIds"),
)

archive_notifications = update_each(
    "Put these notifications away, whether or not you have read them. `archivedCount` counts those that were not."
    "\n\nWhat you had put away stays as it was, with its time.",
    NotificationsInput,
    at=tables.Notification,
    named="notification_ids",
    may=OWN,
    where=lambda notification: notification.archived_at.is_(None),
    sets=lambda notification, input, viewer: {"archived_at": func.now()},
    tells=NotificationEventKind.NOTIFICATION_ARCHIVED,
    is_audited=False,
    viewer=tables.User,
    archived_count=int,
    notifications=references(tables.Notification, NAMED, most="notificationIds"),
)

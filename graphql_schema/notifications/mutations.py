"""Reading notifications and putting them away."""

from uuid import UUID

import strawberry

from db import tables
from db.actions import notifications
from db.permissions import OWN
from db.write import Work
from graphql_schema.core import mutation, references
from graphql_schema.core.bulk import OnError, accepted, items

Done = tuple[UUID, int, list[tables.Notification]]
NAMED = "The notifications that you named, as they are now, in that order without those that were skipped."


@strawberry.input(description="Some of your notifications.")
class NotificationsInput:
    """Notifications."""

    notification_ids: list[strawberry.ID] = items("Which ones.")
    on_error: OnError = strawberry.field(
        default=OnError.ALL_OR_NOTHING, description="What is done when one of them is no notification of yours."
    )


@mutation(
    viewer=tables.User, marked_count=int, notifications=references(tables.Notification, NAMED, most="notificationIds")
)
async def mark_notifications_read(work: Work, input: NotificationsInput) -> Done:
    """Note that you have read these notifications. `markedCount` counts those that you had not read before.

    What you had read stays as it was, with its time.
    """
    named = await _named(work, input)
    return work.viewer_id, await notifications.mark_read(work, named), named


@mutation(
    viewer=tables.User, archived_count=int, notifications=references(tables.Notification, NAMED, most="notificationIds")
)
async def archive_notifications(work: Work, input: NotificationsInput) -> Done:
    """Put these notifications away, whether or not you have read them. `archivedCount` counts those that were not.

    What you had put away stays as it was, with its time.
    """
    named = await _named(work, input)
    return work.viewer_id, await notifications.archive(work, named), named


async def _named(work: Work, input: NotificationsInput) -> list[tables.Notification]:
    named = await work.get_all(tables.Notification, input.notification_ids, at="notificationIds.{}", may=OWN)
    return accepted(work, named, input.on_error)

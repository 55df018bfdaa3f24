"""Hearing of one's notifications, on all of one's devices."""

from db import tables
from db.errors import Unauthenticated
from db.outbox import topic
from db.tables import NotificationEventKind
from graphql_schema.core import subscription
from graphql_schema.core.context import Context, Feed


@subscription("NotificationEvent", NotificationEventKind, notification=tables.Notification, user=tables.User)
async def notification_events(context: Context) -> Feed:
    """Your notifications from now on: as they come, and as you read them and put them away on any of your devices.

    Select `user { unreadNotificationCount }` for the number beside the bell.
    """
    if context.viewer.id is None:
        raise Unauthenticated
    return Feed(topic("user", context.viewer.id))

"""Hearing of one's notifications, on all of one's devices."""

from functools import partial

from db import tables
from db.outbox import topic
from db.tables import NotificationEventKind
from graphql_schema.core import events

notification_events = events(
    """Your notifications from now on: as they come, and as you read them and put them away on any of your devices.

    Select `user { unreadNotificationCount }` for the number beside the bell.
    """,
    "NotificationEvent",
    NotificationEventKind,
    own=partial(topic, "user"),
    notification=tables.Notification,
    user=tables.User,
)

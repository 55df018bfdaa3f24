"""Notifications."""

from db import tables
from db.columns import keys
from graphql_schema.core import column, node, one


@node(tables.Notification, orders=("-created_at",), filters=("is_read", "is_archived", "type", "created_at"))
class Notification:
    """Something that you were told. Beside you, only administrators see it."""

    type = column("What it is about.")
    title = column("What it says, in a line of plain text.")
    message = column("What else there is to say, in plain text.")
    data = column(f"What it is about, for programs; each of these where it applies: {keys(tables.NotificationData)}.")
    is_read = column("Whether you have read it.")
    read_at = column("When you read it; null until then.")
    is_archived = column("Whether you have put it away.")
    archived_at = column("When you put it away; null until then.")
    created_at = column("When you were told.")
    user = one(tables.Notification.user_id, "Who was told.")
    comment = one(tables.Notification.comment_id, "The comment that it is about, if it is about one that you see.")

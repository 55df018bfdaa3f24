"""Notifications from the root."""

from db import tables
from graphql_schema.core import listing

notifications = listing(
    tables.Notification,
    "What you were told. With `filter: {isRead: false}`, `totalCount` is how much you have not read. An administrator "
    "sees what everybody was told, and has their own at `viewer`.",
)

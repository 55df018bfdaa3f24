"""Notifications: news for people while they are away."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Computed, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Changes, Json, refers
from db.enums import Words
from db.rules import owned_by


class NotificationType(Words):
    """The kind of news that a notification brings."""

    PROJECT_COMPLETED = "PROJECT_COMPLETED", "A project is done."
    TEMPLATE_APPROVED = "TEMPLATE_APPROVED", "A template was approved."
    COLLABORATION_INVITE = "COLLABORATION_INVITE", "Somebody wants to work on something with you."
    SYSTEM_UPDATE = "SYSTEM_UPDATE", "The platform has changed."
    SECURITY_ALERT = "SECURITY_ALERT", "Something happened to your account that you should look at."
    PAYMENT_SUCCESS = "PAYMENT_SUCCESS", "A payment went through."
    PAYMENT_FAILED = "PAYMENT_FAILED", "A payment did not go through."


class Notification(Changes, Base, access=owned_by("user_id"), prefix="ntf"):
    """Something that one person is told."""

    __tablename__ = "notifications"

    user_id: Mapped[UUID] = refers("users")
    type: Mapped[NotificationType]
    title: Mapped[str]
    message: Mapped[str]
    data: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    is_read: Mapped[bool] = mapped_column(Computed("read_at IS NOT NULL", persisted=True))
    is_archived: Mapped[bool] = mapped_column(Computed("archived_at IS NOT NULL", persisted=True))

    __table_args__ = (
        Index(None, "user_id", "created_at", "id"),
        # Not a partial index: reads are planned once for all values, and whether `is_read` is false is one of them.
        Index(None, "user_id", "is_read", "created_at", "id"),
    )

"""Notifications: news for people while they are away."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Computed, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Json, Updated, refers
from db.columns import json
from db.constraints import unique
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
    PAYMENT_REFUNDED = "PAYMENT_REFUNDED", "A payment was paid back."
    MENTION = "MENTION", "Somebody names you in a comment."
    CERTIFICATE_ISSUED = "CERTIFICATE_ISSUED", "You were given a certificate."
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED", "A certificate of yours holds no more."
    ENROLLMENT_EXPIRED = "ENROLLMENT_EXPIRED", "Your time in a course is over."
    QUIZ_GRADED = "QUIZ_GRADED", "An attempt of yours at a quiz is graded."
    RULE_FIRED = "RULE_FIRED", "Something happened that a rule of yours tells you of."


class NotificationEventKind(Words):
    """Something that happened to your notifications."""

    NOTIFICATION_ADDED = "NOTIFICATION_ADDED", "You are told something."
    NOTIFICATION_READ = "NOTIFICATION_READ", "You have read it, on whichever of your devices."
    NOTIFICATION_ARCHIVED = "NOTIFICATION_ARCHIVED", "You have put it away, on whichever of your devices."


class NotificationData(BaseModel, extra="forbid", populate_by_name=True):
    """The subject of a notification, for programs."""

    project_id: str | None = Field(None, alias="projectId", description="the project that it is about")
    organization_id: str | None = Field(None, alias="organizationId", description="the organization that it is about")
    invitation_id: str | None = Field(None, alias="invitationId", description="the invitation to accept or decline")
    role: str | None = Field(None, description="what you are there")
    document_id: str | None = Field(None, alias="documentId", description="the document that it is about")
    thread_id: str | None = Field(None, alias="threadId", description="the thread that it is about")
    comment_id: str | None = Field(None, alias="commentId", description="the comment that it is about")
    course_id: str | None = Field(None, alias="courseId", description="the course that it is about")
    transaction_id: str | None = Field(None, alias="transactionId", description="the payment that it is about")
    certificate_id: str | None = Field(None, alias="certificateId", description="the certificate that it is about")
    attempt_id: str | None = Field(None, alias="attemptId", description="the attempt at a quiz that it is about")
    rule_id: str | None = Field(None, alias="ruleId", description="the rule by which you are told")
    repository_id: str | None = Field(None, alias="repositoryId", description="the repository that it is about")
    subject_id: str | None = Field(
        None, alias="subjectId", description="the pull request, issue or commit that it is about"
    )


class Notification(Updated, Base, access=owned_by("user_id"), prefix="ntf"):
    """Something that one person is told."""

    __tablename__ = "notifications"

    user_id: Mapped[UUID] = refers("users")
    type: Mapped[NotificationType]
    title: Mapped[str]
    message: Mapped[str]
    data: Mapped[Json] = json("data", NotificationData)
    comment_id: Mapped[UUID | None] = refers("comments")
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    is_read: Mapped[bool] = mapped_column(Computed("read_at IS NOT NULL", persisted=True))
    is_archived: Mapped[bool] = mapped_column(Computed("archived_at IS NOT NULL", persisted=True))

    __table_args__ = (
        Index(None, "user_id", "created_at", "id"),
        # Not a partial index: people look for what they have read, too.
        Index(None, "user_id", "is_read", "created_at", "id"),
        unique("comment_id", "user_id", at="comment_id", says="This person was told of this comment."),
    )

"""Every table of Trellis, by the names that the graph uses: `tables.Comment`."""

from db import guards  # noqa: F401  (PostgreSQL learns of them with the tables)
from db.tables.accounts import IdempotencyKey, Password, Session, User
from db.tables.courses import Course, CourseModule, CourseProgress, Enrollment, Lesson, LessonProgress
from db.tables.notifications import Notification
from db.tables.organizations import Organization, OrganizationMember
from db.tables.repositories import Commit, PullRequest, Repository, RepositoryStats, WebhookEvent
from db.tables.specs import (
    Comment,
    CommentThread,
    DocumentVersion,
    ProjectMember,
    Reaction,
    SpecificationDocument,
    SpecificationProject,
)

__all__ = [
    "Comment",
    "CommentThread",
    "Commit",
    "Course",
    "CourseModule",
    "CourseProgress",
    "DocumentVersion",
    "Enrollment",
    "IdempotencyKey",
    "Lesson",
    "LessonProgress",
    "Notification",
    "Organization",
    "OrganizationMember",
    "Password",
    "ProjectMember",
    "PullRequest",
    "Reaction",
    "Repository",
    "RepositoryStats",
    "Session",
    "SpecificationDocument",
    "SpecificationProject",
    "User",
    "WebhookEvent",
]

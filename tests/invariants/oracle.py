"""The access rules once more, in plain Python over all rows: what the SQL predicates must agree with.

Every table has a function with its name, which says whether somebody may do something with a row. It restates the
rule in the simplest words and shares nothing with `db.access` and `db.permissions`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

import db.tables  # noqa: F401  (declares the tables)
from db.base import tables

Row = Any

EVERYTHING = ("see", "learn", "comment", "edit", "manage", "own")

ORGANIZATION = {
    "VIEWER": ("see",),
    "MEMBER": ("see", "comment", "edit"),
    "ADMIN": ("see", "comment", "edit", "manage"),
    "OWNER": ("see", "comment", "edit", "manage"),
}
PROJECT = {
    "VIEWER": ("see",),
    "REVIEWER": ("see", "comment"),
    "MEMBER": ("see", "comment", "edit"),
    "LEAD": ("see", "comment", "edit", "manage"),
}
SENSITIVITY = {
    "NORMAL": ("VIEWER", "MEMBER", "ADMIN", "OWNER"),
    "SENSITIVE": ("MEMBER", "ADMIN", "OWNER"),
    "RESTRICTED": ("ADMIN", "OWNER"),
}
MENTIONS = (
    ("organization_members", "user_id"),
    ("specification_projects", "owner_id"),
    ("project_members", "user_id"),
    ("document_versions", "author_id"),
    ("comment_threads", "resolved_by_id"),
    ("comments", "author_id"),
    ("reactions", "user_id"),
    ("courses", "instructor_id"),
    ("enrollments", "user_id"),
    ("course_progress", "user_id"),
    ("commits", "author_id"),
    ("pull_requests", "author_id"),
)
"""Where a person is named: whoever sees one of these rows sees the person."""


class Oracle:
    """All rows of a database, and who may do what with them."""

    def __init__(self, rows: dict[str, list[Row]]) -> None:
        self.rows = rows
        self._answers: dict[tuple[UUID | None, str, UUID], bool] = {}

    @classmethod
    async def read(cls, session: AsyncSession) -> "Oracle":
        """The oracle over what the session sees of the database."""
        rows = {}
        for table in tables():
            found = await session.execute(select(table.__table__))
            rows[table.__tablename__] = [SimpleNamespace(**row._mapping) for row in found]
        return cls(rows)

    def may(self, who: UUID | None, what: str, table: str, row: Row) -> bool:
        """Whether the person with this id, or a guest, may do it with a row of the table."""
        assert table in RULES, (
            f"Nobody has said who may do what with a row of {table}: add a function {table}(world, who, what, row) to "
            f"{__name__}, in plain Python and from what the product promises, not from the rule in db/tables."
        )
        question = (who, what, row.id)
        if question not in self._answers:
            is_admin = table != "passwords" and what != "own" and who in self._administrators
            self._answers[question] = is_admin or RULES[table](self, who, what, row)
        return self._answers[question]

    def visible(self, who: UUID | None, table: str) -> set[UUID]:
        """The ids of all rows of the table that somebody sees."""
        return {row.id for row in self.rows[table] if self.may(who, "see", table, row)}

    def find(self, table: str, id_: UUID | None) -> Row | None:
        """The row of the table with this id."""
        return self._by_id[table].get(id_)

    def inherits(self, who: UUID | None, what: str, table: str, id_: UUID | None) -> bool:
        """Whether somebody may do it with the row that a row belongs to. What is one's own is not inherited."""
        above = self.find(table, id_)
        return what != "own" and above is not None and self.may(who, what, table, above)

    @cached_property
    def _administrators(self) -> set[UUID]:
        return {user.id for user in self.rows["users"] if user.role == "ADMIN"}

    @cached_property
    def _by_id(self) -> dict[str, dict[UUID | None, Row]]:
        return {table: {row.id: row for row in rows} for table, rows in self.rows.items()}


def users(world: Oracle, who: UUID | None, what: str, user: Row) -> bool:
    if user.id == who:
        return True
    return what == "see" and any(
        world.may(who, "see", table, row)
        for table, column in MENTIONS
        for row in world.rows[table]
        if getattr(row, column) == user.id
    )


def passwords(world: Oracle, who: UUID | None, what: str, password: Row) -> bool:
    return False


def sessions(world: Oracle, who: UUID | None, what: str, session: Row) -> bool:
    return bool(session.user_id == who)


def idempotency_keys(world: Oracle, who: UUID | None, what: str, key: Row) -> bool:
    return bool(key.user_id == who)


def notifications(world: Oracle, who: UUID | None, what: str, notification: Row) -> bool:
    return bool(notification.user_id == who)


def organizations(world: Oracle, who: UUID | None, what: str, organization: Row) -> bool:
    role = _place(world, who, organization.id)
    return role is not None and what in ORGANIZATION[role]


def organization_members(world: Oracle, who: UUID | None, what: str, member: Row) -> bool:
    return world.inherits(who, what, "organizations", member.organization_id)


def specification_projects(world: Oracle, who: UUID | None, what: str, project: Row) -> bool:
    members = [row for row in world.rows["project_members"] if row.project_id == project.id and row.user_id == who]
    is_owner = project.owner_id == who
    return is_owner or any(row.status == "ACTIVE" and what in PROJECT[row.role] for row in members)


def project_members(world: Oracle, who: UUID | None, what: str, member: Row) -> bool:
    return world.inherits(who, what, "specification_projects", member.project_id)


def specification_documents(world: Oracle, who: UUID | None, what: str, document: Row) -> bool:
    return world.inherits(who, what, "specification_projects", document.project_id)


def document_versions(world: Oracle, who: UUID | None, what: str, version: Row) -> bool:
    return world.inherits(who, what, "specification_documents", version.document_id)


def comment_threads(world: Oracle, who: UUID | None, what: str, thread: Row) -> bool:
    return world.inherits(who, what, "specification_documents", thread.document_id)


def comments(world: Oracle, who: UUID | None, what: str, comment: Row) -> bool:
    if what == "own":
        return bool(comment.author_id == who)
    return world.inherits(who, what, "comment_threads", comment.thread_id)


def reactions(world: Oracle, who: UUID | None, what: str, reaction: Row) -> bool:
    return world.inherits(who, what, "comments", reaction.comment_id)


def courses(world: Oracle, who: UUID | None, what: str, course: Row) -> bool:
    if who is not None and course.instructor_id == who:
        return True
    takes_it = any(
        row.course_id == course.id
        and row.user_id == who
        and row.status in ("ACTIVE", "COMPLETED")
        and row.payment_status == "COMPLETED"
        and (row.expires_at is None or row.expires_at > datetime.now(UTC))
        for row in world.rows["enrollments"]
    )
    if what == "see":
        return bool(course.published) or takes_it
    return what == "learn" and (takes_it or (course.published and course.price == 0))


def course_modules(world: Oracle, who: UUID | None, what: str, module: Row) -> bool:
    return world.inherits(who, what, "courses", module.course_id)


def lessons(world: Oracle, who: UUID | None, what: str, lesson: Row) -> bool:
    return world.inherits(who, what, "course_modules", lesson.module_id)


def enrollments(world: Oracle, who: UUID | None, what: str, enrollment: Row) -> bool:
    needed = "manage" if what == "see" else what
    return enrollment.user_id == who or world.inherits(who, needed, "courses", enrollment.course_id)


def course_progress(world: Oracle, who: UUID | None, what: str, progress: Row) -> bool:
    needed = "manage" if what == "see" else what
    return progress.user_id == who or world.inherits(who, needed, "courses", progress.course_id)


def lesson_progress(world: Oracle, who: UUID | None, what: str, progress: Row) -> bool:
    return world.inherits(who, what, "course_progress", progress.progress_id)


def repositories(world: Oracle, who: UUID | None, what: str, repository: Row) -> bool:
    role = _place(world, who, repository.organization_id)
    return role in SENSITIVITY[repository.sensitivity] and what in ORGANIZATION[role]


def repository_stats(world: Oracle, who: UUID | None, what: str, day: Row) -> bool:
    return world.inherits(who, what, "repositories", day.repository_id)


def commits(world: Oracle, who: UUID | None, what: str, commit: Row) -> bool:
    return world.inherits(who, what, "repositories", commit.repository_id)


def pull_requests(world: Oracle, who: UUID | None, what: str, pull: Row) -> bool:
    return world.inherits(who, what, "repositories", pull.repository_id)


def webhook_events(world: Oracle, who: UUID | None, what: str, event: Row) -> bool:
    needed = "manage" if what == "see" else what
    of_organization = world.inherits(who, needed, "organizations", event.organization_id)
    return of_organization or world.inherits(who, needed, "repositories", event.repository_id)


def _place(world: Oracle, who: UUID | None, organization: UUID) -> str | None:
    """The role of somebody in an organization."""
    members = world.rows["organization_members"]
    roles = (row.role for row in members if row.organization_id == organization and row.user_id == who)
    return next(roles, None)


RULES: dict[str, Callable[[Oracle, UUID | None, str, Row], bool]] = {
    name: function for name, function in globals().items() if name in {table.__tablename__ for table in tables()}
}

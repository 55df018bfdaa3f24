"""Courses with their modules and lessons, and the enrollments and progress of their students."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Computed, Index, and_, func, true
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, count, flag, refers, state, string
from db.closed import closed
from db.columns import currency, money, score
from db.constraints import address, check, in_order, not_blank, unique
from db.guards import acyclic
from db.indexes import latest, partial
from db.outbox import Topic, topic
from db.permissions import LEARN, MANAGE, SEE, Roles
from db.roots import beside, narrow
from db.rules import everyone, members, owned_by, through
from db.search import found_by_parts, searchable
from db.tables.courses_enums import (
    ENROLLMENT_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    Difficulty,
    EnrollmentStatus,
    PaymentStatus,
)

STUDENTS: Roles = {
    EnrollmentStatus.ACTIVE: frozenset({SEE, LEARN}),
    EnrollmentStatus.COMPLETED: frozenset({SEE, LEARN}),
}

SLUG = "^[a-z0-9]+(-[a-z0-9]+)*$"
LANGUAGE = "^[A-Za-z]+(-[A-Za-z0-9]+)*$"

published = everyone(SEE, where=lambda course: course.published)
free = everyone(LEARN, where=lambda course: and_(course.published, course.price == 0))


def opens(enrollment: Any) -> ColumnElement[bool]:
    """Whether an enrollment whose status holds opens its course: it is paid, and its time is not over."""
    is_paid = enrollment.payment_status == PaymentStatus.COMPLETED
    return and_(is_paid, func.coalesce(enrollment.expires_at > func.now(), true()))


def opens_there(enrollment: Any, course: Any) -> ColumnElement[bool]:
    """Whether an enrollment opens its course, which is not deleted."""
    return and_(opens(enrollment), course.deleted_at.is_(None))


students = members("enrollments", "course_id", STUDENTS, role="status", where=opens_there, until="expires_at")

DELETED = closed("deleted_at", "This course is deleted: restore it first.")


class Course(
    Updated, Base, access=published | free | owned_by("instructor_id") | students, closed=DELETED, prefix="crs"
):
    """A course of the catalogue. Drafts are seen by their instructor alone, and so is what was deleted."""

    __tablename__ = "courses"

    slug: Mapped[str] = string(100)
    title: Mapped[str] = string(200)
    description: Mapped[str] = string(20_000)
    instructor_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    price: Mapped[Decimal] = money(default=0, server_default="0")
    currency: Mapped[str] = currency("USD")
    duration_hours: Mapped[int] = count()
    difficulty: Mapped[Difficulty]
    language: Mapped[str] = string(35, default="en", server_default="en")
    published: Mapped[bool] = flag(default=False)
    featured: Mapped[bool] = flag(default=False)
    learning_objectives: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    prerequisites: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    topics: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    license: Mapped[str | None] = string(200)
    attribution: Mapped[str | None] = string(2_000)
    thumbnail_url: Mapped[str | None] = string(2_000)
    video_url: Mapped[str | None] = string(2_000)
    access_days: Mapped[int | None]
    certificate_days: Mapped[int | None]
    requires_quizzes: Mapped[bool] = flag(default=False)
    version: Mapped[int] = count(1)
    published_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    deleted: Mapped[bool] = mapped_column(Computed("deleted_at IS NOT NULL", persisted=True))
    search_vector: Mapped[str] = searchable(A="title", B="description")

    __table_args__ = (
        unique("slug", says="Another course has this name in addresses."),
        check(f"slug ~ '{SLUG}'", at="slug", says="A name in addresses is small letters, digits and single hyphens."),
        not_blank("title"),
        check("version >= 1", at="version", says="Versions are counted from 1."),
        check(
            "NOT published OR deleted_at IS NULL",
            at="published",
            says="A course that is deleted is not in the catalogue.",
        ),
        check("certificate_days > 0", at="certificate_days", says="A certificate holds for one day at least."),
        check(
            "access_days BETWEEN 1 AND 10000", at="access_days", says="A course is open for 1 to 10,000 days at a time."
        ),
        check("duration_hours BETWEEN 0 AND 10000", at="duration_hours", says="A course takes 0 to 10,000 hours."),
        check(f"language ~ '{LANGUAGE}'", at="language", says="A language has an IETF tag, such as en or pt-BR."),
        address("thumbnail_url"),
        address("video_url"),
        Index(None, "published", "featured", "created_at"),
        Index(None, "instructor_id"),
        Index(None, "difficulty"),
        Index(None, "price", "id"),
        Index(None, "title", "id"),
        Index(None, "created_at", "id"),
        partial("ix_courses_published_catalog", "created_at", "id", where={"published": True}),
        Index(None, "search_vector", postgresql_using="gin"),
        Index(None, "topics", postgresql_using="gin"),
        found_by_parts("title", name="ix_courses_title_parts"),
    )


class CoursePrerequisite(Base, access=through("course_id"), prefix="cpq"):
    """A course that is to be taken before another. This is advice: who has not taken it may enroll all the same."""

    __tablename__ = "course_prerequisites"

    course_id: Mapped[UUID] = refers("courses")
    required_id: Mapped[UUID] = refers("courses", index=True)

    __table_args__ = (unique("course_id", "required_id", says="The course requires this one already."),)


acyclic("course_prerequisites", "course", "required_id", at="required_ids")


class CourseModule(Updated, Base, access=through("course_id"), prefix="mod"):
    """A chapter of a course."""

    __tablename__ = "course_modules"

    course_id: Mapped[UUID] = refers("courses")
    title: Mapped[str] = string(200)
    description: Mapped[str] = string(20_000, default="", server_default="")
    order: Mapped[int]
    duration: Mapped[int] = count()
    video_url: Mapped[str | None] = string(2_000)
    content: Mapped[str | None] = string(100_000)
    version: Mapped[int] = count(1)

    __table_args__ = (
        in_order("course_id"),
        Index(None, "course_id", "order", "id"),
        not_blank("title"),
        check("version >= 1", at="version", says="Versions are counted from 1."),
        check("duration BETWEEN 0 AND 1000000", at="duration", says="A module takes 0 to 1,000,000 minutes."),
        address("video_url"),
    )


class Lesson(Updated, Base, access=through("module_id"), prefix="les"):
    """One lesson of a module, in Markdown."""

    __tablename__ = "lessons"

    module_id: Mapped[UUID] = refers("course_modules")
    title: Mapped[str] = string(200)
    content: Mapped[str] = string(100_000)
    video_url: Mapped[str | None] = string(2_000)
    order: Mapped[int]
    duration: Mapped[int] = count()
    version: Mapped[int] = count(1)
    search_vector: Mapped[str] = searchable(A="title")
    text_vector: Mapped[str] = searchable(A="title", B="content", needs=LEARN)

    __table_args__ = (
        in_order("module_id"),
        Index(None, "module_id", "order", "id"),
        not_blank("title"),
        check("version >= 1", at="version", says="Versions are counted from 1."),
        check("duration BETWEEN 0 AND 10000", at="duration", says="A lesson takes 0 to 10,000 minutes."),
        address("video_url"),
        Index(None, "search_vector", postgresql_using="gin"),
        Index(None, "text_vector", postgresql_using="gin"),
    )


class Enrollment(Updated, Base, access=owned_by("user_id") | through("course_id", see=MANAGE), prefix="enr"):
    """A person's place in a course. Once it has ended it does not come back: a student who returns begins another.

    A person has one at a time that holds, or waits for its payment.
    """

    __tablename__ = "enrollments"

    user_id: Mapped[UUID] = refers("users", reveals=True)
    course_id: Mapped[UUID] = refers("courses")
    status: Mapped[EnrollmentStatus] = state(EnrollmentStatus.ACTIVE, transitions=ENROLLMENT_TRANSITIONS)
    enrolled_at: Mapped[datetime] = mapped_column(server_default=func.now())
    completed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    payment_status: Mapped[PaymentStatus] = state(PaymentStatus.PENDING, transitions=PAYMENT_TRANSITIONS)
    payment_amount: Mapped[Decimal] = money(default=0, server_default="0")
    payment_currency: Mapped[str] = currency("USD")

    __table_args__ = (
        unique(
            "user_id",
            "course_id",
            name="uq_enrollments_user_id_course_id",
            where="status IN ('ACTIVE', 'COMPLETED') AND payment_status IN ('PENDING', 'COMPLETED')",
            says="This person is enrolled in this course already.",
        ),
        Index(None, "user_id", "course_id", "enrolled_at", "id"),
        Index(None, "course_id", "status"),
        latest("ix_enrollments_completed", "course_id", by="completed_at"),
        Index(None, "user_id", "enrolled_at", "id"),
        Index(None, "status"),
        partial("ix_enrollments_expiring", "expires_at", where={"status": EnrollmentStatus.ACTIVE}),
        check(
            "(status = 'COMPLETED') = (completed_at IS NOT NULL)",
            name="completed",
            says="An enrollment that is completed says when, and no other.",
        ),
    )


class CourseProgress(Updated, Base, access=owned_by("user_id") | through("course_id", see=MANAGE), prefix="cpr"):
    """How far a person is in a course."""

    __tablename__ = "course_progress"

    user_id: Mapped[UUID] = refers("users", reveals=True)
    course_id: Mapped[UUID] = refers("courses")
    completed_lessons: Mapped[int] = count()
    total_lessons: Mapped[int]
    progress_percent: Mapped[int] = score(default=0, server_default="0")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_accessed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    watched_at: Mapped[datetime | None]
    """Up to when the time that the person may have watched a lesson of the course is added."""
    completed_at: Mapped[datetime | None]

    __table_args__ = (
        unique("user_id", "course_id", says="This person has progress in this course already."),
        Index(None, "user_id", "last_accessed_at", "id"),
        Index(None, "course_id"),
        Index(None, "last_accessed_at"),
        check(
            "completed_lessons BETWEEN 0 AND total_lessons",
            at="completed_lessons",
            says="As many lessons are completed as there are, at most.",
        ),
    )


narrow(CourseProgress, "progress", "user_id", "course_id")


class_topic = beside("class")
"""The topic of what happens among the students of a course, for those who manage it."""


def progress_topic(user_id: UUID, course_id: UUID) -> Topic:
    """The topic of one person's progress in one course."""
    return topic("progress", user_id, course_id)


class LessonProgress(Updated, Base, access=through("progress_id"), prefix="lpr"):
    """Whether a person has finished a lesson, and how long they watched it."""

    __tablename__ = "lesson_progress"

    progress_id: Mapped[UUID] = refers("course_progress")
    lesson_id: Mapped[UUID] = refers("lessons")
    completed: Mapped[bool] = flag(default=False)
    completed_at: Mapped[datetime | None]
    watch_time_seconds: Mapped[int] = count()
    last_watched_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        unique("progress_id", "lesson_id", says="This person has progress in this lesson already."),
        Index(None, "lesson_id"),
        Index(None, "last_watched_at"),
        partial("ix_lesson_progress_incomplete", "progress_id", "last_watched_at", "id", where={"completed": False}),
        check("watch_time_seconds >= 0", at="watch_time_seconds", says="Seconds are counted from 0."),
        check(
            "completed = (completed_at IS NOT NULL)",
            name="completed",
            says="A lesson that is completed says when, and no other.",
        ),
    )

"""Random rows for every table, made from its columns: memberships, roles, owners and states at random."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, text, types
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import db.tables  # noqa: F401  (declares the tables)
from db.base import Base, new_id
from db.columns import JsonOf
from db.references import OUTLIVES, parent_of
from tests.fitting import fitting
from tests.world.learning import LESSONS

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS: dict[str, Callable[[int], str]] = {
    "users.email": "crowd{}@example.com".format,
    "users.username": "crowd-{}".format,
    "commits.sha": "{:040x}".format,
    "audit_logs.action": "seen".format,
    "courses.slug": "course-{}".format,
    "courses.language": "en-x{}".format,
    "courses.thumbnail_url": "/courses/{}.png".format,
    "courses.video_url": "https://example.com/courses/{}".format,
    "course_modules.video_url": "https://example.com/modules/{}".format,
    "lessons.video_url": "https://example.com/lessons/{}".format,
    "media.url": "/media/{}.png".format,
    "learning_modules.slug": "module-{}".format,
    "invitations.email": "guest{}@example.com".format,
    "organizations.slug": "organization-{}".format,
    "repositories.full_name": "owner/repository-{}".format,
    "suggestions.replacement": "other words {}".format,
}
"""Texts that must have a form."""

TIMES: dict[str, list[datetime | None]] = {
    "enrollments.expires_at": [None, START, START.replace(year=9000)],
    "courses.deleted_at": [None, None, START],
}
"""Times that may be null, by which rules tell rows apart: none, long ago, and far from now."""


def times(row: dict[str, Any]) -> list[int]:
    """Up to four numbers that follow from the key of a row."""
    return [row["id"].int % number for number in (7, 11, 13, 17)[: row["id"].int % 5]]


CONSISTENT: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "courses": lambda row: {"published": row["published"] and row["deleted_at"] is None},
    "course_reviews": lambda row: {"rating": 3},
    "course_analytics": lambda row: {"average_rating": 3.0},
    "lesson_progress": lambda row: {"completed_at": START if row["completed"] else None},
    "ingestion_gaps": lambda row: {"kind": "COMMITS", "after_sha": f"{5:040x}"},
    "retention_policies": lambda row: {"days": {"EVENTS": 90, "DELIVERIES": 90, "AUDIT": 365}[row["kind"]]},
    "issues": lambda row: {"closed_at": START if row["state"] == "CLOSED" else None},
    "notification_deliveries": lambda row: {
        "sent_at": START if row["status"] == "SENT" else None,
        "next_attempt_at": START if row["status"] == "PENDING" else None,
    },
    "notification_rules": lambda row: {
        "trigger": "ISSUE_OPENED",
        "conditions": {"label": "bug"},
        "channels": ["WEBHOOK"],
        "url": b"sealed",
        "url_host": "example.com",
        "secret": b"sealed",
    },
    "quiz_attempts": lambda row: {"score": None, "passed": None},
    "code_reviews": lambda row: {"risk_score": 80 if row["risk_level"] else None},
    "team_metrics": lambda row: {"cycle_times": times(row), "review_times": times(row)[1:], "developers": [row["id"]]},
    "developer_metrics": lambda row: {"cycle_times": times(row), "review_times": times(row)[1:]},
    "transactions": lambda row: {
        "completed_at": START if row["status"] in ("COMPLETED", "REFUNDED") else None,
        "failed_at": START if row["status"] == "FAILED" else None,
        "refunded_at": START + timedelta(days=40) if row["status"] == "REFUNDED" else None,
    },
}
"""What follows of the other values of a row, by table."""

AS_DECLARED = {
    "comment_threads.status",  # a resolved thread needs the time when it was
    "invitations.status",  # one that waits keeps others from its address
    "pull_requests.state",  # so does one that was merged
    "quiz_attempts.status",  # and one that has ended, beside its score
    "users.role",  # an administrator sees everything
}
"""Columns that keep what the database gives them."""

VALUES: dict[type, Callable[[Random, int], Any]] = {
    str: lambda random, number: f"word {number}",
    int: lambda random, number: number,
    bytes: lambda random, number: number.to_bytes(32),
    datetime: lambda random, number: START + timedelta(minutes=number),
    date: lambda random, number: START.date() + timedelta(days=number),
    Decimal: lambda random, number: random.choice([Decimal(0), Decimal("49.90")]),
    float: lambda random, number: random.choice([0.0, 49.5]),
    bool: lambda random, number: random.random() < 0.5,
    list: lambda random, number: [f"word {number}"],
    object: lambda random, number: {},  # JSON
}


async def populate(session: AsyncSession, random: Random, *, size: int) -> dict[str, list[UUID]]:
    """Insert up to `size` rows into every table, fewer where they would not be unique; their ids by table."""
    # Without guards: an owner who is a member, too, tells rules apart that are said to agree in any world.
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    numbers, keys = count(1), dict[str, list[UUID]]()
    for table in sorted(Base.metadata.sorted_tables, key=_outlives):
        rows = [row_of(table, random, number, keys) for number, _ in zip(numbers, range(size), strict=False)]
        keys[table.name] = list(await session.scalars(_insertion(table), rows))
    return keys


def row_of(table: Table, random: Random, number: int, keys: dict[str, list[UUID]]) -> dict[str, Any]:
    """A row that refers to rows with these keys. Its texts and numbers are those of no other `number`."""
    columns = [column for column in table.c if _is_given(column)]
    row = {column.name: _value(column, random, number, keys) for column in columns}
    if table.name == "invitations":  # to one thing
        kept, left = random.sample(["organization", "project"], 2)
        parent = {"organization": "organizations", "project": "specification_projects"}[kept]
        return row | {f"{kept}_id": random.choice(keys[parent]), f"{left}_id": None, f"{left}_role": None}
    return _consistent(table, row, random, keys)


def _outlives(table: Table) -> bool:
    """Whether rows of a table refer to others without a foreign key."""
    return any(OUTLIVES in column.info for column in table.c)


def _insertion(table: Table) -> Any:
    """A place that can be looked at later is none to look at now: there PostgreSQL takes no ON CONFLICT."""
    can_wait = any(getattr(constraint, "deferrable", False) for constraint in table.constraints)
    inserted = insert(table) if can_wait else insert(table).on_conflict_do_nothing()
    return inserted.returning(table.c.id)


def _consistent(table: Table, row: dict[str, Any], random: Random, keys: dict[str, list[UUID]]) -> dict[str, Any]:
    """The row with what follows from its other values."""
    if table.name in CONSISTENT:
        return row | CONSISTENT[table.name](row)
    if table.name in ("enrollments", "module_progress"):
        return row | {"completed_at": START if row["status"] == "COMPLETED" else None}
    if table.name == "learning_modules":  # which has something in it, if it is published
        return row | {"lessons": LESSONS}
    if table.name == "specification_documents":
        return row | {"approved_at": START if row["status"] == "APPROVED" else None}
    if table.name == "media":  # which belongs to one thing
        owners = [name for name in ("user_id", "course_id", "lesson_id") if row[name]]
        return row | dict.fromkeys(owners[1:])
    if table.name == "comment_threads":  # whose end is not before their start
        return row | {"end_line": row["line"]}
    if table.name == "suggestions":  # of a comment or else of a review
        return row | {"review_id": None if row["comment_id"] else random.choice(keys["document_reviews"])}
    return row


def _is_given(column: Column[Any]) -> bool:
    """Columns that a row needs, and those by which rules and lists tell rows apart."""
    if column.computed is not None or str(column) in AS_DECLARED:
        return False
    if str(column) in TIMES or str(column) in WORDS:
        return True
    is_needed = not column.nullable and column.server_default is None
    return (
        is_needed
        or parent_of(column) is not None
        or isinstance(column.type, types.Enum | types.Boolean | types.Numeric)
    )


def _value(column: Column[Any], random: Random, number: int, keys: dict[str, list[UUID]]) -> Any:
    if column.primary_key:
        return new_id()
    if (parent := parent_of(column)) is not None:
        return random.choice([*keys[parent.name], *([None] if column.nullable else [])])
    if str(column) in TIMES:
        return random.choice(TIMES[str(column)])
    if str(column) in WORDS:
        return WORDS[str(column)](number)
    if isinstance(column.type, JsonOf):
        return fitting(column.type, random)
    kind = column.type.python_type
    return random.choice(list(kind)) if issubclass(kind, Enum) else VALUES[kind](random, number)

"""Courses with students, payments and reviews at random, and their numbers, worked out slowly in plain Python."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from db import tables
from db.access import GUEST
from db.base import Base
from db.engine import Database
from db.records import fill_defaults
from db.tables import Difficulty, EnrollmentStatus, PaymentStatus
from tests.world import World

ENDED = [
    (EnrollmentStatus.CANCELLED, PaymentStatus.REFUNDED),
    (EnrollmentStatus.CANCELLED, PaymentStatus.FAILED),
    (EnrollmentStatus.CANCELLED, PaymentStatus.COMPLETED),
    (EnrollmentStatus.EXPIRED, PaymentStatus.COMPLETED),
]
NEWEST = [
    *ENDED,
    (EnrollmentStatus.ACTIVE, PaymentStatus.PENDING),
    (EnrollmentStatus.ACTIVE, PaymentStatus.COMPLETED),
    (EnrollmentStatus.COMPLETED, PaymentStatus.COMPLETED),
    (EnrollmentStatus.COMPLETED, PaymentStatus.REFUNDED),
]
MONTHS = [datetime(2025 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(9, 17)]
TEACHERS = ("ines", "ines", "ines", "ada", "ada", None)
PEOPLE = 24


@dataclass
class Drawn:
    """The rows, by their tables."""

    rows: dict[type[Base], list[Any]] = field(default_factory=lambda: defaultdict(list))

    def add(self, row: Any) -> Any:
        self.rows[type(row)].append(fill_defaults(row))
        return row

    def of(self, table: type[Base], course: tables.Course) -> list[Any]:
        """The rows of a table that are of a course."""
        return [row for row in self.rows[table] if row.course_id == course.id]


async def draw(database: Database, world: World, seed: int) -> Drawn:
    """Put random rows into the test's database. The last course has nobody."""
    random, drawn = Random(seed), Drawn()
    people = [drawn.add(tables.User(email=f"drawn{n}@example.com", name=f"Drawn {n}")) for n in range(PEOPLE)]
    for number, teacher in enumerate(TEACHERS):
        course = drawn.add(_course(number, world.rows[teacher].id if teacher else None, random))
        lessons = list(_lessons(drawn, course))
        for person in people if number < len(TEACHERS) - 1 else ():
            if random.random() < 0.7:
                _study(drawn, course, person, lessons, random)
        for _ in range(random.randrange(40) if number < len(TEACHERS) - 1 else 0):
            drawn.add(payment(random, course))
    for _ in range(10):
        drawn.add(payment(random, None))
    async with database.work(GUEST) as work:
        await work.add_all([(row, None) for table in drawn.rows for row in drawn.rows[table]])
    return drawn


def _course(number: int, teacher_id: Any, random: Random) -> tables.Course:
    return tables.Course(
        slug=f"drawn-{number}",
        title=f"Drawn {number}",
        description="",
        instructor_id=teacher_id,
        difficulty=Difficulty.EXPERT,
        currency=random.choice(["USD", "EUR"]),
        published=number % 2 == 0,
    )


def _lessons(drawn: Drawn, course: tables.Course) -> Iterator[tables.Lesson]:
    module = drawn.add(tables.CourseModule(course_id=course.id, title="Drawn", order=1))
    for number in range(1, 5):
        yield drawn.add(tables.Lesson(module_id=module.id, title=f"{number}", content="", order=number))


def _study(
    drawn: Drawn, course: tables.Course, person: tables.User, lessons: Sequence[tables.Lesson], random: Random
) -> None:
    """One person in a course: they may have come back, rate it, and have begun some of its lessons."""
    states = [*random.choices(ENDED, k=random.choice([0, 0, 1, 2])), random.choice(NEWEST)]
    for days, (status, payment_status) in enumerate(states):
        at = MONTHS[0] + timedelta(days=days, hours=random.randrange(20))
        done_at = at if status is EnrollmentStatus.COMPLETED else None
        whose = {"user_id": person.id, "course_id": course.id, "enrolled_at": at}
        drawn.add(tables.Enrollment(**whose, status=status, payment_status=payment_status, completed_at=done_at))
    if random.random() < 0.4:
        review = {"rating": random.randint(1, 5), "is_hidden": random.random() < 0.3}
        drawn.add(tables.CourseReview(user_id=person.id, course_id=course.id, **review))
    if random.random() < 0.9:
        done = random.randint(0, len(lessons))
        progress = tables.CourseProgress(
            user_id=person.id,
            course_id=course.id,
            completed_lessons=done,
            total_lessons=len(lessons),
            progress_percent=100 * done // len(lessons),
            last_accessed_at=MONTHS[0] + timedelta(minutes=random.randrange(300_000)),
        )
        drawn.add(progress)
        for place, lesson in enumerate(lessons[: done + random.randint(0, 1)]):
            drawn.add(
                tables.LessonProgress(
                    progress_id=progress.id,
                    lesson_id=lesson.id,
                    completed=place < done,
                    completed_at=MONTHS[0] if place < done else None,
                    watch_time_seconds=random.randrange(1_000),
                )
            )


def payment(random: Random, course: tables.Course | None) -> tables.Transaction:
    """A payment at a random time, often in the last or the first moment of a month in UTC."""
    status = random.choice([*PaymentStatus])
    paid_at, back_at = sorted(_moment(random) for _ in range(2))
    is_paid = status in (PaymentStatus.COMPLETED, PaymentStatus.REFUNDED)
    return tables.Transaction(
        course_id=course.id if course else None,
        user_email="drawn@example.com",
        amount=Decimal(random.randrange(100_000)) / 100,
        currency=random.choice(["USD", "EUR", course.currency if course else "JPY"]),
        status=status,
        provider="drawn",
        completed_at=paid_at if is_paid else None,
        failed_at=paid_at if status is PaymentStatus.FAILED else None,
        refunded_at=back_at if status is PaymentStatus.REFUNDED else None,
    )


def _moment(random: Random) -> datetime:
    month = random.choice(MONTHS)
    return random.choice([month, month - timedelta(microseconds=1), month + timedelta(days=random.randrange(28))])


def numbers(drawn: Drawn, course: tables.Course) -> dict[str, Any]:
    """A course in numbers, as `Course.analytics` has to have them."""
    paid = (PaymentStatus.COMPLETED, PaymentStatus.REFUNDED)
    enrollments = [row for row in drawn.of(tables.Enrollment, course) if row.payment_status in paid]
    people = {row.user_id for row in enrollments}
    active = {row.user_id for row in enrollments if row.status is EnrollmentStatus.ACTIVE}
    completed = {row.user_id for row in enrollments if row.status is EnrollmentStatus.COMPLETED}
    percents = {row.user_id: row.progress_percent for row in drawn.of(tables.CourseProgress, course)}
    payments = [row for row in drawn.of(tables.Transaction, course) if row.currency == course.currency]
    ratings = [row.rating for row in drawn.of(tables.CourseReview, course) if not row.is_hidden]
    revenue = sum((row.amount for row in payments if row.status is PaymentStatus.COMPLETED), Decimal("0.00"))
    return {
        "totalEnrollments": len(people),
        "activeEnrollments": len(active),
        "completedEnrollments": len(completed),
        "completionRate": 100 * len(completed) / len(people) if people else 0,
        "averageProgress": sum(percents.get(person, 0) for person in people) / len(people) if people else 0,
        "totalRevenue": f"{revenue}",
        "currency": course.currency,
        "averageRating": sum(ratings) / len(ratings) if ratings else None,
    }


def revenue(payments: Sequence[tables.Transaction], since: datetime, until: datetime) -> list[dict[str, Any]]:
    """What came in and went back, month by month, as `revenueByMonth` has to have it."""
    months: dict[tuple[str, str], dict[str, Any]] = {}

    def group(at: datetime | None, currency: str) -> dict[str, Any] | None:
        if at is None or not since <= at < until:
            return None
        key = f"{at.astimezone(UTC):%Y-%m-01T00:00:00+00:00}", currency
        nothing = {"revenue": Decimal("0.00"), "transactionCount": 0, "refunded": Decimal("0.00"), "refundCount": 0}
        return months.setdefault(key, {"month": key[0], "currency": currency} | nothing)

    for row in payments:
        if came := group(row.completed_at, row.currency):
            came["revenue"] += row.amount
            came["transactionCount"] += 1
        if went := group(row.refunded_at, row.currency):
            went["refunded"] += row.amount
            went["refundCount"] += 1
    return [it | {name: f"{it[name]}" for name in ("revenue", "refunded")} for _, it in sorted(months.items())]


def lesson_statistics(drawn: Drawn, course: tables.Course) -> list[dict[str, Any]]:
    """How far people are in each lesson of a course, as `Course.lessonStatistics` has to have it, in any order."""
    progress = {row.id for row in drawn.of(tables.CourseProgress, course)}
    begun: dict[Any, list[tables.LessonProgress]] = defaultdict(list)
    for row in drawn.rows[tables.LessonProgress]:
        if row.progress_id in progress:
            begun[row.lesson_id].append(row)
    return [
        {
            "lesson": {"id": lesson.public_id},
            "startedCount": len(rows),
            "completedCount": sum(row.completed for row in rows),
            "completionRate": 100 * sum(row.completed for row in rows) / len(rows),
            "averageWatchSeconds": sum(row.watch_time_seconds for row in rows) / len(rows),
        }
        for lesson in drawn.rows[tables.Lesson]
        if (rows := begun[lesson.id])
    ]


def inactive(drawn: Drawn, before: datetime, is_seen: Callable[[tables.Course], bool]) -> list[str]:
    """The ids of the progress of those who take a course and were not at it since, the longest ago first."""
    newest = {(row.user_id, row.course_id): row.status for row in drawn.rows[tables.Enrollment]}
    courses = {course.id for course in drawn.rows[tables.Course] if is_seen(course)}
    found = [
        row
        for row in drawn.rows[tables.CourseProgress]
        if row.course_id in courses
        and row.last_accessed_at < before
        and row.progress_percent < 100
        and newest[row.user_id, row.course_id] is EnrollmentStatus.ACTIVE
    ]
    return [row.public_id for row in sorted(found, key=lambda row: (row.last_accessed_at, row.id))]

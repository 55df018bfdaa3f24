"""Generated enrollments and progress. Nobody publishes such data, so this is made up, and equal every time.

The callers say which data are drawn: the courses and the people may be real, their progress never is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Protocol
from uuid import UUID

from db import tables
from db.demo import outcomes
from db.demo.courses import price, published_at
from db.demo.people import People, Person
from db.demo.rows import Batch, Row, dice, key, row
from db.demo.sources import Record, moment
from db.tables import EnrollmentStatus, PaymentStatus, UserRole

LEARNERS = 180
COURSES_EACH = (1, 1, 2, 2, 3)
PURSUITS = {  # of the people whom the demo introduces: lessons done, and so the state
    "Vadim Pavlov": {
        "swc-unix-shell": (51, EnrollmentStatus.COMPLETED),
        "rust-book-quizzes": (43, EnrollmentStatus.ACTIVE),
    },
    "Patrick Arminio": {"hf-llm-course": (12, EnrollmentStatus.ACTIVE)},
}
LAST_ENROLLMENT = moment("2026-02-01")  # so that everybody is done before the sources end
RATED = 0.3  # of those who have done something
RATINGS = (5, 5, 5, 4, 4, 3, 2, 1)
UNFINISHED = (EnrollmentStatus.ACTIVE,) * 18 + (EnrollmentStatus.EXPIRED, EnrollmentStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Syllabus:
    """A course as its students go through it: the key and the minutes of every lesson, in order."""

    course_id: UUID
    title: str
    since: datetime
    lessons: list[tuple[UUID, int]]
    price: Decimal = Decimal(0)


class Student(Protocol):
    """Somebody who takes courses."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Study:
    """Somebody's way through a course: the first `done` lessons are complete, and perhaps one more is begun."""

    student: Student
    syllabus: Syllabus
    enrolled_at: datetime
    done: int
    status: EnrollmentStatus
    begun: int = 0
    rating: int | None = None

    @property
    def name(self) -> str:
        """A name that no other enrollment has."""
        return f"{self.student.id.hex}/{self.syllabus.course_id.hex}"

    @property
    def percent(self) -> int:
        """How much of the course is done."""
        return 100 * self.done // len(self.syllabus.lessons) if self.syllabus.lessons else 0

    @property
    def payment_status(self) -> PaymentStatus:
        """The state of the payment: somebody who has left a course that costs got the money back."""
        is_back = self.syllabus.price and self.status is EnrollmentStatus.CANCELLED
        return PaymentStatus.REFUNDED if is_back else PaymentStatus.COMPLETED

    @property
    def row_count(self) -> int:
        """How many rows it makes: enrollment, progress, one for each lesson touched, and what comes of it."""
        is_done = self.status is EnrollmentStatus.COMPLETED
        return 2 + self.done + self.begun + bool(self.syllabus.price) + bool(self.rating) + is_done


def rows(courses: list[Record], people: People) -> Iterator[Batch]:
    """The enrollments of real people in the real courses."""
    random = dice("enrollments")
    syllabi = {course["id"]: _syllabus(number, course) for number, course in enumerate(courses)}
    pursued = [
        Study(people.known(name), syllabi[course], syllabi[course].since, done, status)
        for name, pursuits in PURSUITS.items()
        for course, (done, status) in pursuits.items()
    ]
    drawn = [
        study(learner, syllabus, random=random, not_before=learner.first)
        for learner in random.sample(_learners(people), LEARNERS)
        for syllabus in random.sample(list(syllabi.values()), random.choice(COURSES_EACH))
    ]
    yield from batches([*pursued, *drawn], random)
    yield outcomes.analytics(list(syllabi.values()), [*pursued, *drawn])


def study(student: Student, syllabus: Syllabus, *, random: Random, not_before: datetime, effort: int = 3) -> Study:
    """Draw a way through a course. The greater the `effort` it takes, the fewer lessons are done."""
    since, total = max(syllabus.since, not_before), len(syllabus.lessons)
    enrolled_at = since + (LAST_ENROLLMENT - since) * random.random()
    done = min(total, int(1.5 * total * random.random() ** effort))
    rating = random.choice(RATINGS) if done and random.random() < RATED else None
    if 0 < done == total:
        return Study(student, syllabus, enrolled_at, done, EnrollmentStatus.COMPLETED, rating=rating)
    begun = int(done < total and random.random() < 0.4)
    return Study(student, syllabus, enrolled_at, done, random.choice(UNFINISHED), begun, rating)


def batches(studies: Iterable[Study], random: Random) -> Iterator[Batch]:
    """The rows of studies: numbers and states follow from the lessons done."""
    ways, enrollments, progress, lessons = list(studies), [], [], []
    for one in ways:
        lessons += (touched := _lessons(one, random))
        progress.append(_progress(one, touched))
        enrollments.append(_enrollment(one, progress[-1]))
    yield Batch(tables.Enrollment, enrollments)
    yield Batch(tables.CourseProgress, progress)
    yield Batch(tables.LessonProgress, lessons)
    yield from outcomes.batches(list(zip(ways, enrollments, strict=True)))


def _syllabus(number: int, course: Record) -> Syllabus:
    at = published_at(number)
    lessons = [lesson for module in course["modules"] for lesson in module["lessons"]]
    keys = [(key(tables.Lesson, lesson["id"], at=at), lesson["duration_minutes"]) for lesson in lessons]
    return Syllabus(key(tables.Course, course["id"], at=at), course["title"], at, keys, price(course))


def _learners(people: People) -> list[Person]:
    """Anybody but teachers, bots, latecomers and those whose courses are given above."""
    busy = {people.known(name).identity for name in PURSUITS}
    return sorted(
        (
            one
            for one in people
            if one.is_active
            and one.role is not UserRole.INSTRUCTOR
            and one.first < LAST_ENROLLMENT
            and one.identity not in busy
        ),
        key=lambda person: person.identity,
    )


def _lessons(one: Study, random: Random) -> list[Row]:
    at, touched = one.enrolled_at, []
    for number in range(one.done + one.begun):
        lesson_id, minutes = one.syllabus.lessons[number]
        at += timedelta(hours=36 * random.random())
        completed = number < one.done
        touched.append(
            row(
                tables.LessonProgress,
                f"{one.name}/{number}",
                at=at,
                progress_id=key(tables.CourseProgress, one.name, at=one.enrolled_at),
                lesson_id=lesson_id,
                completed=completed,
                completed_at=at if completed else None,
                watch_time_seconds=int(60 * minutes * (0.5 + random.random() if completed else random.random())),
                last_watched_at=at,
            )
        )
    return touched


def _progress(one: Study, touched: list[Row]) -> Row:
    total = len(one.syllabus.lessons)
    last = touched[-1]["last_watched_at"] if touched else one.enrolled_at
    return row(
        tables.CourseProgress,
        one.name,
        at=one.enrolled_at,
        user_id=one.student.id,
        course_id=one.syllabus.course_id,
        completed_lessons=one.done,
        total_lessons=total,
        progress_percent=one.percent,
        started_at=one.enrolled_at,
        last_accessed_at=last,
        completed_at=last if one.status is EnrollmentStatus.COMPLETED else None,
        updated_at=last,
    )


def _enrollment(one: Study, progress: Row) -> Row:
    last = progress["last_accessed_at"]
    expires_at = last + timedelta(days=14) if one.status is EnrollmentStatus.EXPIRED else None
    return row(
        tables.Enrollment,
        one.name,
        at=one.enrolled_at,
        user_id=one.student.id,
        course_id=one.syllabus.course_id,
        status=one.status,
        enrolled_at=one.enrolled_at,
        completed_at=progress["completed_at"],
        expires_at=expires_at,
        payment_status=one.payment_status,  # nothing was due where it is free
        payment_amount=one.syllabus.price,
        updated_at=expires_at or last,
    )

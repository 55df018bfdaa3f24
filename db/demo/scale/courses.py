"""Generated courses, each of some modules of a real one under its licence, and the people who take them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import ceil
from random import Random
from uuid import UUID

from db import tables
from db.base import Base
from db.demo import learning, outcomes
from db.demo.courses import minutes
from db.demo.rows import Batch, Row, dice, key, row
from db.demo.scale.people import Crowd, Somebody
from db.demo.scale.texts import groups, shares
from db.demo.sources import Record, Sources, moment
from db.tables import Difficulty

BATCH = 4_000
EFFORT = 12  # few do more than a few lessons
PRICES = (0, 0, 0, 19, 49, 99)
_FIRST, _LAST = moment("2019-06-01"), moment("2025-06-01")


@dataclass(frozen=True, slots=True)
class Edition:
    """Some modules of a real course, given by somebody else."""

    number: int
    source: Record
    modules: list[Record]
    teacher: Somebody
    since: datetime
    price: Decimal

    @property
    def name(self) -> str:
        """Its slug."""
        return f"{self.source['id']}-{self.number}"

    @property
    def published(self) -> bool:
        """One in twelve is a draft, which nobody takes."""
        return self.number % 12 > 0

    @property
    def ends(self) -> list[str]:
        """The titles of its first and its last module; one title when that is the same."""
        return [module["title"] for module in (self.modules[0], *self.modules[1:][-1:])]

    @property
    def lesson_count(self) -> int:
        """How many lessons its modules have."""
        return sum(len(module["lessons"]) for module in self.modules)

    @property
    def syllabus(self) -> learning.Syllabus:
        """The lessons that its students go through."""
        lessons = [
            (key(tables.Lesson, f"{self.name}/{lesson['id']}", at=self.since), lesson["duration_minutes"])
            for module in self.modules
            for lesson in module["lessons"]
        ]
        return learning.Syllabus(self.course_id, self.title, self.since, lessons, self.price)

    @property
    def course_id(self) -> UUID:
        """The key of the course."""
        return key(tables.Course, self.name, at=self.since)

    @property
    def title(self) -> str:
        """Its title."""
        return f"{self.source['title']}: {' to '.join(self.ends)}"


class Catalogue:
    """All generated courses."""

    def __init__(self, sources: Sources, crowd: Crowd, *, counts: Mapping[type[Base], int]) -> None:
        random = dice("catalogue")
        self._editions = list(_editions(sources, crowd, counts[tables.Lesson], random))
        self._syllabi = [edition.syllabus for edition in self._editions]
        editions = zip(self._editions, self._syllabi, strict=True)
        taken = [syllabus for edition, syllabus in editions if edition.published]
        sizes = shares(counts[tables.Enrollment], len(taken), random=random, tail=1.8)
        self.studies = [
            learning.study(one, syllabus, random=random, not_before=one.since, effort=EFFORT)
            for syllabus, size in zip(taken, sizes, strict=True)
            for one in crowd.some(size, at=learning.LAST_ENROLLMENT, random=random)
        ]

    @property
    def row_count(self) -> int:
        """How many rows all of it makes."""
        of_courses = sum(2 + len(edition.modules) + edition.lesson_count for edition in self._editions)
        return of_courses + sum(study.row_count for study in self.studies)

    def batches(self) -> Iterator[Batch]:
        """Courses with modules and lessons, then some enrollments after the other."""
        yield Batch(tables.Course, [_course(edition) for edition in self._editions])
        for editions in groups(self._editions, 100):
            yield Batch(tables.CourseModule, [module for edition in editions for module in _modules(edition)])
            yield Batch(tables.Lesson, [lesson for edition in editions for lesson in _lessons(edition)])
        random = dice("progress")
        for studies in groups(self.studies, BATCH):
            yield from learning.batches(studies, random)
        yield outcomes.analytics(self._syllabi, self.studies)


def _editions(sources: Sources, crowd: Crowd, lessons: int, random: Random) -> Iterator[Edition]:
    """Editions until there are as many lessons as asked for."""
    originals = [course for course in sources.courses if course["counts"]["lessons"]]
    number = 0
    while lessons > 0:
        number += 1
        edition = _edition(number, originals[number % len(originals)], crowd, random)
        lessons -= edition.lesson_count
        yield edition


def _edition(number: int, source: Record, crowd: Crowd, random: Random) -> Edition:
    modules = source["modules"]
    length = 1 + int(len(modules) * random.random() ** 2)
    start = random.randint(0, len(modules) - length)
    teacher = random.choice(crowd.teachers)
    since = max(teacher.since, _FIRST + (_LAST - _FIRST) * random.random())
    return Edition(number, source, modules[start : start + length], teacher, since, Decimal(random.choice(PRICES)))


def _course(edition: Edition) -> Row:
    source = edition.source
    return row(
        tables.Course,
        edition.name,
        at=edition.since,
        slug=edition.name,
        title=edition.title,
        description=f"{len(edition.modules)} modules, {edition.lesson_count} lessons: {', '.join(source['topics'])}.",
        instructor_id=edition.teacher.id,
        price=edition.price,
        duration_hours=ceil(sum(map(minutes, edition.modules)) / 60),
        difficulty=Difficulty[source["level"].upper()],
        language=source["language"],
        published=edition.published,
        published_at=edition.since if edition.published else None,
        topics=source["topics"],
        license=source["license"],
        attribution=source["attribution"],
    )


def _modules(edition: Edition) -> list[Row]:
    return [
        row(
            tables.CourseModule,
            f"{edition.name}/{module['id']}",
            at=edition.since,
            course_id=key(tables.Course, edition.name, at=edition.since),
            title=module["title"],
            order=order,
            duration=minutes(module),
        )
        for order, module in enumerate(edition.modules, start=1)
    ]


def _lessons(edition: Edition) -> list[Row]:
    return [
        row(
            tables.Lesson,
            f"{edition.name}/{lesson['id']}",
            at=edition.since,
            module_id=key(tables.CourseModule, f"{edition.name}/{module['id']}", at=edition.since),
            title=lesson["title"],
            content=lesson["content"],
            order=lesson["order"],
            duration=lesson["duration_minutes"],
        )
        for module in edition.modules
        for lesson in module["lessons"]
    ]

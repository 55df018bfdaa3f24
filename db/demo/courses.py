"""The courses of the catalogue with their modules and lessons: whole, published, with licence and attribution.

All are free but the one of the seeds.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from db import tables
from db.demo import seeds
from db.demo.people import COURSES_SINCE, INSTRUCTORS, People
from db.demo.rows import Batch, Row, key, row
from db.demo.sources import Record, moment
from db.tables import Difficulty

FEATURED = {"hf-llm-course", "rust-book-quizzes", seeds.COURSE["id"]}


def rows(courses: list[Record], people: People) -> Iterator[Batch]:
    """Courses, modules and lessons."""
    yield Batch(tables.Course, [_course(number, course, people) for number, course in enumerate(courses)])
    dated = [(published_at(number), course) for number, course in enumerate(courses)]
    modules = [(at, course, module) for at, course in dated for module in course["modules"]]
    yield Batch(tables.CourseModule, [_module(*module) for module in modules])
    lessons = [(at, module, lesson) for at, _, module in modules for lesson in module["lessons"]]
    yield Batch(tables.Lesson, [_lesson(*lesson) for lesson in lessons])


def published_at(number: int) -> datetime:
    """When the course with this number was published here: one a day, which is our invention."""
    return moment(COURSES_SINCE) + timedelta(days=number)


def minutes(module: Record) -> int:
    """How long a module takes, by its authors, or else by the length of its lessons."""
    declared = module.get("declared_minutes") or {}
    return sum(declared.values()) or sum(lesson["duration_minutes"] for lesson in module["lessons"])


def price(course: Record) -> Decimal:
    """The price of a course."""
    return Decimal(course.get("price", 0))


def _course(number: int, course: Record, people: People) -> Row:
    counts = course["counts"]
    is_of_seeds = course is seeds.COURSE
    teacher = seeds.TEACHER if is_of_seeds else people.known(INSTRUCTORS[course["id"]])
    source = None if is_of_seeds else f"{course['attribution']}; {course['source']} @ {course['source_commit'][:12]}"
    return row(
        tables.Course,
        course["id"],
        at=published_at(number),
        slug=course["id"],
        title=course["title"],
        description=f"{counts['modules']} modules, {counts['lessons']} lessons: {', '.join(course['topics'])}.",
        instructor_id=teacher.id,
        price=price(course),
        duration_hours=ceil(sum(map(minutes, course["modules"])) / 60),
        difficulty=Difficulty[course["level"].upper()],
        language=course["language"],
        published=True,
        published_at=published_at(number),
        learning_objectives=course.get("objectives", []),
        featured=course["id"] in FEATURED,
        topics=course["topics"],
        license=course.get("license"),
        attribution=source,
    )


def _module(at: datetime, course: Record, module: Record) -> Row:
    return row(
        tables.CourseModule,
        module["id"],
        at=at,
        course_id=key(tables.Course, course["id"], at=at),
        title=module["title"],
        order=module["order"],
        duration=minutes(module),
    )


def _lesson(at: datetime, module: Record, lesson: Record) -> Row:
    return row(
        tables.Lesson,
        lesson["id"],
        at=at,
        module_id=key(tables.CourseModule, module["id"], at=at),
        title=lesson["title"],
        content=lesson["content"],
        order=lesson["order"],
        duration=lesson["duration_minutes"],
    )

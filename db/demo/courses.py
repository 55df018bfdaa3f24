"""The courses of the catalogue with their modules and lessons: whole, free, published, with licence and attribution."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

from db import tables
from db.demo.people import COURSES_SINCE, INSTRUCTORS, People
from db.demo.rows import Batch, Row, key, row
from db.demo.sources import Record, moment
from db.tables import Difficulty

FEATURED = {"hf-llm-course", "rust-book-quizzes"}


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


def _course(number: int, course: Record, people: People) -> Row:
    counts = course["counts"]
    return row(
        tables.Course,
        course["id"],
        at=published_at(number),
        slug=course["id"],
        title=course["title"],
        description=f"{counts['modules']} modules, {counts['lessons']} lessons: {', '.join(course['topics'])}.",
        instructor_id=people.known(INSTRUCTORS[course["id"]]).id,
        duration_hours=ceil(sum(map(minutes, course["modules"])) / 60),
        difficulty=Difficulty[course["level"].upper()],
        language=course["language"],
        published=True,
        featured=course["id"] in FEATURED,
        topics=course["topics"],
        license=course["license"],
        attribution=f"{course['attribution']}; {course['source']} @ {course['source_commit'][:12]}",
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

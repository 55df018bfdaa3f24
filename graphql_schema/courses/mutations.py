"""Writing courses."""

from decimal import Decimal

import strawberry

from db import tables
from db.actions import courses
from db.errors import BadInput, NotFound, Refusal
from db.permissions import EDIT
from db.tables import Difficulty
from db.write import Work
from graphql_schema.core import mutation, references
from graphql_schema.core.bulk import OnError, accepted, items
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text

enumeration(Difficulty)

LARGEST_COURSE = 500
"""Modules and lessons with which a course may begin."""


@strawberry.input(description="A lesson to write.")
class LessonInput:
    """A new lesson."""

    title: str = text(tables.Lesson.title, "The title to show; not empty.")
    content: str = text(tables.Lesson.content, "The lesson, in Markdown.")
    video_url: str | None = text(tables.Lesson.video_url, "The lesson as a film.", default=None)
    duration: int = strawberry.field(default=0, description="How many minutes it takes, 10,000 at most.")


@strawberry.input(description="A chapter of a course to write.")
class ModuleInput:
    """A new module."""

    title: str = text(tables.CourseModule.title, "The title to show; not empty.")
    description: str = text(tables.CourseModule.description, "What it is about.", default="")
    lessons: list[LessonInput] = items("Its lessons, the first one first.", most=LARGEST_COURSE, default_factory=list)


@strawberry.input(description="A course to write.")
class CreateCourseInput:
    """A new course."""

    slug: str = text(
        tables.Course.slug, "The name in addresses, which no other course has: small letters, digits, single hyphens."
    )
    title: str = text(tables.Course.title, "The title to show; not empty.")
    description: str = text(tables.Course.description, "What it teaches, in Markdown.")
    difficulty: Difficulty = strawberry.field(description="How much it asks of its students.")
    price: Decimal = strawberry.field(default=Decimal(0), description="What it costs; left out, it is free.")
    currency: str = text(3, "The ISO 4217 code of the price's currency.", default="USD")
    modules: list[ModuleInput] = items(
        "Its chapters, the first one first. Their lessons count too.", most=LARGEST_COURSE, default_factory=list
    )


@strawberry.input(description="The order of a module's lessons.")
class ReorderLessonsInput:
    """An order."""

    module_id: strawberry.ID = strawberry.field(description="The module.")
    lesson_ids: list[strawberry.ID] = items("Its lessons, the first one first. Those that are not named come after.")
    on_error: OnError = strawberry.field(
        default=OnError.ALL_OR_NOTHING, description="What is done when one of them is no lesson of the module."
    )


@mutation(
    values=10 * LARGEST_COURSE,
    course=tables.Course,
    modules=references(tables.CourseModule, "Its modules, in their order.", most="modules"),
)
async def create_course(work: Work, input: CreateCourseInput) -> tuple[tables.Course, list[tables.CourseModule]]:
    """Write a course with its modules and lessons: a draft that you teach. For instructors.

    All of it is made, or nothing.
    """
    course = tables.Course(
        slug=input.slug,
        title=input.title,
        description=input.description,
        difficulty=input.difficulty,
        price=input.price,
        currency=input.currency,
    )
    return await courses.create_course(work, course, input.modules)


@mutation(module=tables.CourseModule)
async def reorder_lessons(work: Work, input: ReorderLessonsInput) -> tables.CourseModule:
    """Put the lessons of a module in another order. For the teacher of the course."""
    module = await work.get(tables.CourseModule, input.module_id, at="moduleId", may=EDIT, lock=True)
    lessons = await work.get_all(tables.Lesson, input.lesson_ids, at="lessonIds.{}")
    named = accepted(work, _named_once(lessons, module), input.on_error)
    return await courses.reorder_lessons(work, module, named)


def _named_once(lessons: list[tables.Lesson | Refusal], module: tables.CourseModule) -> list[tables.Lesson | Refusal]:
    """The lessons, with a refusal for what is none of the module, or was named before."""
    judged: list[tables.Lesson | Refusal] = []
    for index, lesson in enumerate(lessons):
        if isinstance(lesson, Refusal) or lesson.module_id != module.id:
            judged.append(NotFound(at=f"lessonIds.{index}"))
        elif lesson in judged:
            judged.append(BadInput("Name every lesson once.", at=f"lessonIds.{index}"))
        else:
            judged.append(lesson)
    return judged

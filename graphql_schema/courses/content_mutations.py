"""Writing the modules and lessons of courses, and putting them in order."""

from collections.abc import Sequence
from typing import TypeVar

import strawberry

from db import tables
from db.actions import course_contents
from db.actions.course_contents import part
from db.errors import BadInput, NotFound, Refusal
from db.permissions import EDIT
from db.tables import CourseEventKind
from db.write import Work
from graphql_schema.core import mutation, references, update
from graphql_schema.core.bulk import accepted
from graphql_schema.courses.inputs import (
    LARGEST_COURSE,
    AddLessonsInput,
    AddModulesInput,
    DeleteLessonInput,
    DeleteModuleInput,
    MoveLessonInput,
    ReorderLessonsInput,
    ReorderModulesInput,
    UpdateLessonInput,
    UpdateModuleInput,
)

Part = TypeVar("Part", tables.CourseModule, tables.Lesson)


@mutation(
    values=10 * LARGEST_COURSE,
    course=tables.Course,
    modules=references(tables.CourseModule, "The modules that were added, in their order.", most="modules"),
)
async def add_modules(work: Work, input: AddModulesInput) -> tuple[tables.Course, list[tables.CourseModule]]:
    """Add modules with their lessons to a course, behind those that it has. For its instructor.

    All of them are added, or none. Students who have completed the course have completed it.
    """
    course = await course_contents.whole(work, input.course_id, at="courseId")
    return await course_contents.add_modules(work, course, input.modules)


@mutation(
    values=10 * LARGEST_COURSE,
    module=tables.CourseModule,
    lessons=references(tables.Lesson, "The lessons that were added, in their order.", most="lessons"),
)
async def add_lessons(work: Work, input: AddLessonsInput) -> tuple[tables.CourseModule, list[tables.Lesson]]:
    """Add lessons to a module, behind those that it has. For the instructor of the course.

    All of them are added, or none. Students who have completed the course have completed it.
    """
    course, module = await part(work, tables.CourseModule, input.module_id, at="moduleId")
    return await course_contents.add_lessons(work, course, module, input.lessons)


update_module = update(
    "Change what a module says of itself; fields that are left out stay as they are. For the instructor of the course."
    "\n\nWhen somebody has changed it since the version that you changed, the error is `CONFLICT`, and `module` is the "
    "module as it stands.",
    UpdateModuleInput,
    at=tables.CourseModule,
    may=EDIT,
    version="expected_version",
    tells=CourseEventKind.CONTENT_CHANGED,
)
update_lesson = update(
    "Change a lesson; fields that are left out stay as they are. For the instructor of the course."
    "\n\nWhen somebody has changed it since the version that you changed, the error is `CONFLICT`, and `lesson` is the "
    "lesson as it stands. Whoever has completed it has completed it.",
    UpdateLessonInput,
    at=tables.Lesson,
    may=EDIT,
    version="expected_version",
    tells=CourseEventKind.CONTENT_CHANGED,
)


@mutation(course=tables.Course)
async def reorder_modules(work: Work, input: ReorderModulesInput) -> tables.Course:
    """Put the modules of a course in another order. For its instructor."""
    course = await work.get(tables.Course, input.course_id, at="courseId", may=EDIT, lock=True)
    modules = await work.get_all(tables.CourseModule, input.module_ids, at="moduleIds.{}")
    theirs = [isinstance(one, tables.CourseModule) and one.course_id == course.id for one in modules]
    named = accepted(work, _named_once(modules, theirs, at="moduleIds"), input.on_error)
    await course_contents.reorder(work, course, named)
    return course


@mutation(module=tables.CourseModule)
async def reorder_lessons(work: Work, input: ReorderLessonsInput) -> tables.CourseModule:
    """Put the lessons of a module in another order. For the instructor of the course."""
    _, module = await part(work, tables.CourseModule, input.module_id, at="moduleId")
    lessons = await work.get_all(tables.Lesson, input.lesson_ids, at="lessonIds.{}")
    theirs = [isinstance(one, tables.Lesson) and one.module_id == module.id for one in lessons]
    named = accepted(work, _named_once(lessons, theirs, at="lessonIds"), input.on_error)
    await course_contents.reorder(work, module, named)
    return module


@mutation(lesson=tables.Lesson)
async def move_lesson(work: Work, input: MoveLessonInput) -> tables.Lesson:
    """Move a lesson to another place in its module, or to another module of its course. For the instructor.

    What students have done in it stays as it is.
    """
    course, lesson = await part(work, tables.Lesson, input.lesson_id, at="lessonId")
    module = await work.get(tables.CourseModule, input.module_id, at="moduleId", may=EDIT)
    return await course_contents.move_lesson(work, course, lesson, module, place=input.place)


@mutation(course=tables.Course, deleted_module_id=strawberry.ID)
async def delete_module(work: Work, input: DeleteModuleInput) -> tuple[tables.Course, str]:
    """Delete a module with its lessons, and with what students have done in them. For the instructor of the course.

    Who has completed all the lessons that are left completes the course; who has completed it has completed it.
    """
    course, module = await part(work, tables.CourseModule, input.module_id, at="moduleId")
    await course_contents.delete_module(work, course, module)
    return course, module.public_id


@mutation(module=tables.CourseModule, deleted_lesson_id=strawberry.ID)
async def delete_lesson(work: Work, input: DeleteLessonInput) -> tuple[tables.CourseModule, str]:
    """Delete a lesson, with what students have done in it. For the instructor of the course.

    Who has completed all the lessons that are left completes the course; who has completed it has completed it.
    """
    course, lesson = await part(work, tables.Lesson, input.lesson_id, at="lessonId")
    await course_contents.delete_lesson(work, course, lesson)
    return tables.CourseModule(id=lesson.module_id), lesson.public_id


def _named_once(found: Sequence[Part | Refusal], theirs: Sequence[bool], *, at: str) -> list[Part | Refusal]:
    """The rows, with a refusal for what is none of theirs, or was named before."""
    judged: list[Part | Refusal] = []
    for index, (one, is_theirs) in enumerate(zip(found, theirs, strict=True)):
        if not is_theirs:
            judged.append(NotFound(at=f"{at}.{index}"))
        elif one in judged:
            judged.append(BadInput("Name each once.", at=f"{at}.{index}"))
        else:
            judged.append(one)
    return judged

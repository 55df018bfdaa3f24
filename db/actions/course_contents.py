"""Modules and lessons of courses: added, put in order, moved and deleted, with a recount of the students.

The course must be locked, here as everywhere: of two orders at the same time one comes after the other, and whoever
completes a lesson meanwhile is counted with the lessons that there are then.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from db import tables
from db.actions import media, progress
from db.base import Base
from db.errors import BadInput, NotFound
from db.permissions import EDIT
from db.records import fill_defaults
from db.tables import CourseEventKind
from db.write import Work

Part = TypeVar("Part", tables.CourseModule, tables.Lesson)
Rows = list[tuple[Base, Any]]
"""Rows to add, with the parts of the input that they are made of."""

_module, _lesson, _files = tables.CourseModule, tables.Lesson, tables.Media


class NewLesson(Protocol):
    """A lesson to write."""

    title: str
    content: str
    video_url: str | None
    duration: int


class NewModule(Protocol):
    """A module to write, with its lessons in their order."""

    title: str
    description: str
    video_url: str | None
    content: str | None
    duration: int | None

    @property
    def lessons(self) -> Sequence[NewLesson]: ...


async def whole(work: Work, public_id: str, *, at: str) -> tables.Course:
    """The course, locked to change what it asks of its students, for a viewer who may edit it."""
    found = await work.get(tables.Course, public_id, at=at, may=EDIT)
    await progress.alone(work, found.id)
    return await work.get(tables.Course, public_id, at=at, may=EDIT, lock=True)


async def part(work: Work, table: type[Part], public_id: str, *, at: str) -> tuple[tables.Course, Part]:
    """The course of a module or lesson, and this itself, both locked, for a viewer who may edit it."""
    found = await work.get(table, public_id, at=at, may=EDIT)
    module = found.module_id if isinstance(found, _lesson) else found.id
    above = await work.scalar(select(_module.course_id).where(_module.id == module))
    course = above and await progress.alone(work, above)
    if not course:
        raise NotFound(at=at)
    return course, await work.get(table, public_id, at=at, may=EDIT, lock=True)


def contents(
    course: tables.Course, modules: Sequence[NewModule], *, after: int = 0
) -> tuple[Rows, list[tables.CourseModule]]:
    """The rows of modules to add to a course, behind so many others, and of their lessons; and the modules alone."""
    chapters = [(_new_module(course, module, order), module) for order, module in enumerate(modules, after + 1)]
    below = [row for chapter, module in chapters for row in _new_lessons(chapter, module.lessons)]
    return [*chapters, *below], [chapter for chapter, _ in chapters]


async def add_modules(
    work: Work, course: tables.Course, modules: Sequence[NewModule]
) -> tuple[tables.Course, list[tables.CourseModule]]:
    """The course and its new modules with their lessons, behind those that it has."""
    last = await work.scalar(select(func.max(_module.order)).where(_module.course_id == course.id))
    rows, chapters = contents(course, modules, after=last or 0)
    await work.add_all(rows)
    work.audit("modules_added", course, modules=chapters)
    await _changed(work, course)
    return course, chapters


async def add_lessons(
    work: Work, course: tables.Course, module: tables.CourseModule, lessons: Sequence[NewLesson]
) -> tuple[tables.CourseModule, list[tables.Lesson]]:
    """The module and its new lessons, behind those that it has."""
    last = await work.scalar(select(func.max(_lesson.order)).where(_lesson.module_id == module.id))
    rows = _new_lessons(module, lessons, after=last or 0)
    await work.add_all(rows)
    added = [lesson for lesson, _ in rows]
    work.audit("lessons_added", module, lessons=added)
    await _changed(work, course)
    return module, added


async def delete_module(work: Work, course: tables.Course, module: tables.CourseModule) -> None:
    """Delete a module with its lessons, and what students have done in them. Those behind it move up."""
    inside = select(_lesson.id).where(_lesson.module_id == module.id)
    await media.release_all(work, _files.lesson_id.in_(inside))
    work.audit("module_deleted", module)
    await work.delete(module)
    await _put(work, course, (), _module.course_id)
    await _changed(work, course)


async def delete_lesson(work: Work, course: tables.Course, lesson: tables.Lesson) -> None:
    """Delete a lesson, and what students have done in it. Those behind it move up."""
    await media.release_all(work, _files.lesson_id == lesson.id)
    work.audit("lesson_deleted", lesson)
    module = _module(id=lesson.module_id)
    await work.delete(lesson)
    await _put(work, module, (), _lesson.module_id)
    await _changed(work, course)


async def move_lesson(
    work: Work, course: tables.Course, lesson: tables.Lesson, module: tables.CourseModule, *, place: int | None
) -> tables.Lesson:
    """The lesson at a place in a module of its course, which is the last one if that is not said.

    What students have done in it stays. Raises BadInput for a module of another course, and for what is no place.
    """
    if module.course_id != course.id:
        raise BadInput("A lesson stays in its course.", at="moduleId")
    if place is not None and place < 1:
        raise BadInput("Places are counted from 1.", at="place")
    others = select(_lesson).where(_lesson.module_id == module.id, _lesson.id != lesson.id)
    before = (await work.scalars(others.order_by(_lesson.order, _lesson.id))).all()
    behind = before[-1].order + 1 if before else 1
    left = _module(id=lesson.module_id)
    work.audit("lesson_moved", lesson, module=module)
    work.change(lesson, {"module_id": module.id, "order": behind})
    await work.flush()
    await _put(work, module, [*before[: place and place - 1], lesson], _lesson.module_id)
    await _put(work, left, (), _lesson.module_id)
    await work.happened(CourseEventKind.CONTENT_CHANGED, course)
    return lesson


async def reorder(
    work: Work, parent: tables.Course | tables.CourseModule, first: Sequence[Part]
) -> tables.Course | tables.CourseModule:
    """The course with these modules first, or the module with these lessons, in this order; the others stay as they are
    behind them.
    """
    is_course = isinstance(parent, tables.Course)
    if await _put(work, parent, first, _module.course_id if is_course else _lesson.module_id):
        await work.happened(CourseEventKind.CONTENT_CHANGED, parent)
    work.audit("modules_reordered" if is_course else "lessons_reordered", parent, first=first)
    return parent


async def _put(work: Work, parent: Base, first: Sequence[Base], of: Any) -> bool:
    """Number the rows of a parent, which they name in the column `of`: these first, then the others as they were.

    Returns whether that changes anything.
    """
    row = of.class_
    named = func.unnest(bindparam("ids", [one.id for one in first], type_=ARRAY(Uuid())))
    asked = named.table_valued("id", with_ordinality="ordinal").render_derived()
    position = func.row_number().over(order_by=(asked.c.ordinal.nulls_last(), row.order, row.id))
    wanted = select(row.id, position.label("order")).outerjoin(asked, asked.c.id == row.id)
    order = wanted.where(of == parent.id).subquery()
    moved = update(row).where(row.id == order.c.id, row.order != order.c.order).values(order=order.c.order)
    return bool(await work.scalar(select(func.count()).select_from(moved.returning(row.id).cte("moved"))))


async def _changed(work: Work, course: tables.Course) -> None:
    """Tell that a course has other lessons, and count how far its students are in these."""
    await work.happened(CourseEventKind.CONTENT_CHANGED, course)
    await progress.recount(work, course.id)


def _new_module(course: tables.Course, module: NewModule, order: int) -> tables.CourseModule:
    minutes = sum(lesson.duration for lesson in module.lessons)
    row = tables.CourseModule(
        course_id=course.id,
        title=module.title,
        description=module.description,
        video_url=module.video_url,
        content=module.content,
        order=order,
        duration=minutes if module.duration is None else module.duration,
    )
    return fill_defaults(row)


def _new_lessons(
    module: tables.CourseModule, lessons: Sequence[NewLesson], *, after: int = 0
) -> list[tuple[tables.Lesson, NewLesson]]:
    """The rows of lessons to add to a module, behind so many others."""
    return [(_new_lesson(module, lesson, order), lesson) for order, lesson in enumerate(lessons, after + 1)]


def _new_lesson(module: tables.CourseModule, lesson: NewLesson, order: int) -> tables.Lesson:
    return tables.Lesson(
        module_id=module.id,
        title=lesson.title,
        content=lesson.content,
        video_url=lesson.video_url,
        order=order,
        duration=lesson.duration,
    )

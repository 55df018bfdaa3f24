"""Writing a course: its modules and lessons, and their order."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from db import tables
from db.actions.accounts import check_instructor
from db.outbox import viewer_topic
from db.records import fill_defaults
from db.write import Work


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

    @property
    def lessons(self) -> Sequence[NewLesson]: ...


async def create_course(
    work: Work, course: tables.Course, modules: Sequence[NewModule]
) -> tuple[tables.Course, list[tables.CourseModule]]:
    """A new course of the viewer, who has to be an instructor or an administrator, and its modules in their order.

    Raises Forbidden for others.
    """
    await check_instructor(work)
    course.instructor_id = work.viewer_id
    chapters = [(_module(fill_defaults(course), module, order), module) for order, module in enumerate(modules, 1)]
    lessons = [
        (_lesson(chapter, lesson, order), lesson)
        for chapter, module in chapters
        for order, lesson in enumerate(module.lessons, 1)
    ]
    await work.add_all([(course, None), *chapters, *lessons])
    work.audit("course_created", course)
    await work.changed(course)
    work.touch(viewer_topic(work.viewer_id))
    return course, [chapter for chapter, _ in chapters]


def _module(course: tables.Course, module: NewModule, order: int) -> tables.CourseModule:
    row = tables.CourseModule(
        course_id=course.id,
        title=module.title,
        description=module.description,
        order=order,
        duration=sum(lesson.duration for lesson in module.lessons),
    )
    return fill_defaults(row)


def _lesson(module: tables.CourseModule, lesson: NewLesson, order: int) -> tables.Lesson:
    return tables.Lesson(
        module_id=module.id,
        title=lesson.title,
        content=lesson.content,
        video_url=lesson.video_url,
        order=order,
        duration=lesson.duration,
    )


async def reorder_lessons(
    work: Work, module: tables.CourseModule, first: Sequence[tables.Lesson]
) -> tables.CourseModule:
    """The module with these lessons first, in this order, and then its others as they were, numbered from 1.

    The module must be locked: two orders at the same time would mix.
    """
    lesson = tables.Lesson
    named = func.unnest(bindparam("ids", [row.id for row in first], type_=ARRAY(Uuid())))
    asked = named.table_valued("id", with_ordinality="ordinal").render_derived()
    position = func.row_number().over(order_by=(asked.c.ordinal.nulls_last(), lesson.order, lesson.id))
    wanted = select(lesson.id, position.label("order")).outerjoin(asked, asked.c.id == lesson.id)
    order = wanted.where(lesson.module_id == module.id).subquery()
    moved = update(lesson).where(lesson.id == order.c.id, lesson.order != order.c.order).values(order=order.c.order)
    if await work.scalar(select(func.count()).select_from(moved.returning(lesson.id).cte("moved"))):
        await work.changed(module)
    work.audit("lessons_reordered", module, first=first)
    return module

"""Calls of what instructors do with courses, with what is in them, and with their files."""

from types import SimpleNamespace
from typing import Any

from db import tables
from db.actions import course_contents, courses, media
from db.tables import Difficulty, MediaType
from db.write import Work
from tests.db.calls import Call
from tests.world import NOON


def lesson(title: str) -> Any:
    return SimpleNamespace(title=title, content="", video_url=None, duration=3)


def module(title: str, *lessons: str) -> Any:
    more = {"description": "", "video_url": None, "content": None, "duration": None}
    return SimpleNamespace(title=title, lessons=[*map(lesson, lessons)], **more)


async def found(work: Work, one: tables.CourseModule) -> None:
    course, same = await course_contents.part(work, tables.CourseModule, one.public_id, at="")
    work.audit("found", same, course=course)


async def purged(work: Work) -> None:
    more = {"description": "", "difficulty": Difficulty.EXPERT, "deleted_at": NOON}
    await courses.purge(work, await work.add(tables.Course(slug="gone", title="Gone", **more)))


CALLS = (
    Call(
        courses.create_course,
        "ines",
        (),
        lambda work: courses.create_course(
            work, tables.Course(slug="sets", title="Sets", description="All", difficulty=Difficulty.BEGINNER), []
        ),
        "SELECT count(*) = 1 FROM courses WHERE slug = 'sets'",
    ),
    Call(
        courses.assign,
        "root",
        ("rhetoric", "root"),
        courses.assign,
        "SELECT role = 'ADMIN' FROM courses c JOIN users u ON u.id = instructor_id WHERE slug = 'rhetoric'",
    ),
    Call(
        courses.unpublish_all,
        "root",
        ("ines",),
        courses.unpublish_all,
        "SELECT NOT published FROM courses WHERE slug = 'logic'",
    ),
    Call(
        courses.purge,
        "root",
        (),
        purged,
        "SELECT count(*) > 0 FROM audit_logs WHERE action = 'course_purged'",
    ),
    Call(
        course_contents.part,
        "ines",
        ("logic_1",),
        found,
        "SELECT count(*) > 0 FROM audit_logs WHERE action = 'found'",
    ),
    Call(
        course_contents.add_modules,
        "ines",
        ("logic",),
        lambda work, course: course_contents.add_modules(work, course, [module("Added", "Inside")]),
        "SELECT m.order > 2 AND l.order = 1 FROM course_modules m JOIN lessons l ON l.module_id = m.id "
        "WHERE m.title = 'Added'",
    ),
    Call(
        course_contents.add_lessons,
        "ines",
        ("logic", "logic_2"),
        lambda work, course, module: course_contents.add_lessons(work, course, module, [lesson("Behind")]),
        "SELECT count(*) = 1 FROM lessons WHERE title = 'Behind'",
    ),
    Call(
        course_contents.reorder,
        "ines",
        ("draft_2", "draft_2_2"),
        lambda work, module, lesson: course_contents.reorder(work, module, [lesson]),
        "SELECT l.order = 1 FROM lessons l JOIN course_modules m ON m.id = module_id "
        "WHERE m.title = 'draft 2' AND l.title = '2.2'",
    ),
    Call(
        course_contents.move_lesson,
        "root",
        ("rhetoric", "rhetoric_1_1", "rhetoric_2"),
        lambda work, *rows: course_contents.move_lesson(work, *rows, place=2),
        "SELECT l.order = 2 FROM lessons l JOIN course_modules m ON m.id = module_id "
        "WHERE m.title = 'rhetoric 2' AND l.title = '1.1'",
    ),
    Call(
        course_contents.delete_lesson,
        "ines",
        ("draft", "draft_2_1"),
        course_contents.delete_lesson,
        "SELECT count(*) = 0 FROM lessons l JOIN course_modules m ON m.id = module_id "
        "WHERE m.title = 'draft 2' AND l.title = '2.1'",
    ),
    Call(
        course_contents.delete_module,
        "ines",
        ("draft", "draft_1"),
        course_contents.delete_module,
        "SELECT count(*) = 0 FROM course_modules WHERE title = 'draft 1'",
    ),
    Call(
        media.add,
        "ines",
        ("logic",),
        lambda work, course: media.add(work, tables.Media(type=MediaType.VIDEO, url="https://example.com/1"), course),
        "SELECT count(*) = 1 FROM media WHERE type = 'VIDEO'",
    ),
    Call(
        media.attach,
        "root",
        ("unused", "logic"),
        media.attach,
        "SELECT course_id IS NOT NULL FROM media m JOIN users u ON u.id = uploader_id WHERE u.name = 'Ben'",
    ),
    Call(
        media.detach,
        "ines",
        ("cover",),
        media.detach,
        "SELECT course_id IS NULL AND uploader_id IS NULL FROM media WHERE file_key LIKE '%2.png'",
    ),
    Call(
        media.release_all,
        "ines",
        (),
        lambda work: media.release_all(work, tables.Media.file_key.like("%3.png")),
        "SELECT lesson_id IS NULL AND uploader_id IS NULL FROM media WHERE file_key LIKE '%3.png'",
    ),
)

"""Calls of what people do with projects, courses, jobs and notifications, and under idempotency keys."""

from typing import Any

from db import tables
from db.actions import enrollments, idempotency, jobs, notifications, specs
from db.change.keys import Key
from db.tables import NotificationType, ProjectRole
from db.write import Work
from tests.db.calls import Call


async def once(work: Work) -> None:
    key = Key("addComment", "kept", b"hash")
    await idempotency.begin(work, key)
    await idempotency.keep(work, key, b"{}")


def told(user: tables.User) -> dict[str, Any]:
    return {"user_id": user.id, "type": NotificationType.SYSTEM_UPDATE, "title": "Hello", "message": "", "data": {}}


CALLS = (
    Call(
        specs.create_project,
        "ada",
        ("ben",),
        lambda work, ben: specs.create_project(work, "Globe", description=None, members=[(ben, ProjectRole.LEAD)]),
        "SELECT count(*) = 1 FROM project_members m JOIN specification_projects p ON p.id = project_id "
        "WHERE p.name = 'Globe'",
    ),
    Call(
        specs.update_project,
        "ada",
        ("atlas",),
        lambda work, atlas: specs.update_project(work, atlas, {"description": "Updated"}),
        "SELECT count(*) = 1 FROM specification_projects WHERE description = 'Updated'",
    ),
    Call(
        specs.add_members,
        "ada",
        ("atlas", "ines"),
        lambda work, atlas, ines: specs.add_members(work, atlas, [(ines, ProjectRole.REVIEWER)]),
        "SELECT count(*) = 1 FROM project_members WHERE role = 'REVIEWER'",
    ),
    Call(
        enrollments.enroll,
        "ben",
        ("logic",),
        enrollments.enroll,
        "SELECT count(*) = 2 FROM course_progress",
    ),
    Call(
        enrollments.complete_lesson,
        "sam",
        ("logic_1_2",),
        enrollments.complete_lesson,
        "SELECT count(*) = 1 FROM course_progress WHERE progress_percent = 50",
    ),
    Call(
        notifications.notify,
        "ada",
        ("vera",),
        lambda work, vera: notifications.notify(work, [told(vera)]),
        "SELECT count(*) = 1 FROM notifications WHERE title = 'Hello'",
    ),
    Call(
        idempotency.begin,
        "ada",
        (),
        lambda work: idempotency.begin(work, Key("addComment", "begun", b"hash")),
        "SELECT count(*) = 1 FROM idempotency_keys WHERE key = 'begun'",
    ),
    Call(
        jobs.cancel,
        "ben",
        ("export",),
        jobs.cancel,
        "SELECT status = 'CANCELLED' FROM jobs WHERE kind = 'export'",
    ),
    Call(
        notifications.alert,
        "ada",
        ("vera",),
        lambda work, vera: notifications.alert(work, vera.id, "Look", "At this."),
        "SELECT count(*) = 1 FROM notifications WHERE title = 'Look'",
    ),
    Call(idempotency.keep, "ada", (), once, "SELECT count(*) = 1 FROM idempotency_keys WHERE answer IS NOT NULL"),
)

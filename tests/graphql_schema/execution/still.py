"""Mutations that change nothing, and events that nothing happened for: they may be run again and again."""

from collections.abc import Callable, Mapping
from typing import Any

from db.outbox import Event
from tests.graphql_schema.execution.arguments import Bare
from tests.world import World

Arguments = dict[str, Any]


def _input(**fields: Any) -> Arguments:
    return {"input": fields}


MUTATIONS: Mapping[str, Callable[[World], tuple[str, Arguments]]] = {
    # a version that is not the latest, a second time, settled, done and read before
    "editDocument": lambda world: (
        "ben",
        _input(documentId=world.requirements.public_id, content="", expectedVersion=1),
    ),
    "enroll": lambda world: ("sam", _input(courseId=world.logic.public_id)),
    "addReaction": lambda world: ("ben", _input(commentId=world.comment.public_id, type=Bare("LIKE"))),
    "resolveThread": lambda world: ("ada", _input(threadId=world.settled.public_id)),
    "completeLesson": lambda world: ("sam", _input(lessonId=world.logic_1_1.public_id)),
    "completeModuleLesson": lambda world: (
        "sam",
        _input(moduleId=world.basics.public_id, lessonId="lesson-words"),
    ),
    "addComment": lambda world: ("vera", _input(threadId=world.thread_0.public_id, content="not allowed")),
    "markNotificationsRead": lambda world: ("ben", _input(notificationIds=[world.welcome.public_id])),
}
"""Who does it, and with what arguments."""

EVENTS: Mapping[str, Callable[[World], tuple[str, Arguments, Event]]] = {
    "documentEvents": lambda world: (
        "ada",
        {"documentId": world.requirements.public_id},
        _event("COMMENT_ADDED", document=world.requirements, thread=world.thread_0, comment=world.comment),
    ),
    "progressEvents": lambda world: (
        "sam",
        {"courseId": world.logic.public_id},
        _event("LESSON_COMPLETED", progress=world.progress, lesson=world.logic_1_1),
    ),
    "classEvents": lambda world: (
        "ines",
        {"courseId": world.logic.public_id},
        _event("LESSON_COMPLETED", enrollment=world.enrollment, progress=world.progress, lesson=world.logic_1_1),
    ),
    "moduleProgressEvents": lambda world: (
        "sam",
        {"moduleId": world.basics.public_id},
        _event("MODULE_LESSON_COMPLETED", progress=world.module_progress),
    ),
}
"""Who listens, with what arguments, and what they hear."""


def _event(kind: str, **rows: Any) -> Event:
    return Event("", kind, {name: row.public_id for name, row in rows.items()})

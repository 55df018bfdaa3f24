"""Courses are changed with their version, published, taken back, deleted and restored; what is deleted is closed."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db import tables
from db.actions import enrollments
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import add, change, done, refusal, refusals, with_ids
from tests.graphql_schema.courses.withdrawn import withdraw
from tests.world import NOON, World

SHOWN = "slug title price currency published publishedAt deleted deletedAt version topics accessDays thumbnailUrl"
ERRORS = "errors { code message path }"


def asked(mutation: str, input: str = "CourseInput") -> str:
    """A mutation that answers with a course."""
    return f"mutation ($input: {input}!) {{ {mutation}(input: $input) {{ course {{ {SHOWN} }} {ERRORS} }} }}"


UPDATE = asked("updateCourse", "UpdateCourseInput")
PUBLISH, UNPUBLISH, DELETE, RESTORE = map(asked, ("publishCourse", "unpublishCourse", "deleteCourse", "restoreCourse"))
PURGE = f"mutation ($input: CourseInput!) {{ purgeCourse(input: $input) {{ deletedCourseId {ERRORS} }} }}"
COMPLETE = f"mutation ($input: CompleteLessonInput!) {{ completeLesson(input: $input) {{ {ERRORS} }} }}"


@pytest.fixture(autouse=True)
async def _withdrawn(graph: Graph, world: World) -> None:
    """A course that is deleted."""
    await withdraw(graph, world)


async def test_what_is_left_out_stays_as_it_is(graph: Graph, world: World, told: Any) -> None:
    given = {"price": "9.90", "topics": ["proofs"], "accessDays": 30, "thumbnailUrl": "/media/logic.png"}
    logic = world.logic.public_id
    course = (await done(graph, "ines", UPDATE, courseId=logic, expectedVersion=1, **given))["course"]
    assert course | given | {"title": "Logic", "version": 2} == course
    course = (await done(graph, "ines", UPDATE, courseId=logic, expectedVersion=2, accessDays=None))["course"]
    assert (course["accessDays"], course["price"], course["version"]) == (None, "9.90", 3)
    assert told == [("COURSE_CHANGED", {"course": logic})] * 2


async def test_a_course_that_somebody_has_changed_is_a_conflict_and_shown(graph: Graph, world: World) -> None:
    given = {"courseId": world.logic.public_id, "expectedVersion": 1}
    titles = ("One", "Two", "Three", "Four")
    answers = await asyncio.gather(*(graph.data("ines", UPDATE, input=given | {"title": one}) for one in titles))
    payloads = [answer["updateCourse"] for answer in answers]
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1, 1, 1]
    assert len({payload["course"]["title"] for payload in payloads}) == 1
    told = {(e["code"], *e["path"]) for payload in payloads for e in payload["errors"]}
    assert told == {("CONFLICT", "input", "expectedVersion")}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("slug", "rhetoric", "CONFLICT"),
        ("slug", "withdrawn", "CONFLICT"),
        ("slug", "Not One", "BAD_USER_INPUT"),
        ("title", " ", "BAD_USER_INPUT"),
        ("title", None, "BAD_USER_INPUT"),
        ("currency", "euro", "BAD_USER_INPUT"),
        ("currency", "eur", "BAD_USER_INPUT"),
        ("price", "-1", "BAD_USER_INPUT"),
        ("accessDays", 0, "BAD_USER_INPUT"),
        ("durationHours", -1, "BAD_USER_INPUT"),
        ("language", "en_GB", "BAD_USER_INPUT"),
        ("videoUrl", "javascript:alert(1)", "BAD_USER_INPUT"),
        ("thumbnailUrl", "picture.png", "BAD_USER_INPUT"),
        ("topics", ["x"] * 51, "BAD_USER_INPUT"),
    ],
)
async def test_a_value_that_does_not_fit_is_refused_at_its_field(
    graph: Graph, world: World, field: str, value: Any, code: str
) -> None:
    given = {"courseId": world.logic.public_id, "expectedVersion": 1, field: value}
    assert await refusal(graph, "ines", UPDATE, **given) == (code, f"input.{field}")


async def test_a_topic_that_is_too_long_is_refused_at_its_place(graph: Graph, world: World) -> None:
    given = {"courseId": world.logic.public_id, "expectedVersion": 1, "topics": ["short", "x" * 51]}
    assert await refusals(graph, "ines", UPDATE, **given) == [("BAD_USER_INPUT", "input.topics.1")]


async def test_a_currency_stays_once_somebody_has_paid(graph: Graph, world: World) -> None:
    given = {"courseId": world.rhetoric.public_id, "expectedVersion": 1}
    await change(graph.database, world.payment, course_id=world.logic.id)
    course = (await done(graph, "ines", UPDATE, **given, currency="EUR"))["course"]
    assert course["currency"] == "EUR"
    await change(graph.database, world.payment, course_id=world.rhetoric.id)
    given["expectedVersion"] = 2
    assert await refusal(graph, "ines", UPDATE, **given, currency="USD") == ("CONFLICT", "input.currency")
    course = (await done(graph, "ines", UPDATE, **given, currency="EUR", price="5.00"))["course"]
    assert (course["currency"], course["price"]) == ("EUR", "5.00")


async def test_a_currency_is_not_changed_while_somebody_pays(graph: Graph, world: World) -> None:
    await change(graph.database, world.payment, course_id=None)
    given = {"courseId": world.rhetoric.public_id, "expectedVersion": 1, "currency": "EUR"}
    async with graph.database.work(world.viewer("sam")) as work:
        await enrollments.enroll(work, world.rhetoric)
        await work.flush()
        late = asyncio.create_task(refusal(graph, "ines", UPDATE, **given))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert await late == ("CONFLICT", "input.currency")


async def test_who_enrolls_pays_in_the_currency_that_the_course_has_by_then(graph: Graph, world: World) -> None:
    await change(graph.database, world.payment, course_id=None)
    given = {"courseId": world.rhetoric.public_id, "expectedVersion": 1, "currency": "EUR", "price": "5.00"}
    async with graph.database.work(world.viewer("sam")) as work:
        course = await work.get(tables.Course, world.rhetoric.public_id, at="courseId")
        assert (await done(graph, "ines", UPDATE, **given))["course"]["currency"] == "EUR"
        _, _, payment = await enrollments.enroll(work, course)
        assert payment
        assert (payment.currency, str(payment.amount)) == ("EUR", "5.00")


# --- the catalogue ---------------------------------------------------------------------------------------------------


async def test_a_course_is_published_and_a_draft_again(graph: Graph, world: World, told: Any) -> None:
    draft = world.draft.public_id
    course = (await done(graph, "ines", PUBLISH, courseId=draft))["course"]
    assert course["published"]
    assert course["publishedAt"]
    assert (await graph.data(None, '{ course(slug: "draft") { title } }'))["course"] == {"title": "Draft"}
    again = (await done(graph, "ines", PUBLISH, courseId=draft))["course"]
    assert again == course
    course = (await done(graph, "ines", UNPUBLISH, courseId=draft))["course"]
    assert (course["published"], course["publishedAt"], course["version"]) == (False, None, 1)
    assert (await done(graph, "ines", UNPUBLISH, courseId=draft))["course"] == course
    assert (await graph.data(None, '{ course(slug: "draft") { title } }'))["course"] is None
    assert [kind for kind, _ in told] == ["COURSE_PUBLISHED", "COURSE_UNPUBLISHED"]


async def test_a_course_in_which_there_is_nothing_to_learn_is_not_published(graph: Graph, world: World) -> None:
    empty = tables.Course(
        slug="empty", title="Empty", description="", instructor_id=world.ines.id, difficulty=tables.Difficulty.EXPERT
    )
    await add(graph.database, empty)
    payload = (await graph.data("ines", PUBLISH, input={"courseId": empty.public_id}))["publishCourse"]
    assert payload["course"]["published"] is False
    message = "Write a lesson or publish a quiz first."
    assert payload["errors"] == [{"code": "CONFLICT", "message": message, "path": ["input", "courseId"]}]
    quiz = tables.Quiz(course_id=empty.id, title="Quiz")
    await add(graph.database, quiz)
    assert await refusal(graph, "ines", PUBLISH, courseId=empty.public_id) == ("CONFLICT", "input.courseId")
    await change(graph.database, quiz, is_published=True)
    assert (await done(graph, "ines", PUBLISH, courseId=empty.public_id))["course"]["published"]


async def test_students_keep_a_course_that_the_catalogue_has_no_more(graph: Graph, world: World) -> None:
    await done(graph, "ines", UNPUBLISH, courseId=world.logic.public_id)
    query = "query ($id: ID!) { node(id: $id) { ... on Lesson { content } } }"
    lesson = world.logic_1_2.public_id
    assert (await graph.data("sam", query, id=lesson))["node"] == {"content": "Text"}
    assert (await graph.data("ada", query, id=lesson))["node"] is None
    await done(graph, "sam", COMPLETE, lessonId=lesson)


# --- deleted ---------------------------------------------------------------------------------------------------------


async def test_a_deleted_course_is_seen_by_its_instructor_alone(graph: Graph, world: World, told: Any) -> None:
    logic = world.logic.public_id
    course = (await done(graph, "ines", DELETE, courseId=logic))["course"]
    assert (course["published"], course["deleted"]) == (False, True)
    assert course["deletedAt"]
    assert course["publishedAt"]
    query = '{ course(slug: "logic") { title } }'
    seen = {who: (await graph.data(who, query))["course"] for who in (None, "sam", "ada", "ines", "root")}
    assert seen == {None: None, "sam": None, "ada": None, "ines": {"title": "Logic"}, "root": {"title": "Logic"}}
    assert told == [("COURSE_DELETED", {"course": logic})]


async def test_a_restored_course_is_what_it_was(graph: Graph, world: World) -> None:
    for course, was_published in ((world.logic, True), (world.draft, False)):
        await done(graph, "ines", DELETE, courseId=course.public_id)
        restored = (await done(graph, "ines", RESTORE, courseId=course.public_id))["course"]
        assert (restored["published"], restored["deletedAt"]) == (was_published, None)
    again = (await done(graph, "ines", RESTORE, courseId=world.draft.public_id))["course"]
    assert again["published"] is False
    await done(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id)
    async with graph.database.read() as session:
        entry = tables.AuditLog
        noted = await session.scalars(select(entry.action).where(entry.resource_id == world.draft.id))
        assert sorted(noted) == ["course_deleted", "course_restored"]


CLOSED: dict[str, dict[str, Any]] = {
    "updateCourse": {"courseId": "@logic", "expectedVersion": 1, "title": "Other"},
    "publishCourse": {"courseId": "@logic"},
    "unpublishCourse": {"courseId": "@logic"},
    "deleteCourse": {"courseId": "@logic"},
    "addModules": {"courseId": "@logic", "modules": []},
    "reorderModules": {"courseId": "@logic", "moduleIds": []},
    "updateModule": {"moduleId": "@logic_1", "expectedVersion": 1, "title": "Other"},
    "deleteModule": {"moduleId": "@logic_1"},
    "addLessons": {"moduleId": "@logic_1", "lessons": []},
    "reorderLessons": {"moduleId": "@logic_1", "lessonIds": []},
    "updateLesson": {"lessonId": "@logic_1_1", "expectedVersion": 1, "title": "Other"},
    "moveLesson": {"lessonId": "@logic_1_1", "moduleId": "@logic_2"},
    "deleteLesson": {"lessonId": "@logic_1_1"},
    "addMedia": {"courseId": "@logic", "type": "VIDEO", "url": "https://example.com/1"},
    "attachMedia": {"lessonId": "@logic_1_1", "mediaId": "@slide"},
    "detachMedia": {"mediaId": "@cover"},
}


@pytest.mark.parametrize("mutation", CLOSED)
async def test_nothing_of_a_deleted_course_is_changed(graph: Graph, world: World, mutation: str) -> None:
    await change(graph.database, world.logic, deleted_at=NOON, published=False)
    given = CLOSED[mutation]
    type_ = {"publishCourse", "unpublishCourse", "deleteCourse"} & {mutation} and "CourseInput"
    type_ = type_ or f"{mutation[0].upper()}{mutation[1:]}Input"
    query = f"mutation ($input: {type_}!) {{ {mutation}(input: $input) {{ {ERRORS} }} }}"
    for who in ("ines", "root") if mutation != "attachMedia" else ("ines",):
        payload = (await graph.data(who, query, input=with_ids(world, given)))[mutation]
        assert [(error["code"], error["message"]) for error in payload["errors"]] == [
            ("FORBIDDEN", "This course is deleted: restore it first.")
        ]


@pytest.mark.parametrize("mutation", [UPDATE, PUBLISH, UNPUBLISH, DELETE, RESTORE])
async def test_a_course_is_changed_by_who_teaches_it(graph: Graph, world: World, mutation: str) -> None:
    given = {"expectedVersion": 1} if mutation is UPDATE else {}
    for who, course, code in (
        ("sam", "@logic", "FORBIDDEN"),
        ("sam", "@draft", "NOT_FOUND"),
        ("ada", "@withdrawn", "NOT_FOUND"),
    ):
        asked = with_ids(world, {"courseId": course} | given)
        assert await refusal(graph, who, mutation, **asked) == (code, "input.courseId")


# --- for good --------------------------------------------------------------------------------------------------------


async def test_a_course_is_purged_and_payments_and_certificates_stay(graph: Graph, world: World) -> None:
    for row in (world.payment, world.certificate):
        await change(graph.database, row, course_id=world.logic.id)
    await change(graph.database, world.payment, enrollment_id=world.enrollment.id)
    await done(graph, "ines", DELETE, courseId=world.logic.public_id)
    purged = await done(graph, "root", PURGE, courseId=world.logic.public_id)
    assert purged["deletedCourseId"] == world.logic.public_id
    async with graph.database.read() as session:
        gone = [world.logic, world.logic_1, world.logic_1_1, world.enrollment, world.progress, world.lesson_progress]
        assert [await session.get(type(row), row.id) for row in gone] == [None] * len(gone)
        payment = await session.get_one(tables.Transaction, world.payment.id)
        assert (payment.course_id, payment.enrollment_id, payment.amount) == (None, None, world.payment.amount)
        certificate = await session.get_one(tables.Certificate, world.certificate.id)
        assert (certificate.course_id, certificate.course_title) == (None, world.certificate.course_title)
        files = [await session.get_one(tables.Media, file.id) for file in (world.cover, world.figure)]
        assert [(file.course_id, file.lesson_id, file.uploader_id) for file in files] == [(None, None, None)] * 2
        entry = tables.AuditLog
        noted = select(entry.action, entry.actor_id).where(entry.resource_id == world.logic.id)
        found = (await session.execute(noted.order_by(entry.sequence))).all()
        assert found == [("course_deleted", world.ines.id), ("course_purged", world.root.id)]
    sam = await graph.data("sam", "{ viewer { enrollments { nodes { id } } transactions { totalCount } } }")
    assert sam["viewer"]["enrollments"] == {"nodes": []}


async def test_only_a_deleted_course_is_purged_and_by_administrators_alone(graph: Graph, world: World) -> None:
    logic, withdrawn = world.logic.public_id, world.withdrawn.public_id
    assert await refusal(graph, "root", PURGE, courseId=logic) == ("CONFLICT", "input.courseId")
    assert await refusal(graph, "ines", PURGE, courseId=withdrawn) == ("FORBIDDEN", "input.courseId")
    assert await refusal(graph, "sam", PURGE, courseId=logic) == ("FORBIDDEN", "input.courseId")
    assert await refusal(graph, "sam", PURGE, courseId=withdrawn) == ("NOT_FOUND", "input.courseId")
    await done(graph, "root", PURGE, courseId=withdrawn)
    assert await refusal(graph, "root", PURGE, courseId=withdrawn) == ("NOT_FOUND", "input.courseId")

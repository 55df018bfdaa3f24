"""Columns that check what they hold. What their constraints refuse is tested with those of all tables."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, insert, update
from sqlalchemy.orm.attributes import InstrumentedAttribute

from db import tables
from db.base import new_id
from db.columns import HIDDEN, JsonOf, json, json_list, keys
from db.constraints import SAYS
from db.engine import Database
from db.errors import BadInput
from db.statements import DIALECT
from tests.world import World

Write = Callable[[Database, World, dict[str, Any]], Awaitable[Any]]


def news(world: World, data: dict[str, Any]) -> dict[str, Any]:
    type_ = tables.NotificationType.SYSTEM_UPDATE
    return {"user_id": world.ben.id, "type": type_, "title": "New", "message": "Look", "data": data}


async def by_statement(database: Database, world: World, data: dict[str, Any]) -> Any:
    async with database.work(world.viewer("ada")) as work:
        row = await work.add(tables.Notification(**news(world, data)))
    return row.id


async def by_session(database: Database, world: World, data: dict[str, Any]) -> Any:
    async with database.work(world.viewer("ada")) as work:
        await work.execute(update(tables.Notification).values(data=data))
        row = await work.add(tables.Notification(**news(world, data)))
    return row.id


async def by_core(database: Database, world: World, data: dict[str, Any]) -> Any:
    key = new_id()
    async with database.transaction() as transaction, transaction.work(world.viewer("ada")) as work:
        await work.execute(insert(tables.Notification).values([{"id": key, **news(world, data)}]))
    return key


ways = pytest.mark.parametrize("write", [by_statement, by_session, by_core])


@ways
async def test_json_that_fits_its_model_is_read_as_the_model_writes_it(
    database: Database, world: World, write: Write
) -> None:
    key = await write(database, world, {"project_id": "prj_1", "role": None})
    async with database.read() as session:
        assert (await session.get_one(tables.Notification, key)).data == {"projectId": "prj_1"}


@ways
@pytest.mark.parametrize(
    ("data", "at"), [({"colour": "red"}, "data.colour"), ({"projectId": 1}, "data.projectId"), ([], "data")]
)
async def test_json_that_does_not_fit_its_model_is_refused_at_its_place(
    database: Database, world: World, write: Write, data: Any, at: str
) -> None:
    with pytest.raises(BadInput, match="This does not fit") as refused:
        await write(database, world, data)
    assert refused.value.at == at


class Lesson(BaseModel):
    """A part of a course."""

    title: str = Field(min_length=1)
    video_id: str | None = None


@dataclass
class LessonInput:
    """A lesson as an input of the graph has it."""

    title: Any
    video_id: str | None = None


LESSONS = JsonOf(Lesson, "lessons", most=3)


@pytest.mark.parametrize(
    ("lessons", "at"),
    [
        ([LessonInput("One"), LessonInput("Two"), LessonInput(2)], "lessons.2.title"),
        ([{"title": "One"}, {}], "lessons.1.title"),
        ([{"title": "One", "video_id": 1}], "lessons.0.videoId"),
        ([{"title": "One"}] * 4, "lessons"),
        ({"title": "One"}, "lessons"),
    ],
)
def test_a_list_that_does_not_fit_is_refused_at_its_place(lessons: Any, at: str) -> None:
    with pytest.raises(BadInput, match="This does not fit") as refused:
        LESSONS.fitting(lessons)
    assert refused.value.at == at


def test_objects_of_an_input_fit_as_they_are() -> None:
    fitting = LESSONS.fitting([LessonInput("One", "v1"), LessonInput("Two")])
    assert fitting == [{"title": "One", "video_id": "v1"}, {"title": "Two"}]


@pytest.mark.parametrize(
    ("column", "is_nullable", "default"),
    [
        (json("data", tables.NotificationData), False, "{}"),
        (json("lesson", Lesson), False, None),
        (json("lesson", Lesson, is_optional=True), True, None),
        (json_list("lessons", Lesson, most=3), False, "[]"),
        (json_list("lessons", Lesson, most=3, is_optional=True), True, None),
    ],
)
def test_json_is_empty_at_first_where_that_fits(column: Any, is_nullable: bool, default: str | None) -> None:
    made = column.column
    assert made.nullable is is_nullable
    assert (made.server_default and made.server_default.arg) == default
    assert (made.default is not None) == (default is not None)


def test_what_is_null_fits_where_null_is_possible() -> None:
    assert LESSONS.bind_processor(DIALECT)(None) is None


def test_what_a_model_hides_is_found_however_deep_it_is() -> None:
    class Quiz(BaseModel):
        answers: list[Annotated[str, HIDDEN]] | None = None
        key: Annotated[str, HIDDEN] = ""

    class Course(BaseModel):
        quizzes: list[Quiz] | None = None

    assert JsonOf(Course, "course").hides
    assert not LESSONS.hides


def test_the_keys_of_json_are_told_with_what_they_mean() -> None:
    described = keys(tables.NotificationData)
    assert described == (
        "`projectId` (the project that it is about), `organizationId` (the organization that it is about), "
        "`invitationId` (the invitation to accept or decline), `role` (what you are there), "
        "`documentId` (the document that it is about), `threadId` (the thread that it is about), "
        "`commentId` (the comment that it is about), `courseId` (the course that it is about), "
        "`transactionId` (the payment that it is about), `certificateId` (the certificate that it is about), "
        "`attemptId` (the attempt at a quiz that it is about), `ruleId` (the rule by which you are told), "
        "`repositoryId` (the repository that it is about), "
        "`subjectId` (the pull request, issue or commit that it is about)"
    )


@pytest.mark.parametrize(
    ("column", "condition"),
    [
        (tables.Course.price, "price >= 0"),
        (tables.Course.currency, "currency ~ '^[A-Z]{3}$'"),
        (tables.CourseProgress.progress_percent, "progress_percent BETWEEN 0 AND 100"),
    ],
    ids=str,
)
def test_an_amount_a_currency_and_a_score_come_with_their_checks(
    column: InstrumentedAttribute[Any], condition: str
) -> None:
    table = column.class_.__table__
    (made,) = (rule for rule in table.constraints if rule.name == f"ck_{table.name}_{column.key}")
    assert str(made.sqltext) == condition
    assert made.info[SAYS][1] == column.key


def test_what_other_systems_number_has_64_bits() -> None:
    assert isinstance(tables.Repository.github_id.type, BigInteger)

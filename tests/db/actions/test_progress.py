"""Progress is what a slow count says, whatever becomes of a course and whoever learns in it meanwhile."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from db import tables
from db.access import GUEST
from db.actions import enrollments, progress
from db.errors import Conflict, Forbidden
from db.tables import Difficulty, EnrollmentStatus, PaymentStatus, QuizAttemptStatus
from db.write import Work
from tests.conftest import Graph, NotingDatabase
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import add, change
from tests.world import NOON, World

STUDENTS = ("ada", "ben", "sam", "vera")
ACTIVE, COMPLETED = EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED


@asynccontextmanager
async def authoring(database: NotingDatabase, course: UUID) -> AsyncIterator[Work]:
    """A change of what is in a course, as those who write it make one: it is locked first, and counted anew last."""
    async with database.work(GUEST) as work:
        await progress.alone(work, course)
        yield work
        await progress.recount(work, course)


async def learn(graph: Graph, who: str, lesson: tables.Lesson) -> None:
    async with graph.database.work(graph.world.viewer(who)) as work:
        await enrollments.complete_lesson(work, lesson)


async def numbers(graph: Graph, course: UUID, user: UUID) -> tuple[int, int, int]:
    """The lessons that a person has done in a course, how many there are, and the percentage."""
    async with graph.database.read() as reading:
        row = tables.CourseProgress
        mine = select(row).where(row.user_id == user, row.course_id == course)
        found = (await reading.scalars(mine)).one()
        return found.completed_lessons, found.total_lessons, found.progress_percent


async def status(graph: Graph, course: UUID, user: UUID) -> EnrollmentStatus | None:
    """The state of the newest enrollment of a person in a course."""
    async with graph.database.read() as reading:
        row = tables.Enrollment
        mine = select(row.status).where(row.user_id == user, row.course_id == course)
        found: EnrollmentStatus | None = await reading.scalar(
            mine.order_by(row.enrolled_at.desc(), row.id.desc()).limit(1)
        )
        return found


async def certificates(graph: Graph, course: UUID) -> int:
    async with graph.database.read() as reading:
        return await reading.scalar(select(func.count()).where(tables.Certificate.course_id == course)) or 0


# --- a slow count ----------------------------------------------------------------------------------------------------


@dataclass
class Student:
    """Somebody who learns, as plain Python knows them."""

    status: EnrollmentStatus | None = None
    has_completed: bool = False
    done: set[UUID] = field(default_factory=set)


@dataclass
class Slow:
    """A course with its students, counted anew each time."""

    graph: Graph
    random: Random
    course: tables.Course
    elsewhere: tables.CourseModule
    modules: list[tables.CourseModule] = field(default_factory=list)
    lessons: dict[UUID, tables.Lesson] = field(default_factory=dict)
    place: dict[UUID, UUID] = field(default_factory=dict)
    """The module of each lesson."""
    students: dict[str, Student] = field(default_factory=lambda: {who: Student() for who in STUDENTS})
    made: int = 0

    def of_course(self) -> set[UUID]:
        """The lessons that the course has now."""
        inside = {module.id for module in self.modules}
        return {lesson for lesson, module in self.place.items() if module in inside}

    def look(self) -> None:
        """Complete those who have done all by now."""
        lessons = self.of_course()
        for one in self.students.values():
            if one.status is ACTIVE and lessons and lessons <= one.done:
                one.status, one.has_completed = COMPLETED, True

    def expected(self, who: str) -> tuple[int, int, int]:
        one, lessons = self.students[who], self.of_course()
        done = len(one.done & lessons)
        return done, len(lessons), 100 * done // len(lessons) if lessons else 100 * one.has_completed

    async def step(self) -> str:
        """Something that happens, at random; returns what."""
        verbs = [self.learn] * 8 + [self.enroll] * 3 + [self.leave, self.add, self.add, self.delete, self.move]
        verb: Callable[[], Awaitable[None]] = self.random.choice([*verbs, self.add_module, self.delete_module])
        await verb()
        self.look()
        return verb.__name__

    async def enroll(self) -> None:
        who = self.random.choice(STUDENTS)
        one = self.students[who]
        async with self.graph.database.work(self.graph.world.viewer(who)) as work:
            if one.status in (ACTIVE, COMPLETED):
                with pytest.raises(Conflict):
                    await enrollments.enroll(work, self.course)
            else:
                await enrollments.enroll(work, self.course)
                one.status = ACTIVE

    async def leave(self) -> None:
        """Somebody leaves, is paid back, or their time is over."""
        who, way = self.random.choice(STUDENTS), self.random.choice(["cancel", "refund", "expire"])
        one, row = self.students[who], tables.Enrollment
        if one.status is not ACTIVE:
            return
        mine = row.user_id == getattr(self.graph.world, who).id, row.course_id == self.course.id, row.status == ACTIVE
        async with self.graph.database.work(self.graph.world.viewer(who)) as work:
            place = (await work.scalars(select(row).where(*mine).with_for_update())).one()
            if way == "cancel":
                await enrollments.cancel(work, place)
            elif way == "refund":
                await work.execute(update(row).where(*mine).values(payment_status=PaymentStatus.REFUNDED))
            else:
                await work.execute(update(row).where(*mine).values(expires_at=NOON))
        if way == "expire":
            await run(self.graph.database, "expire_enrollments")
        one.status = None

    async def learn(self) -> None:
        if not self.of_course():
            return
        who, lesson = self.random.choice(STUDENTS), self.random.choice(sorted(self.of_course()))
        one = self.students[who]
        if one.status in (ACTIVE, COMPLETED):
            await learn(self.graph, who, self.lessons[lesson])
            one.done.add(lesson)
        else:
            with pytest.raises(Forbidden):
                await learn(self.graph, who, self.lessons[lesson])

    async def add_module(self) -> None:
        async with authoring(self.graph.database, self.course.id) as work:
            self.modules.append(await work.add(self.module()))

    def module(self) -> tables.CourseModule:
        self.made += 1
        return tables.CourseModule(course_id=self.course.id, title="More", order=self.made)

    async def add(self) -> None:
        if not self.modules:
            return
        module = self.random.choice(self.modules)
        async with authoring(self.graph.database, self.course.id) as work:
            for _ in range(self.random.randint(1, 3)):
                self.made += 1
                lesson = tables.Lesson(module_id=module.id, title="More", content="", order=self.made)
                self.lessons[lesson.id] = await work.add(lesson)
                self.place[lesson.id] = module.id

    async def delete(self) -> None:
        if self.of_course():
            gone = self.random.choice(sorted(self.of_course()))
            await self.edited(delete(tables.Lesson).where(tables.Lesson.id == gone))
            del self.place[gone]

    async def delete_module(self) -> None:
        if self.modules:
            gone = self.modules.pop(self.random.randrange(len(self.modules)))
            await self.edited(delete(tables.CourseModule).where(tables.CourseModule.id == gone.id))
            self.place = {lesson: module for lesson, module in self.place.items() if module != gone.id}

    async def move(self) -> None:
        """A lesson is put elsewhere in the course, into another one, or back."""
        if self.place:
            self.made += 1
            lesson = self.random.choice(sorted(self.place))
            to = self.random.choice([*self.modules, self.elsewhere]).id
            moved = update(tables.Lesson).where(tables.Lesson.id == lesson).values(module_id=to, order=self.made)
            await self.edited(moved)
            self.place[lesson] = to

    async def edited(self, statement: Any) -> None:
        async with authoring(self.graph.database, self.course.id) as work:
            await work.execute(statement)
        await run(self.graph.database, "complete_students", course=self.course.public_id)


@pytest.mark.parametrize("seed", range(4))
async def test_progress_is_what_a_slow_count_says(graph: Graph, world: World, seed: int) -> None:
    course = tables.Course(slug="sets", title="Sets", description="", difficulty=Difficulty.EXPERT, published=True)
    await add(graph.database, course)
    slow = Slow(graph, Random(seed), course, elsewhere=world.draft_1)
    for who in STUDENTS[1:]:
        async with graph.database.work(world.viewer(who)) as work:
            await enrollments.enroll(work, course)
        slow.students[who].status = ACTIVE
    await slow.add_module()
    await slow.add()
    for step in range(40):
        what = await slow.step()
        for who in STUDENTS:
            if slow.students[who].status or slow.students[who].done:
                user = getattr(world, who).id
                assert await numbers(graph, course.id, user) == slow.expected(who), (step, what, who)
                held = slow.students[who].status
                assert held is None or await status(graph, course.id, user) is held, (step, what, who)
    assert await certificates(graph, course.id) == sum(one.has_completed for one in slow.students.values())


# --- what is completed -----------------------------------------------------------------------------------------------


async def test_who_has_done_all_that_is_left_is_completed_by_a_job(graph: Graph, world: World) -> None:
    for lesson in (world.logic_1_2, world.logic_2_1):
        await learn(graph, "sam", lesson)
    async with authoring(graph.database, world.logic.id) as work:
        await work.execute(delete(tables.Lesson).where(tables.Lesson.id == world.logic_2_2.id))
    assert await numbers(graph, world.logic.id, world.sam.id) == (3, 3, 100)
    assert await status(graph, world.logic.id, world.sam.id) is ACTIVE
    await run(graph.database, "complete_students", course=world.logic.public_id)
    assert await status(graph, world.logic.id, world.sam.id) is COMPLETED
    assert await certificates(graph, world.logic.id) == 2, "one of the world, and one of Sam"


async def test_the_job_leaves_those_whose_place_is_not_paid_or_over(graph: Graph, world: World) -> None:
    await change(graph.database, world.progress, completed_lessons=4, total_lessons=4, progress_percent=100)
    for values in ({"payment_status": PaymentStatus.PENDING}, {"expires_at": NOON, "payment_status": "COMPLETED"}):
        await change(graph.database, world.enrollment, **values)
        await run(graph.database, "complete_students", course=world.logic.public_id)
        assert await status(graph, world.logic.id, world.sam.id) is ACTIVE


async def test_more_students_than_one_transaction_takes_are_completed(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "AT_ONCE", 1)
    for who in ("ada", "ben", "vera"):
        async with graph.database.work(world.viewer(who)) as work:
            await enrollments.enroll(work, world.logic)
        await learn(graph, who, world.logic_1_1)
    async with authoring(graph.database, world.logic.id) as work:
        await work.execute(delete(tables.Lesson).where(tables.Lesson.id != world.logic_1_1.id))
    await run(graph.database, "complete_students", course=world.logic.public_id)
    for who in ("ada", "ben", "sam", "vera"):
        assert await status(graph, world.logic.id, getattr(world, who).id) is COMPLETED


async def test_a_course_that_asks_for_its_quizzes_is_completed_with_the_last_of_both(
    graph: Graph, world: World
) -> None:
    await change(graph.database, world.logic, requires_quizzes=True)
    for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
        await learn(graph, "sam", lesson)
    assert await numbers(graph, world.logic.id, world.sam.id) == (4, 4, 100)
    assert await status(graph, world.logic.id, world.sam.id) is ACTIVE, "Sam has failed in the quiz"
    await add(graph.database, attempt(world, number=9))
    await finish(graph, world)
    assert await status(graph, world.logic.id, world.sam.id) is COMPLETED, "what is a draft is not asked for"


async def test_a_course_without_lessons_is_completed_by_its_quizzes(graph: Graph, world: World) -> None:
    async with authoring(graph.database, world.logic.id) as work:
        await work.execute(delete(tables.Lesson))
    await finish(graph, world)
    assert await numbers(graph, world.logic.id, world.sam.id) == (0, 0, 0)
    await add(graph.database, attempt(world, number=9))
    await finish(graph, world)
    assert await status(graph, world.logic.id, world.sam.id) is COMPLETED
    assert await numbers(graph, world.logic.id, world.sam.id) == (0, 0, 100)


async def test_a_course_of_nothing_is_never_completed(graph: Graph, world: World) -> None:
    async with authoring(graph.database, world.logic.id) as work:
        await work.execute(delete(tables.Lesson))
        await work.execute(delete(tables.Quiz))
    await finish(graph, world)
    await run(graph.database, "complete_students", course=world.logic.public_id)
    assert await status(graph, world.logic.id, world.sam.id) is ACTIVE


async def test_nothing_is_finished_for_who_has_no_place(graph: Graph, world: World) -> None:
    async with graph.database.work(GUEST) as work:
        await progress.finish_if_done(work, world.ada.id, world.logic.id)
    async with graph.database.read() as reading:
        assert await reading.scalar(select(func.count()).where(tables.CourseProgress.user_id == world.ada.id)) == 0


def attempt(world: World, *, number: int) -> tables.QuizAttempt:
    """An attempt of Sam's that has passed."""
    ended = {"status": QuizAttemptStatus.GRADED, "score": 100, "passed": True, "completed_at": NOON, "graded_at": NOON}
    return tables.QuizAttempt(quiz_id=world.quiz.id, user_id=world.sam.id, number=number, questions=[], **ended)


async def finish(graph: Graph, world: World) -> None:
    async with graph.database.work(GUEST) as work:
        await progress.finish_if_done(work, world.sam.id, world.logic.id)

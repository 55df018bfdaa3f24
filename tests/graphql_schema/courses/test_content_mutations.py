"""What is in a course: added, changed, put in order, moved and deleted, while students are in it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from db import tables
from db.access import GUEST
from db.actions import course_contents
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import change, done, refusal, with_ids
from tests.world import World

ERRORS = "errors { code message path }"
CONTENT = "modules(first: 20) { nodes { title order lessons(first: 100) { nodes { title order } } } }"


def asked(mutation: str, shown: str) -> str:
    """A mutation that shows this."""
    input = f"{mutation[0].upper()}{mutation[1:]}Input"
    return f"mutation ($input: {input}!) {{ {mutation}(input: $input) {{ {shown} {ERRORS} }} }}"


ADD_MODULES = asked(
    "addModules", "course { lessonCount } modules { title order duration lessons { nodes { title order } } }"
)
ADD_LESSONS = asked("addLessons", "module { lessons { nodes { title order } } } lessons { title order duration }")
UPDATE_MODULE = asked("updateModule", "module { title description content duration version }")
UPDATE_LESSON = asked("updateLesson", "lesson { title content videoUrl duration version }")
REORDER_MODULES = asked("reorderModules", "course { modules { nodes { title order } } }")
MOVE = asked("moveLesson", "lesson { title order module { title } }")
DELETE_MODULE = asked("deleteModule", "deletedModuleId course { lessonCount modules { nodes { title order } } }")
DELETE_LESSON = asked("deleteLesson", "deletedLessonId module { lessons { nodes { title order } } }")
COMPLETE = asked("completeLesson", "progress { completedLessons totalLessons progressPercent }")
PROGRESS = '{ course(slug: "logic") { viewerProgress { completedLessons totalLessons progressPercent } } }'


def lessons(number: int, **changes: Any) -> list[dict[str, Any]]:
    return [{"title": f"Lesson {place}", "content": "Text", "duration": 2} | changes for place in range(number)]


async def content(graph: Graph, slug: str = "logic") -> dict[str, list[str]]:
    """The titles of the modules of a course with those of their lessons, whose places are 1, 2, 3 and so on."""
    query = f'{{ course(slug: "{slug}") {{ {CONTENT} }} }}'
    modules = (await graph.data("ines", query))["course"]["modules"]["nodes"]
    inside = {module["title"]: module["lessons"]["nodes"] for module in modules}
    for rows in (modules, *inside.values()):
        assert [row["order"] for row in rows] == list(range(1, len(rows) + 1))
    return {title: [lesson["title"] for lesson in rows] for title, rows in inside.items()}


async def progress(graph: Graph, who: str = "sam") -> tuple[int, int, int]:
    found = (await graph.data(who, PROGRESS))["course"]["viewerProgress"]
    return found["completedLessons"], found["totalLessons"], found["progressPercent"]


# --- added -----------------------------------------------------------------------------------------------------------


async def test_modules_are_added_behind_those_that_there_are(graph: Graph, world: World, told: Any) -> None:
    modules = [{"title": "Three", "lessons": lessons(2)}, {"title": "Four", "duration": 60, "lessons": lessons(1)}]
    added = await done(graph, "ines", ADD_MODULES, courseId=world.logic.public_id, modules=modules)
    two = [{"title": f"Lesson {n}", "order": n + 1} for n in range(2)]
    assert added["modules"] == [
        {"title": "Three", "order": 3, "duration": 4, "lessons": {"nodes": two}},
        {"title": "Four", "order": 4, "duration": 60, "lessons": {"nodes": two[:1]}},
    ]
    assert added["course"] == {"lessonCount": 7}
    assert ("CONTENT_CHANGED", {"course": world.logic.public_id}) in told


async def test_lessons_are_added_behind_those_that_there_are(graph: Graph, world: World) -> None:
    added = await done(graph, "ines", ADD_LESSONS, moduleId=world.logic_1.public_id, lessons=lessons(2))
    assert added["lessons"] == [{"title": f"Lesson {n}", "order": n + 3, "duration": 2} for n in range(2)]
    assert (await content(graph))["logic 1"] == ["1.1", "1.2", "Lesson 0", "Lesson 1"]


async def test_students_are_counted_with_the_lessons_that_were_added(graph: Graph, world: World) -> None:
    assert await progress(graph) == (1, 4, 25)
    await done(graph, "ines", ADD_LESSONS, moduleId=world.logic_1.public_id, lessons=lessons(1))
    assert await progress(graph) == (1, 5, 20)
    await done(
        graph, "ines", ADD_MODULES, courseId=world.logic.public_id, modules=[{"title": "3", "lessons": lessons(5)}]
    )
    assert await progress(graph) == (1, 10, 10)


async def test_who_has_completed_a_course_has_completed_it(graph: Graph, world: World) -> None:
    for lesson in (world.logic_1_2, world.logic_2_1, world.logic_2_2):
        await done(graph, "sam", COMPLETE, lessonId=lesson.public_id)
    await done(graph, "ines", ADD_LESSONS, moduleId=world.logic_1.public_id, lessons=lessons(4))
    query = "{ viewer { enrollments { nodes { status completedAt } } } }"
    [enrollment] = (await graph.data("sam", query))["viewer"]["enrollments"]["nodes"]
    assert enrollment["status"] == "COMPLETED"
    assert enrollment["completedAt"]


async def test_nothing_is_added_if_any_part_of_it_fails(graph: Graph, world: World) -> None:
    before = await content(graph)
    modules: list[Any] = [{"title": str(n), "lessons": lessons(124)} for n in range(4)]
    modules[2]["lessons"][37]["title"] = " "
    given = {"courseId": world.logic.public_id, "modules": modules}
    at = "input.modules.2.lessons.37.title"
    assert await refusal(graph, "ines", ADD_MODULES, **given) == ("BAD_USER_INPUT", at)
    more = lessons(3)
    more[2]["videoUrl"] = "javascript:alert(1)"
    given = {"moduleId": world.logic_1.public_id, "lessons": more}
    assert await refusal(graph, "ines", ADD_LESSONS, **given) == ("BAD_USER_INPUT", "input.lessons.2.videoUrl")
    assert await content(graph) == before
    assert await progress(graph) == (1, 4, 25)


async def test_five_hundred_rows_are_added_at_a_time_and_one_more_is_refused(graph: Graph, world: World) -> None:
    modules: list[Any] = [{"title": str(n), "lessons": lessons(99)} for n in range(5)]
    draft = world.draft.public_id
    assert (await done(graph, "ines", ADD_MODULES, courseId=draft, modules=modules))["course"] == {"lessonCount": 499}
    modules[4]["lessons"] += lessons(1)
    refused = await refusal(graph, "ines", ADD_MODULES, courseId=draft, modules=modules)
    assert refused == ("BAD_USER_INPUT", "input.modules")
    given = {"moduleId": world.draft_1.public_id, "lessons": lessons(501)}
    assert await refusal(graph, "ines", ADD_LESSONS, **given) == ("BAD_USER_INPUT", "input.lessons")
    assert graph.statements == []


async def test_what_is_added_at_the_same_time_has_a_place_each(graph: Graph, world: World) -> None:
    module = world.logic_1.public_id
    adding = [done(graph, "ines", ADD_LESSONS, moduleId=module, lessons=lessons(3)) for _ in range(4)]
    ids = with_ids(world, ["@logic_1_2", "@logic_1_1"])
    reorder = asked("reorderLessons", "module { id }")
    await asyncio.gather(*adding, done(graph, "ines", reorder, moduleId=module, lessonIds=ids))
    found = (await content(graph))["logic 1"]
    assert (len(found), set(found[:2])) == (14, {"1.1", "1.2"})
    assert await progress(graph) == (1, 16, 6)


# --- changed ---------------------------------------------------------------------------------------------------------


async def test_a_module_and_a_lesson_are_changed_with_their_version(graph: Graph, world: World, told: Any) -> None:
    module, lesson = world.logic_1.public_id, world.logic_1_1.public_id
    given = {"moduleId": module, "expectedVersion": 1, "title": "First", "duration": 5, "content": None}
    changed = (await done(graph, "ines", UPDATE_MODULE, **given))["module"]
    assert changed == {"title": "First", "description": "", "content": None, "duration": 5, "version": 2}
    given = {"lessonId": lesson, "expectedVersion": 1, "videoUrl": "https://example.com/1", "duration": 7}
    changed = (await done(graph, "ines", UPDATE_LESSON, **given))["lesson"]
    film = "https://example.com/1"
    assert changed == {"title": "1.1", "content": "Text", "videoUrl": film, "duration": 7, "version": 2}
    kinds = [kind for kind, _ in told]
    assert kinds == ["CONTENT_CHANGED"] * 2
    assert told[1][1] == {"lesson": lesson, "module": module, "course": world.logic.public_id}


@pytest.mark.parametrize(
    ("mutation", "row", "named"), [(UPDATE_MODULE, "logic_1", "moduleId"), (UPDATE_LESSON, "logic_1_1", "lessonId")]
)
async def test_what_somebody_has_changed_is_a_conflict_and_shown(
    graph: Graph, world: World, mutation: str, row: str, named: str
) -> None:
    given = {named: getattr(world, row).public_id, "expectedVersion": 1}
    await done(graph, "ines", mutation, **given, title="Theirs")
    (payload,) = (await graph.data("ines", mutation, input=given | {"title": "Mine"})).values()
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [
        ("CONFLICT", ["input", "expectedVersion"])
    ]
    (shown,) = (value for name, value in payload.items() if name != "errors")
    assert (shown["title"], shown["version"]) == ("Theirs", 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", " "), ("title", None), ("content", None), ("duration", -1), ("duration", 10_001), ("videoUrl", "/ /")],
)
async def test_a_value_that_does_not_fit_a_lesson_is_refused_at_its_field(
    graph: Graph, world: World, field: str, value: Any
) -> None:
    given = {"lessonId": world.logic_1_1.public_id, "expectedVersion": 1, field: value}
    assert await refusal(graph, "ines", UPDATE_LESSON, **given) == ("BAD_USER_INPUT", f"input.{field}")


# --- deleted ---------------------------------------------------------------------------------------------------------


async def test_a_lesson_is_deleted_and_students_are_counted_without_it(graph: Graph, world: World) -> None:
    deleted = await done(graph, "ines", DELETE_LESSON, lessonId=world.logic_1_1.public_id)
    assert deleted["deletedLessonId"] == world.logic_1_1.public_id
    assert deleted["module"] == {"lessons": {"nodes": [{"title": "1.2", "order": 1}]}}
    assert await progress(graph) == (0, 3, 0)
    assert await refusal(graph, "ines", DELETE_LESSON, lessonId=world.logic_1_1.public_id) == (
        "NOT_FOUND",
        "input.lessonId",
    )


async def test_a_module_is_deleted_with_its_lessons(graph: Graph, world: World) -> None:
    deleted = await done(graph, "ines", DELETE_MODULE, moduleId=world.logic_1.public_id)
    assert deleted["deletedModuleId"] == world.logic_1.public_id
    assert deleted["course"] == {"lessonCount": 2, "modules": {"nodes": [{"title": "logic 2", "order": 1}]}}
    assert await progress(graph) == (0, 2, 0)


async def test_a_quiz_stays_when_its_lesson_and_its_module_go(graph: Graph, world: World) -> None:
    await change(
        graph.database, world.quiz, lesson_id=world.logic_1_1.id, module_id=world.logic_1.id, course_id=world.logic.id
    )
    await done(graph, "ines", DELETE_MODULE, moduleId=world.logic_1.public_id)
    query = "query ($id: ID!) { node(id: $id) { ... on Quiz { title module { id } lesson { id } } } }"
    found = (await graph.data("ines", query, id=world.quiz.public_id))["node"]
    assert (found["module"], found["lesson"]) == (None, None)


async def test_a_lesson_is_deleted_while_fifty_students_complete_it(graph: Graph, world: World) -> None:
    """Whoever comes before loses it, whoever comes after is told that it is gone, and everybody is counted right."""
    people = [f"student{number}" for number in range(50)]
    async with graph.database.work(GUEST) as work:
        for name in people:
            user = await work.add(tables.User(email=f"{name}@example.com", name=name))
            world.rows[name] = user
            rows: list[Any] = [tables.Enrollment(user_id=user.id, course_id=world.logic.id, payment_status="COMPLETED")]
            rows += [tables.CourseProgress(user_id=user.id, course_id=world.logic.id, total_lessons=4)]
            for row in rows:
                await work.add(row)
    both = (world.logic_1_1, world.logic_1_2)
    completing = [graph.data(name, COMPLETE, input={"lessonId": one.public_id}) for name in people for one in both]
    deleting = done(graph, "ines", DELETE_LESSON, lessonId=world.logic_1_1.public_id)
    half = len(completing) // 2
    *answers, _ = await asyncio.gather(*completing[:half], *completing[half:], deleting)
    codes = [error["code"] for answer in answers for error in answer["completeLesson"]["errors"]]
    assert set(codes) <= {"NOT_FOUND", "CONFLICT"}
    async with graph.database.read() as session:
        row, finished = tables.CourseProgress, tables.LessonProgress
        counted = select(row.completed_lessons, row.total_lessons, row.progress_percent, func.count(finished.id))
        counted = counted.outerjoin(finished, (finished.progress_id == row.id) & finished.completed).group_by(row.id)
        of_students = counted.where(row.user_id.in_([world.rows[name].id for name in people]))
        assert {tuple(one) for one in await session.execute(of_students)} == {(1, 3, 33, 1)}


async def test_who_completes_a_lesson_while_it_is_deleted_waits_and_finds_it_gone(graph: Graph, world: World) -> None:
    async with graph.database.work(world.viewer("ines")) as work:
        found = await course_contents.part(work, tables.Lesson, world.logic_1_2.public_id, at="lessonId")
        await course_contents.delete_lesson(work, *found)
        late = asyncio.create_task(refusal(graph, "sam", COMPLETE, lessonId=world.logic_1_2.public_id))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    assert (await late)[0] in ("NOT_FOUND", "CONFLICT")
    assert await progress(graph) == (1, 3, 33)


# --- who may ---------------------------------------------------------------------------------------------------------

MUTATIONS: list[tuple[str, str, str, dict[str, Any]]] = [
    (ADD_MODULES, "courseId", "", {"modules": []}),
    (REORDER_MODULES, "courseId", "", {"moduleIds": []}),
    (ADD_LESSONS, "moduleId", "_1", {"lessons": []}),
    (UPDATE_MODULE, "moduleId", "_1", {"expectedVersion": 1, "title": "Other"}),
    (DELETE_MODULE, "moduleId", "_1", {}),
    (UPDATE_LESSON, "lessonId", "_1_1", {"expectedVersion": 1, "title": "Other"}),
    (MOVE, "lessonId", "_1_1", {"moduleId": "@logic_1"}),
    (DELETE_LESSON, "lessonId", "_1_1", {}),
]


@pytest.mark.parametrize(
    ("mutation", "named", "row", "given"), MUTATIONS, ids=[one[0].split()[3][:14] for one in MUTATIONS]
)
async def test_a_course_is_written_by_who_teaches_it(
    graph: Graph, world: World, mutation: str, named: str, row: str, given: dict[str, Any]
) -> None:
    before = await content(graph)
    for course, code in (("logic", "FORBIDDEN"), ("draft", "NOT_FOUND")):
        asked = with_ids(world, {named: f"@{course}{row}", **given})
        assert await refusal(graph, "sam", mutation, **asked) == (code, f"input.{named}")
    assert await content(graph) == before

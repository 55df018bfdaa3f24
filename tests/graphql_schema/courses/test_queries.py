"""The catalogue and what is behind it: who reads a course's text, who sees progress, every filter and order."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from db import tables
from db.tables import Difficulty, EnrollmentStatus
from tests.conftest import Graph
from tests.graphql_schema.asking import UNKNOWN, add, change, filtered, ordered, scatter, values
from tests.world import NOON, PEOPLE, World

COURSES = "{ courses(%s) { nodes { slug } } }"
MODULES = '{ course(slug: "logic") { modules(%s) { nodes { title } } } }'
LESSONS = '{ node(id: "@logic_1") { ... on CourseModule { lessons(%s) { nodes { title } } } } }'
ENROLLMENTS = '{ course(slug: "logic") { enrollments(%s) { nodes { status } } } }'
PROGRESS = "{ viewer { courseProgress(%s) { nodes { progressPercent } } } }"
LESSON_PROGRESS = '{ node(id: "@progress") { ... on CourseProgress { lessons(%s) { nodes { completed } } } } }'
TEXTS = """
    query ($module: ID!, $lesson: ID!) {
      module: node(id: $module) { ... on CourseModule { title content } }
      lesson: node(id: $lesson) { ... on Lesson { title content videoUrl } }
    }
"""
BEFORE, AFTER = '{until: "2026-01-01T00:00:00Z"}', '{since: "2026-01-01T00:00:00Z"}'


async def test_a_published_course_is_read_by_everybody_and_a_draft_by_its_instructor(
    graph: Graph, world: World
) -> None:
    query = "query ($id: ID!, $slug: String!) { byId: course(id: $id) { title } bySlug: course(slug: $slug) { title } }"
    for who in (*PEOPLE, None):
        sees = who in {"ines", "root"}
        data = await graph.data(who, query, id=world.rhetoric.public_id, slug="logic")
        assert data == {"byId": {"title": "Rhetoric"}, "bySlug": {"title": "Logic"}}
        data = await graph.data(who, query, id=world.draft.public_id, slug="draft")
        assert data == dict.fromkeys(("byId", "bySlug"), {"title": "Draft"} if sees else None)
        assert ("draft" in await values(graph, who, COURSES % "first: 9")) == sees


async def test_an_unknown_course_is_not_there(graph: Graph) -> None:
    query = f'{{ byId: course(id: "crs_{UNKNOWN}") {{ id }} bySlug: course(slug: "unknown") {{ id }} }}'
    assert await graph.data("root", query) == {"byId": None, "bySlug": None}


async def test_a_course_taken_before_it_was_withdrawn_is_still_read(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, published=False)
    assert await values(graph, "sam", COURSES % "orderBy: TITLE_ASC") == ["logic", "rhetoric"]
    assert await values(graph, "ada", COURSES % "orderBy: TITLE_ASC") == ["rhetoric"]


@pytest.mark.parametrize("status", [EnrollmentStatus.EXPIRED, EnrollmentStatus.CANCELLED])
async def test_whoever_has_left_a_withdrawn_course_sees_it_no_more(
    graph: Graph, world: World, status: EnrollmentStatus
) -> None:
    await change(graph.database, world.logic, published=False)
    await change(graph.database, world.enrollment, status=status)
    assert await values(graph, "sam", COURSES % "first: 9") == ["rhetoric"]


async def test_a_course_shows_all_of_itself(graph: Graph, world: World) -> None:
    query = """
        {
          course(slug: "logic") {
            __typename id slug title description price currency durationHours difficulty language published featured
            learningObjectives prerequisites topics license attribution thumbnailUrl videoUrl createdAt updatedAt
            lessonCount
            instructor { name }
            modules {
              nodes {
                title description order duration videoUrl content
                course { slug }
                lessons { totalCount nodes { title order duration module { order } } }
              }
            }
          }
        }
    """
    course = (await graph.data(None, query))["course"]
    assert course.pop("createdAt") == course.pop("updatedAt")
    nothing = dict.fromkeys(("license", "attribution", "thumbnailUrl", "videoUrl"))
    assert course == {
        **nothing,
        "__typename": "Course",
        "id": world.logic.public_id,
        "slug": "logic",
        "title": "Logic",
        "description": "All of logic",
        "price": "0.00",
        "currency": "USD",
        "durationHours": 0,
        "difficulty": "BEGINNER",
        "language": "en",
        "published": True,
        "featured": False,
        "learningObjectives": [],
        "prerequisites": [],
        "topics": ["logic"],
        "lessonCount": 4,
        "instructor": {"name": "Ines"},
        "modules": {
            "nodes": [
                {
                    "title": f"logic {chapter}",
                    "description": "",
                    "order": chapter,
                    "duration": 0,
                    "videoUrl": None,
                    "content": "Welcome",
                    "course": {"slug": "logic"},
                    "lessons": {
                        "totalCount": 2,
                        "nodes": [
                            {
                                "title": f"{chapter}.{number}",
                                "order": number,
                                "duration": 0,
                                "module": {"order": chapter},
                            }
                            for number in (1, 2)
                        ],
                    },
                }
                for chapter in (1, 2)
            ]
        },
    }


async def test_a_course_without_an_instructor_has_none(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, instructor_id=None)
    assert await graph.data(None, '{ course(slug: "logic") { instructor { name } } }') == {
        "course": {"instructor": None}
    }


async def test_the_text_is_read_by_who_may_learn(graph: Graph, world: World) -> None:
    reads = {}
    for course in ("logic", "rhetoric"):
        module, lesson = getattr(world, f"{course}_1"), getattr(world, f"{course}_1_1")
        await change(graph.database, lesson, video_url="https://example.com/1")
        for who in (*PEOPLE, None):
            data = await graph.data(who, TEXTS, module=module.public_id, lesson=lesson.public_id)
            assert (data["module"].pop("title"), data["lesson"].pop("title")) == (f"{course} 1", "1.1")
            reads[course, who] = (*data["module"].values(), *data["lesson"].values())
    text, nothing = ("Welcome", "Text", "https://example.com/1"), (None, None, None)
    for who in (*PEOPLE, None):
        assert reads["logic", who] == text
        assert reads["rhetoric", who] == (text if who in {"ines", "root"} else nothing)


async def test_lessons_of_a_draft_are_not_there_for_others(graph: Graph, world: World) -> None:
    data = await graph.data("sam", TEXTS, module=world.draft_1.public_id, lesson=world.draft_1_1.public_id)
    assert data == {"module": None, "lesson": None}


async def test_ones_own_place_and_progress_are_a_step_away(graph: Graph) -> None:
    query = """
        {
          course(slug: "logic") {
            viewerEnrollment { status paymentStatus paymentAmount paymentCurrency completedAt expiresAt user { name } }
            viewerProgress {
              completedLessons totalLessons progressPercent completedAt
              user { name }
              course { slug }
              lessons { nodes { completed completedAt watchTimeSeconds lesson { title } progress { progressPercent } } }
            }
            modules(first: 1) { nodes { lessons { nodes { title viewerProgress { completed } } } } }
          }
        }
    """
    assert (await graph.data("sam", query))["course"] == {
        "viewerEnrollment": {
            "status": "ACTIVE",
            "paymentStatus": "COMPLETED",
            "paymentAmount": "0.00",
            "paymentCurrency": "USD",
            "completedAt": None,
            "expiresAt": None,
            "user": {"name": "Sam"},
        },
        "viewerProgress": {
            "completedLessons": 1,
            "totalLessons": 4,
            "progressPercent": 25,
            "completedAt": None,
            "user": {"name": "Sam"},
            "course": {"slug": "logic"},
            "lessons": {
                "nodes": [
                    {
                        "completed": True,
                        "completedAt": "2026-01-01T12:00:00+00:00",
                        "watchTimeSeconds": 0,
                        "lesson": {"title": "1.1"},
                        "progress": {"progressPercent": 25},
                    }
                ]
            },
        },
        "modules": {
            "nodes": [
                {
                    "lessons": {
                        "nodes": [
                            {"title": "1.1", "viewerProgress": {"completed": True}},
                            {"title": "1.2", "viewerProgress": None},
                        ]
                    }
                }
            ]
        },
    }
    nothing = (await graph.data("ines", query))["course"]
    assert (nothing["viewerEnrollment"], nothing["viewerProgress"]) == (None, None)
    assert (await graph.data(None, query))["course"] == nothing


async def test_the_place_of_a_person_is_seen_by_them_and_their_teacher(graph: Graph, world: World) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    ids = [world.enrollment.public_id, world.progress.public_id, world.lesson_progress.public_id]
    for who in (*PEOPLE, None):
        sees = who in {"sam", "ines", "root"}
        nodes = (await graph.data(who, query, ids=ids))["nodes"]
        assert nodes == [{"id": each} if sees else None for each in ids]
        assert await values(graph, who, ENROLLMENTS % "first: 9") == (["ACTIVE"] if sees else [])


async def test_an_enrollment_leads_to_course_and_progress(graph: Graph, world: World) -> None:
    query = """
        query ($id: ID!) {
          node(id: $id) { ... on Enrollment { enrolledAt user { name } course { slug } progress { progressPercent } } }
        }
    """
    enrollment = (await graph.data("ines", query, id=world.enrollment.public_id))["node"]
    assert enrollment.pop("enrolledAt")
    assert enrollment == {"user": {"name": "Sam"}, "course": {"slug": "logic"}, "progress": {"progressPercent": 25}}


async def test_courses_are_filtered(graph: Graph, world: World) -> None:
    await change(graph.database, world.rhetoric, difficulty=Difficulty.EXPERT, featured=True, language="de")
    await change(graph.database, world.draft, instructor_id=world.ada.id)
    expected: dict[str, list[Any]] = {
        'search: "logical"': ["logic"],
        'search: "rhetoric or logic"': ["logic", "rhetoric"],
        'search: "chemistry"': [],
        "difficulty: [EXPERT]": ["rhetoric"],
        "difficulty: [BEGINNER, INTERMEDIATE]": ["draft", "logic"],
        "featured: true": ["rhetoric"],
        "featured: false": ["draft", "logic"],
        "published: false": ["draft"],
        "published: true": ["logic", "rhetoric"],
        'price: {max: "0"}': ["draft", "logic"],
        'price: {min: "0.01"}': ["rhetoric"],
        'price: {min: "49.90", max: "49.90"}': ["rhetoric"],
        'price: {min: "50", max: "10"}': [],
        'language: ["de", "fr"]': ["rhetoric"],
        'language: ["DE"]': [],
        'instructorId: ["@ines"]': ["logic", "rhetoric"],
        'instructorId: ["@ada"]': ["draft"],
        'instructorId: ["@sam"]': [],
        'featured: false, published: true, search: "all of logic"': ["logic"],
    }
    assert await filtered(graph, "root", COURSES % "orderBy: TITLE_ASC, %s", expected) == expected


async def test_courses_are_ordered(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, duration_hours=9, created_at=NOON, price=Decimal(10))
    await change(graph.database, world.draft, duration_hours=3)
    assert await ordered(graph, "root", COURSES, "TITLE") == ["draft", "logic", "rhetoric"]
    assert await ordered(graph, "root", COURSES, "PRICE") == ["draft", "logic", "rhetoric"]
    assert await ordered(graph, "root", COURSES, "DURATION_HOURS") == ["rhetoric", "draft", "logic"]
    assert await ordered(graph, "root", COURSES, "CREATED_AT") == ["logic", "rhetoric", "draft"]
    assert await values(graph, "root", "{ courses { nodes { slug } } }") == ["draft", "rhetoric", "logic"]


async def test_modules_and_lessons_are_ordered(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic_1, order=9)
    await change(graph.database, world.logic_1_1, order=9)
    assert await ordered(graph, None, MODULES, "ORDER") == ["logic 2", "logic 1"]
    assert await ordered(graph, None, LESSONS, "ORDER") == ["1.2", "1.1"]


async def test_enrollments_are_filtered_and_ordered(graph: Graph, world: World) -> None:
    completed = tables.Enrollment(
        user_id=world.ada.id,
        course_id=world.logic.id,
        status=EnrollmentStatus.COMPLETED,
        enrolled_at=datetime(2025, 1, 1, tzinfo=UTC),
        completed_at=NOON,
    )
    await add(graph.database, completed)
    expected = {
        "status: [ACTIVE]": ["ACTIVE"],
        "status: [COMPLETED, EXPIRED]": ["COMPLETED"],
        f"enrolledAt: {BEFORE}": ["COMPLETED"],
        f"enrolledAt: {AFTER}": ["ACTIVE"],
    }
    assert await filtered(graph, "ines", ENROLLMENTS, expected) == expected
    assert await ordered(graph, "ines", ENROLLMENTS, "ENROLLED_AT") == ["COMPLETED", "ACTIVE"]


async def test_progress_is_filtered_and_ordered(graph: Graph, world: World) -> None:
    other = tables.CourseProgress(
        user_id=world.sam.id, course_id=world.rhetoric.id, total_lessons=4, completed_lessons=3, progress_percent=75
    )
    await add(graph.database, other)
    await change(graph.database, world.progress, last_accessed_at=NOON)
    expected = {
        "progressPercent: {min: 25, max: 25}": [25],
        "progressPercent: {min: 26}": [75],
        "progressPercent: {max: 99}": [75, 25],
        "progressPercent: {min: 76}": [],
    }
    assert await filtered(graph, "sam", PROGRESS, expected) == expected
    assert await ordered(graph, "sam", PROGRESS, "PROGRESS_PERCENT") == [25, 75]
    assert await ordered(graph, "sam", PROGRESS, "LAST_ACCESSED_AT") == [25, 75]


async def test_progress_in_lessons_is_filtered_and_ordered(graph: Graph, world: World) -> None:
    await add(graph.database, tables.LessonProgress(progress_id=world.progress.id, lesson_id=world.logic_1_2.id))
    await scatter(graph.database, tables.LessonProgress, "last_watched_at")
    expected: dict[str, list[bool]] = {"completed: true": [True], "completed: false": [False]}
    assert await filtered(graph, "sam", LESSON_PROGRESS, expected) == expected
    assert await ordered(graph, "sam", LESSON_PROGRESS, "LAST_WATCHED_AT") == [False, True]


async def test_the_lesson_behind_progress_is_null_once_its_course_is_out_of_sight(graph: Graph, world: World) -> None:
    await change(graph.database, world.logic, published=False)
    await change(graph.database, world.enrollment, status=EnrollmentStatus.CANCELLED)
    query = "query ($id: ID!) { node(id: $id) { ... on LessonProgress { completed lesson { title } } } }"
    data = await graph.data("sam", query, id=world.lesson_progress.public_id)
    assert data == {"node": {"completed": True, "lesson": None}}


@pytest.mark.parametrize(
    ("topics", "found"),
    [
        ('{any: ["art", "history"]}', ["both", "one"]),
        ('{all: ["art", "history"]}', ["both"]),
        ('{any: ["art"], all: ["history"]}', ["both"]),
        ('{any: ["Art"]}', []),
        ("{any: []}", []),
        ("{all: []}", ["both", "draft", "one"]),
        ("{}", ["both", "draft", "one"]),
    ],
)
async def test_courses_are_found_by_their_topics(
    graph: Graph, resolved: Graph, world: World, topics: str, found: list[str]
) -> None:
    await change(graph.database, world.logic, slug="both", topics=["art", "history", "music"])
    await change(graph.database, world.rhetoric, slug="one", topics=["art"])
    for either in (graph, resolved):
        assert sorted(await values(either, "ines", COURSES % f"filter: {{topics: {topics}}}, first: 9")) == found

"""Row 3: to enroll makes the enrollment, the progress and the payment together, once; what is free needs no payment."""

import asyncio
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from db import tables
from tests.conftest import Graph
from tests.graphql_schema.asking import change, done, error_code, refusal
from tests.world import World

ENROLL = """
    mutation ($input: EnrollInput!) {
      enroll(input: $input) {
        enrollment { id status paymentStatus paymentAmount paymentCurrency }
        progress { progressPercent totalLessons }
        transaction { id status amount currency courseTitle user { name } course { slug } enrollment { id } }
        errors { code message path }
      }
    }
"""
LESSONS = "query ($slug: String!) { course(slug: $slug) { modules { nodes { lessons { nodes { content } } } } } }"


async def enroll(graph: Graph, who: str, course: tables.Course) -> Any:
    return await done(graph, who, ENROLL, courseId=course.public_id)


async def lessons(graph: Graph, who: str | None, slug: str) -> set[str | None]:
    """What somebody reads in the lessons of a course."""
    modules = (await graph.data(who, LESSONS, slug=slug))["course"]["modules"]["nodes"]
    return {lesson["content"] for module in modules for lesson in module["lessons"]["nodes"]}


async def rows(graph: Graph, table: type[Any], course: tables.Course) -> int:
    async with graph.database.read() as session:
        return await session.scalar(select(func.count()).where(table.course_id == course.id)) or 0


async def test_03_enroll_in_a_free_course_opens_it_without_a_payment(graph: Graph, world: World) -> None:
    begun = await enroll(graph, "ben", world.logic)
    assert begun["transaction"] is None
    assert begun["enrollment"]["paymentStatus"] == "COMPLETED"
    assert begun["progress"] == {"progressPercent": 0, "totalLessons": 4}


async def test_03_enroll_in_a_course_that_costs_waits_for_its_payment(graph: Graph, world: World) -> None:
    begun = await enroll(graph, "ben", world.rhetoric)
    place = begun["enrollment"]
    assert (place["status"], place["paymentStatus"], place["paymentAmount"]) == ("ACTIVE", "PENDING", "49.90")
    assert begun["transaction"] == {
        "id": begun["transaction"]["id"],
        "status": "PENDING",
        "amount": "49.90",
        "currency": "USD",
        "courseTitle": "Rhetoric",
        "user": {"name": "Ben"},
        "course": {"slug": "rhetoric"},
        "enrollment": {"id": place["id"]},
    }
    assert begun["progress"] == {"progressPercent": 0, "totalLessons": 4}
    assert await lessons(graph, "ben", "rhetoric") == {None}


async def test_03_enroll_again_is_refused_with_the_enrollment_that_waits(graph: Graph, world: World) -> None:
    begun = await enroll(graph, "ben", world.rhetoric)
    given = {"courseId": world.rhetoric.public_id}
    again = (await graph.data("ben", ENROLL, input=given))["enroll"]
    assert [(error["code"], error["path"]) for error in again["errors"]] == [("CONFLICT", ["input", "courseId"])]
    assert again["enrollment"]["id"] == begun["enrollment"]["id"]
    assert again["transaction"] is None
    assert await rows(graph, tables.Transaction, world.rhetoric) == 2  # with the one that Sam has made


async def test_03_enroll_on_two_devices_at_once_makes_one_payment(graph: Graph, world: World) -> None:
    given = {"courseId": world.rhetoric.public_id}
    both = await asyncio.gather(*(graph.data("ben", ENROLL, input=given) for _ in range(2)))
    codes = [[error["code"] for error in one["enroll"]["errors"]] for one in both]
    assert sorted(codes) == [[], ["CONFLICT"]]
    assert len({one["enroll"]["enrollment"]["id"] for one in both}) == 1
    counts = {table: await rows(graph, table, world.rhetoric) for table in (tables.Enrollment, tables.CourseProgress)}
    assert set(counts.values()) == {1}
    assert await rows(graph, tables.Transaction, world.rhetoric) == 2


async def test_03_enroll_keeps_the_price_that_was_asked(graph: Graph, world: World) -> None:
    begun = await enroll(graph, "ben", world.rhetoric)
    await change(graph.database, world.rhetoric, price=Decimal("99.00"), title="Rhetoric for all")
    query = "query ($id: ID!) { node(id: $id) { ... on Transaction { amount courseTitle } } }"
    kept = (await graph.data("ben", query, id=begun["transaction"]["id"]))["node"]
    assert kept == {"amount": "49.90", "courseTitle": "Rhetoric"}


async def test_03_enroll_is_for_people_who_see_the_course(graph: Graph, world: World) -> None:
    given = {"courseId": world.draft.public_id}
    assert await refusal(graph, "ben", ENROLL, **given) == ("NOT_FOUND", "input.courseId")
    assert await error_code(graph, None, ENROLL, input={"courseId": world.rhetoric.public_id}) == "UNAUTHENTICATED"


async def test_03_enroll_is_seen_by_who_pays_and_who_teaches_alone(graph: Graph, world: World) -> None:
    payment = (await enroll(graph, "ben", world.rhetoric))["transaction"]["id"]
    query = "{ transactions { nodes { id } } }"
    seen = {
        who: payment in [one["id"] for one in (await graph.data(who, query))["transactions"]["nodes"]]
        for who in ("ben", "ines", "root", "sam", None)
    }
    assert seen == {"ben": True, "ines": True, "root": True, "sam": False, None: False}

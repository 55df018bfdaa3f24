"""Students rate a course, each once; moderators hide what is said of it, and its teacher does not."""

import asyncio
from typing import Any

import pytest

from db import tables
from db.tables import EnrollmentStatus, PaymentStatus, UserRole
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, done, listed, refusal
from tests.world import NOON, World

ERRORS = "errors { code path }"
REVIEW = f"""
    mutation ($input: ReviewCourseInput!) {{
      reviewCourse(input: $input) {{
        review {{ id rating comment isHidden }} course {{ averageRating reviewCount }} {ERRORS}
      }}
    }}
"""
HIDE = f"""
    mutation ($input: HideCourseReviewInput!) {{ hideCourseReview(input: $input) {{ review {{ isHidden }} {ERRORS} }} }}
"""
DELETE = f"""
    mutation ($input: DeleteCourseReviewInput!) {{
      deleteCourseReview(input: $input) {{ course {{ averageRating reviewCount }} {ERRORS} }}
    }}
"""
REVIEWS = """
    query ($slug: String!) { course(slug: $slug) { reviews(orderBy: RATING_ASC) { nodes { rating comment } } } }
"""
FIGURES = "query ($slug: String!) { course(slug: $slug) { averageRating reviewCount } }"


async def figures(graph: Graph, who: str | None = None, slug: str = "logic") -> tuple[float | None, int]:
    """The average rating and the number of reviews."""
    found = (await graph.data(who, FIGURES, slug=slug))["course"]
    return found["averageRating"], found["reviewCount"]


async def moderates(graph: Graph, world: World, name: str) -> None:
    """Make somebody a moderator."""
    await change(graph.database, world.rows[name], role=UserRole.MODERATOR)
    world.rows[name] = tables.User(id=world.rows[name].id, role=UserRole.MODERATOR)


async def enrolled(graph: Graph, person: Any, course: Any, **values: Any) -> None:
    place = {"payment_status": PaymentStatus.COMPLETED} | values
    await add(graph.database, tables.Enrollment(user_id=person.id, course_id=course.id, **place))


async def test_a_student_has_one_review_of_a_course_and_changes_it(graph: Graph, world: World) -> None:
    await enrolled(graph, world.ben, world.logic)
    given = {"courseId": world.logic.public_id, "rating": 2, "comment": "Hm"}
    first = await done(graph, "ben", REVIEW, **given)
    assert first["review"] == {"id": first["review"]["id"], "rating": 2, "comment": "Hm", "isHidden": False}
    assert first["course"] == {"averageRating": 3.0, "reviewCount": 2}
    second = await done(graph, "ben", REVIEW, courseId=given["courseId"], rating=5)
    assert second["review"] == {"id": first["review"]["id"], "rating": 5, "comment": None, "isHidden": False}
    assert second["course"] == {"averageRating": 4.5, "reviewCount": 2}


async def test_the_same_review_again_changes_nothing(graph: Graph, world: World) -> None:
    given = {"courseId": world.logic.public_id, "rating": 4, "comment": "The praise of sam"}
    graph.database.statements.clear()
    assert (await done(graph, "sam", REVIEW, **given))["review"]["id"] == world.praise.public_id
    assert not [one for one in graph.database.statements if "audit_logs" in one or "outbox" in one]


async def test_two_devices_that_rate_at_once_leave_one_review(graph: Graph, world: World) -> None:
    await enrolled(graph, world.ben, world.logic)
    ratings = [1, 2, 3, 4, 5, 1]
    given = {"courseId": world.logic.public_id}
    found = await asyncio.gather(*(done(graph, "ben", REVIEW, **given, rating=rating) for rating in ratings))
    assert len({one["review"]["id"] for one in found}) == 1
    assert (await figures(graph))[1] == 2


@pytest.mark.parametrize("rating", [0, 6, -1])
async def test_a_rating_is_from_one_to_five(graph: Graph, world: World, rating: int) -> None:
    refused = await refusal(graph, "sam", REVIEW, courseId=world.logic.public_id, rating=rating)
    assert refused == ("BAD_USER_INPUT", "input.rating")


@pytest.mark.parametrize(
    "values",
    [
        None,
        {"status": EnrollmentStatus.CANCELLED},
        {"status": EnrollmentStatus.EXPIRED},
        {"payment_status": PaymentStatus.PENDING},
        {"status": EnrollmentStatus.COMPLETED, "completed_at": NOON, "payment_status": PaymentStatus.REFUNDED},
        {"expires_at": NOON},
    ],
)
async def test_only_students_rate_a_course(graph: Graph, world: World, values: dict[str, Any] | None) -> None:
    if values:
        await enrolled(graph, world.ben, world.logic, **values)
    refused = await refusal(graph, "ben", REVIEW, courseId=world.logic.public_id, rating=1)
    assert refused == ("FORBIDDEN", "input.courseId")


async def test_a_course_that_costs_or_is_a_draft_is_rated_by_its_students_alone(graph: Graph, world: World) -> None:
    for who, course, code in (
        ("ben", world.rhetoric, "FORBIDDEN"),
        ("ben", world.draft, "NOT_FOUND"),
        ("ines", world.logic, "FORBIDDEN"),
    ):
        assert await refusal(graph, who, REVIEW, courseId=course.public_id, rating=1) == (code, "input.courseId")
    await enrolled(graph, world.ben, world.rhetoric)
    assert (await done(graph, "ben", REVIEW, courseId=world.rhetoric.public_id, rating=1))["review"]["rating"] == 1


async def test_a_teacher_who_takes_the_course_does_not_rate_it(graph: Graph, world: World) -> None:
    await enrolled(graph, world.ines, world.logic)
    refused = await refusal(graph, "ines", REVIEW, courseId=world.logic.public_id, rating=5)
    assert refused == ("FORBIDDEN", "input.courseId")


async def test_a_hidden_review_counts_for_nobody_and_its_author_still_sees_it(graph: Graph, world: World) -> None:
    assert await figures(graph, "vera") == await figures(graph) == (4.0, 1)
    seen = {who: await listed(graph, who, REVIEWS, slug="logic") for who in (None, "ines", "vera", "root")}
    ratings = {who: [one["rating"] for one in found] for who, found in seen.items()}
    assert ratings == {None: [4], "ines": [4], "vera": [1, 4], "root": [1, 4]}


async def test_a_moderator_hides_a_review_and_shows_it_again(graph: Graph, world: World) -> None:
    await moderates(graph, world, "olga")
    for who in ("olga", "root"):
        for is_hidden, average in ((True, None), (False, 4.0)):
            shown = await done(graph, who, HIDE, reviewId=world.praise.public_id, isHidden=is_hidden)
            assert shown["review"]["isHidden"] is is_hidden
            assert (await figures(graph))[0] == average


async def test_others_hide_nothing(graph: Graph, world: World) -> None:
    for who in ("ines", "sam", "ben"):
        assert await refusal(graph, who, HIDE, reviewId=world.praise.public_id) == ("FORBIDDEN", "input.reviewId")
    for who in ("ines", "ben"):
        assert await refusal(graph, who, HIDE, reviewId=world.rant.public_id) == ("NOT_FOUND", "input.reviewId")
    assert await figures(graph) == (4.0, 1)


async def test_a_moderator_hides_nothing_that_is_said_of_their_own_course(graph: Graph, world: World) -> None:
    await moderates(graph, world, "ines")
    assert await refusal(graph, "ines", HIDE, reviewId=world.praise.public_id) == ("FORBIDDEN", "input.reviewId")


async def test_a_hidden_review_stays_hidden_when_its_author_changes_it(graph: Graph, world: World) -> None:
    await enrolled(graph, world.vera, world.logic)
    shown = await done(graph, "vera", REVIEW, courseId=world.logic.public_id, rating=5)
    assert shown["review"]["isHidden"] is True
    assert shown["course"] == {"averageRating": 4.0, "reviewCount": 1}


async def test_a_course_that_nobody_has_rated_has_no_average(graph: Graph) -> None:
    assert await figures(graph, slug="rhetoric") == (None, 0)


async def test_an_author_takes_their_review_back_and_may_give_another(graph: Graph, world: World) -> None:
    gone = await done(graph, "sam", DELETE, reviewId=world.praise.public_id)
    assert gone["course"] == {"averageRating": None, "reviewCount": 0}
    assert await figures(graph) == (None, 0)
    assert await refusal(graph, "sam", DELETE, reviewId=world.praise.public_id) == ("NOT_FOUND", "input.reviewId")
    await done(graph, "sam", REVIEW, courseId=world.logic.public_id, rating=2)
    assert await figures(graph) == (2.0, 1)


async def test_nobody_takes_back_what_somebody_else_said(graph: Graph, world: World) -> None:
    await moderates(graph, world, "olga")
    for who in ("ines", "olga", "root"):
        assert await refusal(graph, who, DELETE, reviewId=world.praise.public_id) == ("FORBIDDEN", "input.reviewId")
    assert await figures(graph) == (4.0, 1)


async def test_a_hidden_review_is_not_taken_back_to_be_given_again(graph: Graph, world: World) -> None:
    assert await refusal(graph, "vera", DELETE, reviewId=world.rant.public_id) == ("FORBIDDEN", "input.reviewId")
    assert await refusal(graph, "ines", DELETE, reviewId=world.rant.public_id) == ("NOT_FOUND", "input.reviewId")

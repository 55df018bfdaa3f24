"""Rating courses, and hiding what is said of them."""

from typing import Any

import strawberry
from sqlalchemy import not_, or_

from db import tables
from db.access import any_row
from db.actions import course_reviews
from db.errors import Forbidden
from db.permissions import LEARN, MANAGE, OWN
from db.tables import UserRole
from db.write import Work
from graphql_schema.core import mutation, update
from graphql_schema.core.texts import text

courses, users = tables.Course.__table__, tables.User.__table__


@strawberry.input(description="What you think of a course.")
class ReviewCourseInput:
    """A review."""

    course_id: strawberry.ID = strawberry.field(description="A course that you take or have completed.")
    rating: int = strawberry.field(description="From 1, the worst, to 5.")
    comment: str | None = text(tables.CourseReview.comment, "What you say of it, in plain text.", default=None)


@strawberry.input(description="A review that nobody is to read, or everybody again.")
class HideCourseReviewInput:
    """A review."""

    review_id: strawberry.ID = strawberry.field(description="The review.")
    is_hidden: bool = strawberry.field(default=True, description="Whether it is hidden from now on.")


@strawberry.input(description="A review of yours that is to be gone.")
class DeleteCourseReviewInput:
    """A review."""

    review_id: strawberry.ID = strawberry.field(description="The review.")


@mutation(review=tables.CourseReview, course=tables.Course)
async def review_course(work: Work, input: ReviewCourseInput) -> tuple[tables.CourseReview, tables.Course]:
    """Rate a course that you take or have completed. You have one review of it: the next one takes its place.

    A review that a moderator has hidden stays hidden.
    """
    course = await work.get(tables.Course, input.course_id, at="courseId", may=LEARN)
    return await course_reviews.review(work, course, rating=input.rating, comment=input.comment), course


@mutation(course=tables.Course)
async def delete_course_review(work: Work, input: DeleteCourseReviewInput) -> tables.Course:
    """Take back what you said of a course: your review is gone, and counts no more. For its author.

    One that a moderator has hidden stays: else the next one would be seen.
    """
    review = await work.get(tables.CourseReview, input.review_id, at="reviewId", may=OWN, lock=True)
    return await course_reviews.take_back(work, review)


def _may_not_hide(review: Any, viewer: Any) -> Any:
    """Whether the viewer is none of those who moderate, or teaches the course: nobody hides what is said of them."""
    role = or_(users.c.role == UserRole.MODERATOR, users.c.role == UserRole.ADMIN)
    moderates = any_row(users, users.c.id == viewer, role)
    teaches = any_row(courses, courses.c.id == review.course_id, courses.c.instructor_id == viewer)
    return or_(not_(moderates), teaches)


hide_course_review = update(
    "Hide a review of a course, or show it again. For moderators, but not of courses that they teach.\n\n"
    "A hidden review does not count in `averageRating`; beside moderators its author alone sees it.",
    HideCourseReviewInput,
    at=tables.CourseReview,
    may=MANAGE,
    sets=lambda review, input, viewer: {"is_hidden": input.is_hidden},
    unless=(_may_not_hide, Forbidden("Moderators hide reviews, but not those of courses that they teach.")),
)

"""Calls of what people do with what they said of a course."""

from db.actions import course_reviews
from tests.db.calls import Call

CALLS = (
    Call(
        course_reviews.take_back,
        "sam",
        ("praise",),
        course_reviews.take_back,
        "SELECT count(*) = 0 FROM course_reviews WHERE rating = 4",
    ),
)

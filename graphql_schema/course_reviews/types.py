"""Reviews of courses."""

from db import tables
from graphql_schema.core import column, node, one


@node(tables.CourseReview, orders=("-created_at", "rating"), filters=("rating",))
class CourseReview:
    """A student's rating of a course."""

    rating = column("From 1, the worst, to 5.")
    comment = column("What they say of it; null if they say nothing.")
    is_hidden = column("Whether a moderator has hidden it: then its author and moderators alone see it.")
    created_at = column("When they gave it.")
    updated_at = column("When it was last changed.")
    course = one(tables.CourseReview.course_id, "The course.")
    user = one(tables.CourseReview.user_id, "The student.")

"""Who sees what is said of a course."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("course_reviews", "user_id"),)


def course_reviews(world: Oracle, who: UUID | None, what: str, review: Row) -> bool:
    """A hidden one is seen by its author and by moderators."""
    person = world.find("users", who)
    if person is not None and person.role == "MODERATOR" and what in ("see", "manage"):
        return True
    if who is not None and review.user_id == who and what in ("see", "edit", "own"):
        return True
    return not review.is_hidden and what != "own" and world.inherits(who, what, "courses", review.course_id)

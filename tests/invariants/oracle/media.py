"""Who sees a file: those who uploaded it, and those who see what it belongs to."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row


def media(world: Oracle, who: UUID | None, what: str, file: Row) -> bool:
    """A file of a lesson is seen by those who take the course."""
    needed = "learn" if what == "see" else what
    return (
        (who is not None and file.uploader_id == who)
        or world.inherits(who, what, "users", file.user_id)
        or world.inherits(who, what, "courses", file.course_id)
        or world.inherits(who, needed, "lessons", file.lesson_id)
    )

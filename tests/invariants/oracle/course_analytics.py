"""Who sees a course in numbers."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row


def course_analytics(world: Oracle, who: UUID | None, what: str, counted: Row) -> bool:
    needed = "manage" if what == "see" else what
    return world.inherits(who, needed, "courses", counted.course_id)

"""Who sees a certificate in the graph: its holder, and who teaches the course."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("certificates", "user_id"),)


def certificates(world: Oracle, who: UUID | None, what: str, certificate: Row) -> bool:
    if who is not None and certificate.user_id == who and what == "see":
        return True
    needed = "manage" if what == "see" else what
    return world.inherits(who, needed, "courses", certificate.course_id)

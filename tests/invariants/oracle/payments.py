"""Who sees a payment: who pays, and who teaches the course."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("transactions", "user_id"),)


def transactions(world: Oracle, who: UUID | None, what: str, payment: Row) -> bool:
    if who is not None and payment.user_id == who and what == "see":
        return True
    needed = "manage" if what == "see" else what
    return world.inherits(who, needed, "courses", payment.course_id)


def payment_events(world: Oracle, who: UUID | None, what: str, event: Row) -> bool:
    return False

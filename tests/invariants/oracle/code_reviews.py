"""Who does what with reviews of pull requests by a program."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("code_reviews", "requested_by_id"),)


def code_reviews(world: Oracle, who: UUID | None, what: str, review: Row) -> bool:
    return world.inherits(who, what, "pull_requests", review.pull_request_id)

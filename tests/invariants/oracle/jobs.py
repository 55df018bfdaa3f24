"""Who sees what somebody has asked to be done."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("jobs", "user_id"),)


def jobs(world: Oracle, who: UUID | None, what: str, job: Row) -> bool:
    if what in {"see", "manage"} and who is not None and job.user_id == who:
        return True
    asked = "manage" if what == "see" else what
    return world.inherits(who, asked, "organizations", job.organization_id)

"""Who sees how long an organization keeps what grows by itself."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row


def retention_policies(world: Oracle, who: UUID | None, what: str, policy: Row) -> bool:
    return world.inherits(who, "manage" if what == "see" else what, "organizations", policy.organization_id)

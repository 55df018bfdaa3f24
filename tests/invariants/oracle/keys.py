"""Who sees the keys with which programs act."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("api_keys", "user_id"),)


def api_keys(world: Oracle, who: UUID | None, what: str, key: Row) -> bool:
    if what in {"see", "manage", "own"} and who is not None and key.user_id == who:
        return True
    asked = "manage" if what == "see" else what
    return world.inherits(who, asked, "organizations", key.organization_id)

"""Who sees what a person is known by, and what is suggested of it."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("identities", "user_id"),)


def identities(world: Oracle, who: UUID | None, what: str, identity: Row) -> bool:
    if what == "see" and who is not None and identity.user_id == who:
        return True
    asked = "manage" if what == "see" else what
    return world.inherits(who, asked, "organizations", identity.organization_id)


def identity_suggestions(world: Oracle, who: UUID | None, what: str, suggestion: Row) -> bool:
    return world.inherits(who, "manage" if what == "see" else what, "organizations", suggestion.organization_id)

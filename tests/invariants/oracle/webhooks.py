"""Who sees what GitHub sent."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row


def webhook_events(world: Oracle, who: UUID | None, what: str, event: Row) -> bool:
    needed = "manage" if what == "see" else what
    of_organization = world.inherits(who, needed, "organizations", event.organization_id)
    return of_organization or world.inherits(who, needed, "repositories", event.repository_id)


def webhook_deliveries(world: Oracle, who: UUID | None, what: str, delivery: Row) -> bool:
    return False


def ingestion_gaps(world: Oracle, who: UUID | None, what: str, gap: Row) -> bool:
    return world.inherits(who, "manage" if what == "see" else what, "repositories", gap.repository_id)

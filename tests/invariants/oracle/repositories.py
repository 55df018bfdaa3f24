"""Who sees what happens in a repository."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row
from tests.invariants.oracle.organizations import ORGANIZATION, place

SENSITIVITY = {
    "NORMAL": ("VIEWER", "MEMBER", "ADMIN", "OWNER"),
    "SENSITIVE": ("MEMBER", "ADMIN", "OWNER"),
    "RESTRICTED": ("ADMIN", "OWNER"),
}
MENTIONS = (
    ("commits", "author_id"),
    ("pull_requests", "author_id"),
)


def repositories(world: Oracle, who: UUID | None, what: str, repository: Row) -> bool:
    role = place(world, who, repository.organization_id)
    return role in SENSITIVITY[repository.sensitivity] and what in ORGANIZATION[role]


def repository_stats(world: Oracle, who: UUID | None, what: str, day: Row) -> bool:
    return world.inherits(who, what, "repositories", day.repository_id)


def commits(world: Oracle, who: UUID | None, what: str, commit: Row) -> bool:
    return world.inherits(who, what, "repositories", commit.repository_id)


def pull_requests(world: Oracle, who: UUID | None, what: str, pull: Row) -> bool:
    return world.inherits(who, what, "repositories", pull.repository_id)


def webhook_events(world: Oracle, who: UUID | None, what: str, event: Row) -> bool:
    needed = "manage" if what == "see" else what
    of_organization = world.inherits(who, needed, "organizations", event.organization_id)
    return of_organization or world.inherits(who, needed, "repositories", event.repository_id)


def webhook_deliveries(world: Oracle, who: UUID | None, what: str, delivery: Row) -> bool:
    return False

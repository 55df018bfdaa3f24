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
    ("pull_request_reviews", "reviewer_id"),
    ("issues", "author_id"),
    ("issues", "assignee_id"),
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


def pull_request_reviews(world: Oracle, who: UUID | None, what: str, review: Row) -> bool:
    return world.inherits(who, what, "pull_requests", review.pull_request_id)


def issues(world: Oracle, who: UUID | None, what: str, issue: Row) -> bool:
    return issue.deleted_at is None and world.inherits(who, what, "repositories", issue.repository_id)


def releases(world: Oracle, who: UUID | None, what: str, release: Row) -> bool:
    return release.deleted_at is None and world.inherits(who, what, "repositories", release.repository_id)

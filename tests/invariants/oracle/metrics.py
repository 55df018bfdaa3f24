"""Who sees what was done in a repository in numbers."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("developer_metrics", "user_id"),)


def team_metrics(world: Oracle, who: UUID | None, what: str, day: Row) -> bool:
    return world.inherits(who, what, "repositories", day.repository_id)


def developer_metrics(world: Oracle, who: UUID | None, what: str, day: Row) -> bool:
    """Their own while they see the repository, and all for those who manage it."""
    if who == day.user_id and world.inherits(who, what, "repositories", day.repository_id):
        return True
    return world.inherits(who, "manage" if what == "see" else what, "repositories", day.repository_id)


def touched_days(world: Oracle, who: UUID | None, what: str, mark: Row) -> bool:
    return False

"""Who sees people, and what proves that somebody is one of them."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row


def users(world: Oracle, who: UUID | None, what: str, user: Row) -> bool:
    if user.id == who:
        return True
    return what == "see" and any(
        world.may(who, "see", table, row)
        for table, column in world.mentions
        for row in world.rows[table]
        if getattr(row, column) == user.id
    )


def passwords(world: Oracle, who: UUID | None, what: str, password: Row) -> bool:
    return False


def sessions(world: Oracle, who: UUID | None, what: str, session: Row) -> bool:
    return bool(session.user_id == who)


def idempotency_keys(world: Oracle, who: UUID | None, what: str, key: Row) -> bool:
    return bool(key.user_id == who)

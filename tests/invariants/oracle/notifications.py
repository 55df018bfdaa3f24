"""Who sees what people are told."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row


def notifications(world: Oracle, who: UUID | None, what: str, notification: Row) -> bool:
    return bool(notification.user_id == who)

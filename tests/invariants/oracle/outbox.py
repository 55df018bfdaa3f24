"""The outbox is between the server and its relay."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row


def outbox_events(world: Oracle, who: UUID | None, what: str, event: Row) -> bool:
    return False


def outbox_topics(world: Oracle, who: UUID | None, what: str, topic: Row) -> bool:
    return False


def outbox_epochs(world: Oracle, who: UUID | None, what: str, epoch: Row) -> bool:
    return False

"""Who sees what people have seen."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row


def document_visits(world: Oracle, who: UUID | None, what: str, visit: Row) -> bool:
    return bool(visit.user_id == who) and world.inherits(who, what, "specification_documents", visit.document_id)

"""Who does what with reviews of documents, and with suggestions for their texts."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (
    ("document_reviews", "requested_by_id"),
    ("suggestions", "applied_by_id"),
)


def document_reviews(world: Oracle, who: UUID | None, what: str, review: Row) -> bool:
    return world.inherits(who, what, "specification_documents", review.document_id)


def suggestions(world: Oracle, who: UUID | None, what: str, suggestion: Row) -> bool:
    return world.inherits(who, what, "specification_documents", suggestion.document_id)

"""Noting what one has seen."""

from typing import Any

import strawberry
from sqlalchemy import case, func

from db import tables
from db.permissions import SEE
from graphql_schema.core import add
from graphql_schema.visits.types import recent, sequence


@strawberry.input(description="A document that you have seen.")
class MarkDocumentSeenInput:
    """A document."""

    document_id: strawberry.ID = strawberry.field(description="The document.")
    version: int = strawberry.field(description="The version of the text that you were shown.")


def _later(old: Any, new: Any) -> dict[str, Any]:
    """The values of whichever visit saw more: of two devices the slower one takes nothing back."""
    saw_more = new.sequence >= old.sequence
    together = {name: case((saw_more, new[name]), else_=old[name]) for name in ("sequence", "seen_at", "recent")}
    return {"version": func.greatest(old.version, new.version), **together}


mark_document_seen = add(
    "Note that you have seen a document as it is at this moment, with all that was said about it. For all who see it, "
    "also where it is closed. It concerns nobody but you, and nobody is told.\n\nCall it once you show the document, "
    "and again as you show what comes meanwhile. What you say or save yourself marks nothing as seen.",
    MarkDocumentSeenInput,
    at=tables.SpecificationDocument,
    may=SEE,
    row=lambda document, input, viewer: tables.DocumentVisit(
        document_id=document.id,
        user_id=viewer,
        version=input.version,
        sequence=sequence(document),
        seen_at=func.now(),
        recent=recent(document),
    ),
    renews=_later,
    is_audited=False,
    visit=tables.DocumentVisit,
    document=tables.SpecificationDocument,
)

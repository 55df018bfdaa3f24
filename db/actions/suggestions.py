"""Suggestions, of comments and of reviews, which somebody takes over into the text."""

from dataclasses import dataclass

from sqlalchemy import func

from db import tables
from db.actions import documents
from db.change.declared import Update, stale
from db.change.making import make
from db.constraints import too_long
from db.errors import BadInput, Conflict
from db.permissions import EDIT
from db.tables import DocumentEventKind
from db.texts.comparing import compare
from db.texts.places import Place
from db.write import Work


@dataclass(frozen=True)
class Applied:
    """A suggestion, and the version that has it."""

    suggestion_id: str
    version: int


APPLY = Update(
    table=tables.Suggestion,
    may=EDIT,
    at="suggestion_id",
    set=lambda suggestion, input, viewer: {
        "applied_at": func.now(),
        "applied_by_id": viewer,
        "applied_version": input.version,
    },
    tells=DocumentEventKind.SUGGESTION_APPLIED,
    shows={"suggestion": tables.Suggestion},
)
"""A suggestion was taken over into the text. See `Applied`."""
LONGEST: int = tables.SpecificationDocument.content.expression.info["longest"]
AT = "suggestionId"
GONE = "The text that it is about is not in the document any more."


async def apply(
    work: Work, suggestion_id: str, *, expected_version: int
) -> tuple[tables.SpecificationDocument, tables.Suggestion]:
    """The document with the replacement of a suggestion in its text, as its next version, and the suggestion.

    Raises Conflict, with both as they stand, where the text is not what the client or the suggestion takes it for. All
    that can take a second is done before the document is locked.
    """
    suggestion = await work.get(tables.Suggestion, suggestion_id, at=AT, may=EDIT)
    document_id = f"{tables.SpecificationDocument.prefix}_{suggestion.document_id.hex}"
    document = await work.get(tables.SpecificationDocument, document_id, at=AT, may=EDIT)
    both = document, suggestion
    if suggestion.replacement is None:
        raise BadInput("This says what is wrong, and proposes no words for it.", at=AT)
    if suggestion.applied_at is not None:
        raise Conflict(f"This was applied: version {suggestion.applied_version} has it.", at=AT, current=both)
    found, where = await _found(work, document, suggestion)
    if document.version != expected_version:
        message = stale(tables.SpecificationDocument, document.version, expected_version, did="saw")
        raise Conflict(f"{message} {where}", at="expectedVersion", current=both)
    if found is None:
        raise Conflict(where, at=AT, current=both)
    content = f"{document.content[: found.start]}{suggestion.replacement}{document.content[found.stop :]}"
    if len(content) > LONGEST:
        raise BadInput(f"The document would be too long with it. {too_long(LONGEST)}", at=AT)
    try:
        await documents.save(work, document, content, _summary(suggestion))
    except Conflict as refusal:
        refusal.current = both
        raise
    await make(work, APPLY, Applied(suggestion_id, document.version + 1))  # nobody else does: they would have to save
    return both


async def _found(
    work: Work, document: tables.SpecificationDocument, suggestion: tables.Suggestion
) -> tuple[slice | None, str]:
    """The stretch of the document's text that a suggestion is about, if it reads as then, and in words where it is."""
    text = await documents.text_of(work, document, suggestion.document_version)
    if text is None:
        return None, f"The text of version {suggestion.document_version}, which it is about, is not known."
    difference = await compare(text, document.content)
    start = difference.old.nearest(Place(suggestion.line, suggestion.character))
    end = difference.old.nearest(Place(suggestion.end_line, suggestion.end_character))
    now, now_end, _ = difference.stretch(start, end)
    reads = document.content[now:now_end]
    if reads != suggestion.original or (start == end and not difference.keeps(start)):
        return None, GONE
    line, character = difference.new.place(now)
    return slice(now, now_end), f"Its text is at line {line}, character {character} now, counted from 0."


def _summary(suggestion: tables.Suggestion) -> str:
    """The summary of the version that a suggestion makes."""
    return f"A suggestion of a review: {suggestion.rule}" if suggestion.review_id else "A suggestion in a comment"

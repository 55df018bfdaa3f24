"""Writing the documents of specification projects, and approving them."""

from sqlalchemy import func

from db import tables
from db.actions import documents, suggestions
from db.actions.approval import is_of_viewer
from db.errors import Forbidden
from db.permissions import COMMENT, EDIT, MANAGE
from db.tables import DocumentEventKind, DocumentStatus
from db.write import Work
from graphql_schema.core import declared, mutation, signal, transition
from graphql_schema.specs.inputs import (
    ApplySuggestionInput,
    ApproveDocumentInput,
    DocumentInput,
    EditDocumentInput,
    SignalTypingInput,
)

edit_document = declared(
    "Save a document. For members who may edit. What was approved is a draft again: nobody has approved the new text."
    "\n\nWhen somebody has saved since the version that you changed, nothing is saved: the error is `CONFLICT` and "
    "`document` is the document as it stands, for you to merge. Threads stay with the words that they are about: see "
    "their `anchor`.",
    EditDocumentInput,
    documents.SAVE,
)


@mutation(document=tables.SpecificationDocument, suggestion=tables.Suggestion)
async def apply_suggestion(
    work: Work, input: ApplySuggestionInput
) -> tuple[tables.SpecificationDocument, tables.Suggestion]:
    """Take a suggestion of a comment or of a review over into the text, as its next version. For members who may edit.

    When somebody has saved since the version that you saw, when the text that the suggestion is about is not in the
    document any more, or when it is applied already, nothing is saved: the error is `CONFLICT`, `document` is the
    document as it stands, and the message says where the text is now.
    """
    return await suggestions.apply(work, input.suggestion_id, expected_version=input.expected_version)


submit_document = transition(
    "Ask for approval of a document: a draft is in review. For members who may edit.",
    DocumentInput,
    at=tables.SpecificationDocument,
    may=EDIT,
    to=DocumentStatus.REVIEW,
    tells=DocumentEventKind.DOCUMENT_STATUS_CHANGED,
)

approve_document = transition(
    "Approve a document that is in review, as you have read it. For the project's owner and members who lead it, but "
    "not for whoever saved this version, unless nobody else may."
    "\n\nWhen somebody has saved since the version that you read, or it is not in review, nothing is approved: the "
    "error is `CONFLICT` and `document` is the document as it stands.",
    ApproveDocumentInput,
    at=tables.SpecificationDocument,
    may=MANAGE,
    to=DocumentStatus.APPROVED,
    version="expected_version",
    unless=(is_of_viewer, Forbidden("You saved this version: somebody else has to approve it.")),
    sets=lambda document, input, viewer: {"approved_at": func.now(), "approved_by_id": viewer},
    tells=DocumentEventKind.DOCUMENT_STATUS_CHANGED,
)

request_changes = transition(
    "Send a document back to be written: one that is in review, that was approved, or that is archived. Say why in a "
    "thread. For the project's owner and members who lead it.",
    DocumentInput,
    at=tables.SpecificationDocument,
    may=MANAGE,
    to=DocumentStatus.DRAFT,
    sets=lambda document, input, viewer: {"approved_at": None, "approved_by_id": None},
    tells=DocumentEventKind.DOCUMENT_STATUS_CHANGED,
)

signal_typing = signal(
    "Show those who have the document open that you type a comment or an edit. Repeat it every second or two while you "
    "do: it ends by itself after four seconds, and nothing of it is stored. For members who may comment.",
    SignalTypingInput,
    at=tables.SpecificationDocument,
    may=COMMENT,
)

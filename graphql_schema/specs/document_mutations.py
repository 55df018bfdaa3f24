"""Writing the documents of specification projects."""

from db import tables
from db.permissions import COMMENT, EDIT
from db.tables import DocumentEventKind, DocumentStatus
from graphql_schema.core import signal, update
from graphql_schema.specs.inputs import EditDocumentInput, SignalTypingInput

edit_document = update(
    "Save a document. For members who may edit. What was approved is a draft again: nobody has approved the new text."
    "\n\nWhen somebody has saved since the version that you changed, nothing is saved: the error is `CONFLICT` and "
    "`document` is the document as it stands, for you to merge.",
    EditDocumentInput,
    at=tables.SpecificationDocument,
    may=EDIT,
    version="expected_version",
    sets=lambda document, input, viewer: {"content": input.content, "status": DocumentStatus.DRAFT},
    also=lambda document, input, viewer: tables.DocumentVersion(
        document_id=document.id,
        version=document.version,
        content=document.content,
        summary=input.summary,
        author_id=viewer,
    ),
    tells=DocumentEventKind.DOCUMENT_EDITED,
)

signal_typing = signal(
    "Show those who have the document open that you type a comment or an edit. Repeat it every second or two while you "
    "do: it ends by itself after four seconds, and nothing of it is stored. For members who may comment.",
    SignalTypingInput,
    at=tables.SpecificationDocument,
    may=COMMENT,
)

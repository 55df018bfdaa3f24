"""Hearing what happens to a document."""

from typing import Annotated

from strawberry import ID

from db import tables
from db.outbox import Topic
from db.tables import DocumentEventKind, document_topic
from graphql_schema.core import subscription
from graphql_schema.core.context import Context


@subscription(
    "DocumentEvent",
    DocumentEventKind,
    document=tables.SpecificationDocument,
    thread=tables.CommentThread,
    comment=tables.Comment,
)
async def document_events(context: Context, document_id: Annotated[ID, "The document to listen to."]) -> Topic:
    """Changes to a document and the talk about it, from now on: new comments, replies, resolutions, saves."""
    key = await context.see(tables.SpecificationDocument, document_id, at="documentId")
    return document_topic(key)

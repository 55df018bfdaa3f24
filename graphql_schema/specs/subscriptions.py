"""Hearing what happens to a document."""

import strawberry

from db import tables
from db.enums import Words
from db.outbox import Topic, document_topic
from graphql_schema.core import subscription
from graphql_schema.core.context import Context


class DocumentEventKind(Words):
    """Something that happened to a document or in the talk about it."""

    DOCUMENT_EDITED = "DOCUMENT_EDITED", "Somebody saved the document."
    THREAD_OPENED = "THREAD_OPENED", "Somebody opened a thread with a comment."
    THREAD_RESOLVED = "THREAD_RESOLVED", "Somebody settled a thread."
    THREAD_REOPENED = "THREAD_REOPENED", "Somebody opened a settled thread again."
    COMMENT_ADDED = "COMMENT_ADDED", "Somebody said something in a thread."
    COMMENT_EDITED = "COMMENT_EDITED", "Somebody changed what they said."
    REACTION_ADDED = "REACTION_ADDED", "Somebody reacted to a comment."
    REACTION_REMOVED = "REACTION_REMOVED", "Somebody took a reaction back."


@subscription(
    "DocumentEvent",
    DocumentEventKind,
    document=tables.SpecificationDocument,
    thread=tables.CommentThread,
    comment=tables.Comment,
)
async def document_events(context: Context, document_id: strawberry.ID) -> Topic:
    """What happens to a document and in the talk about it, from now on: new comments, replies, resolutions, saves."""
    key = await context.see(tables.SpecificationDocument, document_id, at="documentId")
    return document_topic(key)

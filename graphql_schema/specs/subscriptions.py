"""Hearing what happens to a project and to its documents."""

from strawberry import ID

from db import tables
from db.tables import DocumentEventKind, ProjectEventKind
from graphql_schema.core import events, presence

document_events = events(
    """Changes to a document and the talk about it, from now on: new comments, replies, resolutions, saves,
    reviews.

    If you select the `document`, the first event is a `SNAPSHOT` of it: no change can happen between the two.
    """,
    "DocumentEvent",
    DocumentEventKind,
    of=tables.SpecificationDocument,
    begins=DocumentEventKind.SNAPSHOT,
    document=tables.SpecificationDocument,
    thread=tables.CommentThread,
    comment=tables.Comment,
    suggestion=tables.Suggestion,
    review=tables.DocumentReview,
    deleted_comment_id=ID,
    deleted_thread_id=ID,
)
project_events = events(
    """Events of a project itself, from now on, and of the status of its documents. What else happens to these comes by
    `documentEvents`.

    If you select the `project`, the first event is a `SNAPSHOT` of it: no change can happen between the two.
    """,
    "ProjectEvent",
    ProjectEventKind,
    of=tables.SpecificationProject,
    begins=ProjectEventKind.SNAPSHOT,
    project=tables.SpecificationProject,
    document=tables.SpecificationDocument,
    member=tables.ProjectMember,
)
document_presence = presence(
    "Who has a document open, and who types: at once, and whenever that changes. You are among them for as long as you "
    "listen. Each message has everybody, so show the last one and forget those before it.",
    tables.SpecificationDocument,
    people=tables.User,
)

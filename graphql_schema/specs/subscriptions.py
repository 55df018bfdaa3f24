"""Hearing what happens to a project and to its documents."""

from typing import Annotated

from strawberry import ID

from db import tables
from db.tables import DocumentEventKind, ProjectEventKind
from graphql_schema.core import presence, subscription
from graphql_schema.core.context import Context, Feed


@subscription(
    "DocumentEvent",
    DocumentEventKind,
    begins=DocumentEventKind.SNAPSHOT,
    document=tables.SpecificationDocument,
    thread=tables.CommentThread,
    comment=tables.Comment,
    deleted_comment_id=ID,
)
async def document_events(context: Context, document_id: Annotated[ID, "The document to listen to."]) -> Feed:
    """Changes to a document and the talk about it, from now on: new comments, replies, resolutions, saves.

    If you select the `document`, the first event is a `SNAPSHOT` of it: no change can happen between the two.
    """
    return await context.feed(tables.SpecificationDocument, document_id, at="documentId")


@subscription(
    "ProjectEvent",
    ProjectEventKind,
    begins=ProjectEventKind.SNAPSHOT,
    project=tables.SpecificationProject,
    member=tables.ProjectMember,
)
async def project_events(context: Context, project_id: Annotated[ID, "The project to listen to."]) -> Feed:
    """Events of a project itself, from now on. Those of its documents come by `documentEvents`.

    If you select the `project`, the first event is a `SNAPSHOT` of it: no change can happen between the two.
    """
    return await context.feed(tables.SpecificationProject, project_id, at="projectId")


document_presence = presence(
    "Who has a document open, and who types: at once, and whenever that changes. You are among them for as long as you "
    "listen. Each message has everybody, so show the last one and forget those before it.",
    tables.SpecificationDocument,
    people=tables.User,
)

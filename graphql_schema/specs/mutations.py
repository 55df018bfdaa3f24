"""Talking about the documents of specification projects."""

import strawberry
from sqlalchemy import func

from db import tables
from db.permissions import COMMENT, MANAGE, OWN
from db.tables import CommentStatus, DocumentEventKind, ReactionType
from graphql_schema.core import add, delete, transition, update
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text

enumeration(ReactionType)


@strawberry.input(description="A place in a text.")
class PositionInput:
    """A place."""

    line: int = strawberry.field(description="The line, counted from 0.")
    character: int = strawberry.field(default=0, description="The character in the line, counted from 0.")


@strawberry.input(description="A conversation to open.")
class OpenThreadInput:
    """A new thread."""

    document_id: strawberry.ID = strawberry.field(description="The document.")
    position: PositionInput = strawberry.field(description="The place that it is about.")
    content: str = text(tables.Comment.content, "The first comment, in Markdown; not empty.")


@strawberry.input(description="Something to say.")
class AddCommentInput:
    """A new comment."""

    thread_id: strawberry.ID = strawberry.field(description="The thread.")
    content: str = text(tables.Comment.content, "The text, in Markdown; not empty.")


@strawberry.input(description="Something to say differently.")
class EditCommentInput:
    """A comment's new text."""

    comment_id: strawberry.ID = strawberry.field(description="A comment of yours.")
    content: str = text(tables.Comment.content, "The whole new text, in Markdown; not empty.")


@strawberry.input(description="A comment to take back.")
class DeleteCommentInput:
    """A comment."""

    comment_id: strawberry.ID = strawberry.field(
        description="A comment of yours, or of a project that you own or lead."
    )


@strawberry.input(description="A reaction to a comment.")
class ReactionInput:
    """A reaction."""

    comment_id: strawberry.ID = strawberry.field(description="The comment.")
    type: ReactionType = strawberry.field(description="What you say of it.")


@strawberry.input(description="A thread.")
class ThreadInput:
    """A thread."""

    thread_id: strawberry.ID = strawberry.field(description="The thread.")


open_thread = add(
    "Open a conversation at a place of a document, with its first comment. For members who may comment.",
    OpenThreadInput,
    at=tables.SpecificationDocument,
    may=COMMENT,
    row=lambda document, input, viewer: tables.CommentThread(
        document_id=document.id, line=input.position.line, character=input.position.character
    ),
    also=lambda thread, input, viewer: tables.Comment(thread_id=thread.id, author_id=viewer, content=input.content),
    tells=DocumentEventKind.THREAD_OPENED,
    thread=tables.CommentThread,
    comment=tables.Comment,
)

add_comment = add(
    "Say something in a thread. For members who may comment.",
    AddCommentInput,
    at=tables.CommentThread,
    may=COMMENT,
    row=lambda thread, input, viewer: tables.Comment(thread_id=thread.id, author_id=viewer, content=input.content),
    tells=DocumentEventKind.COMMENT_ADDED,
)

edit_comment = update(
    "Change what you said. Nobody else can, not even an administrator.",
    EditCommentInput,
    at=tables.Comment,
    may=OWN,
    sets=lambda comment, input, viewer: {"content": input.content, "edited_at": func.now()},
    tells=DocumentEventKind.COMMENT_EDITED,
)

delete_comment = delete(
    "Take a comment back, with the reactions to it. For its author, and for the project's owner and who leads it.",
    DeleteCommentInput,
    at=tables.Comment,
    may=(OWN, MANAGE),
    tells=DocumentEventKind.COMMENT_DELETED,
)

add_reaction = add(
    "React to a comment. A second reaction of the same type changes nothing. For members who may comment.",
    ReactionInput,
    at=tables.Comment,
    may=COMMENT,
    row=lambda comment, input, viewer: tables.Reaction(comment_id=comment.id, user_id=viewer, type=input.type),
    once=True,
    tells=DocumentEventKind.REACTION_ADDED,
    comment=tables.Comment,
)

remove_reaction = delete(
    "Take your reaction to a comment back. Without one, nothing changes.",
    ReactionInput,
    at=tables.Comment,
    may=COMMENT,
    rows=lambda comment, input, viewer: tables.Reaction(comment_id=comment.id, user_id=viewer, type=input.type),
    tells=DocumentEventKind.REACTION_REMOVED,
    comment=tables.Comment,
)

delete_thread = delete(
    "Delete a thread with all that was said in it. For the project's owner and members who lead it.",
    ThreadInput,
    at=tables.CommentThread,
    may=MANAGE,
    tells=DocumentEventKind.THREAD_DELETED,
)

resolve_thread = transition(
    "Mark a thread as settled. For members who may comment.",
    ThreadInput,
    at=tables.CommentThread,
    may=COMMENT,
    to=CommentStatus.RESOLVED,
    sets=lambda thread, input, viewer: {"resolved_at": func.now(), "resolved_by_id": viewer},
    tells=DocumentEventKind.THREAD_RESOLVED,
)

reopen_thread = transition(
    "Mark a settled thread as waiting for an answer again. For members who may comment.",
    ThreadInput,
    at=tables.CommentThread,
    may=COMMENT,
    to=CommentStatus.OPEN,
    sets=lambda thread, input, viewer: {"resolved_at": None, "resolved_by_id": None},
    tells=DocumentEventKind.THREAD_REOPENED,
)

"""Talking about the documents of specification projects."""

from functools import partial

import strawberry
from sqlalchemy import func

from db import tables
from db.actions import threads
from db.permissions import COMMENT, MANAGE, OWN
from db.tables import CommentStatus, DocumentEventKind, ReactionType
from db.texts.places import Place
from db.write import Work
from graphql_schema.core import add, delete, mutation, transition, update
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text

enumeration(ReactionType)


@strawberry.input(description="A place in a text.")
class PositionInput:
    """A place."""

    line: int = strawberry.field(description="The line, counted from 0. Lines end at `\\n` and nowhere else.")
    character: int = strawberry.field(
        default=0, description="The character in the line, counted from 0. A character is a Unicode code point."
    )


@strawberry.input(description="Other words for the text that a thread is about.")
class SuggestionInput:
    """A suggestion."""

    replacement: str = text(tables.Suggestion.replacement, "What should stand there instead; empty to take it away.")


@strawberry.input(description="A conversation to open.")
class OpenThreadInput:
    """A new thread."""

    document_id: strawberry.ID = strawberry.field(description="The document.")
    position: PositionInput = strawberry.field(description="Where the text begins that it is about.")
    end: PositionInput | None = strawberry.field(
        default=None, description="Where that ends: before this character. Left out, it is the end of the line."
    )
    document_version: int | None = strawberry.field(
        default=None,
        description="The version whose text you saw: what is there is found in the text of today. Left out, it is that "
        "of today.",
    )
    content: str = text(tables.Comment.content, "The first comment, in Markdown; not empty.")
    suggestion: SuggestionInput | None = strawberry.field(default=None, description="What should stand there instead.")


@strawberry.input(description="Something to say.")
class AddCommentInput:
    """A new comment."""

    thread_id: strawberry.ID = strawberry.field(description="The thread.")
    content: str = text(tables.Comment.content, "The text, in Markdown; not empty.")
    suggestion: SuggestionInput | None = strawberry.field(
        default=None, description="What should stand instead of the text that the thread is about, as it is today."
    )


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


@mutation(thread=tables.CommentThread, comment=tables.Comment)
async def open_thread(work: Work, input: OpenThreadInput) -> tuple[tables.CommentThread, tables.Comment]:
    """Open a conversation about a stretch of a document, with its first comment. For members who may comment.

    It stays with these words: see `anchor` of a thread.
    """
    find = partial(work.get, tables.SpecificationDocument, input.document_id, at="documentId", may=COMMENT)
    end = _place(input.end) if input.end else None
    seen = await threads.seen(work, await find(), _place(input.position), end, input.document_version)
    document = await find(lock=True)
    replacement = input.suggestion.replacement if input.suggestion else None
    return await threads.open_thread(work, document, seen, content=input.content, replacement=replacement)


add_comment = add(
    "Say something in a thread. For members who may comment.",
    AddCommentInput,
    at=tables.CommentThread,
    may=COMMENT,
    row=lambda thread, input, viewer: tables.Comment(thread_id=thread.id, author_id=viewer, content=input.content),
    also=lambda comment, input, viewer: threads.suggested(comment, input.suggestion.replacement),
    also_if="suggestion",
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


def _place(position: PositionInput) -> Place:
    return Place(position.line, position.character)

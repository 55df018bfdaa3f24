"""Threads about documents, the places that they are about, comments and reactions."""

from db import tables
from graphql_schema.core import column, embedded, embedded_in, many, node, one, sql
from graphql_schema.visits.types import is_unread


@embedded_in(tables.CommentThread)
class Position:
    """A place in a text."""

    line = column("The line, counted from 0. Lines end at `\\n` and nowhere else.")
    character = column("The character in the line, counted from 0. A character is a Unicode code point.")


@embedded_in(tables.CommentThread)
class Original:
    """The stretch of a text that a thread was opened on."""

    version = column("The version of the document.", source="document_version")
    position = embedded("Position", "Where it begins in the text of that version.", under="original_")
    end = embedded("Position", "Where it ends there: before this character.", under="original_end_")
    quote = column("What stands there.")


@embedded_in(tables.CommentThread)
class Anchor:
    """The stretch of a text that a thread is about. It stays with its words when the text is saved."""

    state = column("What became of it since the thread was opened.", source="anchor_state")
    position = embedded("Position", "Where it begins in the text of today; where it was, if it is gone.")
    end = embedded("Position", "Where it ends: before this character.", under="end_")
    rewritten = column("What stands there today, if it reads differently; null where it reads as it did, or is gone.")
    original = embedded("Original", "What it was when the thread was opened.")


@node(tables.CommentThread, orders=("line", "created_at", "updated_at", "resolved_at"), filters=("status",))
class CommentThread:
    """A conversation at a place of a document."""

    position = embedded("Position", "The place in the text of today that it is about: `anchor` says more.")
    anchor = embedded("Anchor", "The stretch of the text that it is about, today and when it was opened.")
    status = column("Whether it still waits for an answer.")
    created_at = column("When it was opened.")
    updated_at = column("When its state or its place last changed.")
    resolved_at = column("When it was resolved.")
    is_unread = sql(
        bool, "Whether others have said something in it since you marked the document as seen.", is_unread, weight=1
    )

    resolved_by = one(tables.CommentThread.resolved_by_id, "Who resolved it.")
    document = one(tables.CommentThread.document_id, "The document.")
    comments = many(tables.Comment.thread_id, "What was said, in the order it was said.")


@node(tables.Comment, orders=("created_at", "edited_at"), filters=("author_id", "created_at"))
class Comment:
    """Something said in a thread."""

    content = column("The text, in Markdown.")
    created_at = column("When it was said.")
    edited_at = column("When its author changed it last; null if never.")

    author = one(tables.Comment.author_id, "Who said it.")
    thread = one(tables.Comment.thread_id, "The thread.")
    reactions = many(tables.Reaction.comment_id, "What people say of it without words.")
    suggestion = one(
        tables.Suggestion,
        "The words that it proposes for the text; null if it proposes none.",
        on=lambda comment, suggestion: suggestion.comment_id == comment.id,
    )


@node(tables.Reaction, orders=("created_at",), filters=("type",))
class Reaction:
    """A person's reaction to a comment, without words."""

    type = column("What it says.")
    created_at = column("When it was given.")
    user = one(tables.Reaction.user_id, "Who gave it.")
    comment = one(tables.Reaction.comment_id, "The comment.")

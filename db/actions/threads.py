"""Threads: conversations about a stretch of a document, and the words that somebody proposes for it."""

from typing import Any, NamedTuple

from sqlalchemy import func, select

from db import tables
from db.actions.documents import stretch, text_of
from db.errors import BadInput
from db.records import fill_defaults
from db.tables import DocumentEventKind
from db.texts.anchors import Anchor, anchor, carried
from db.texts.comparing import compare
from db.texts.places import Place, Text
from db.texts.rows import now, original
from db.write import Work

threads = tables.CommentThread.__table__
documents = tables.SpecificationDocument.__table__


class Seen(NamedTuple):
    """A stretch to talk about: the columns of where it was in the text that somebody saw, and where it is now."""

    original: dict[str, Any]
    anchor: Anchor
    content: str


async def seen(
    work: Work, document: tables.SpecificationDocument, start: Place, end: Place | None, version: int | None
) -> Seen:
    """The stretch between two places of the text of a version, that of today if it is not said.

    Raises BadInput for a place that this text does not have. The document need not be locked: to find a stretch of an
    older text can take a second.
    """
    version = document.version if version is None else version
    content = document.content
    read = await text_of(work, document, version)
    if read is None:
        raise BadInput("The text of this version is not known.", at="documentVersion")
    text = Text(read)
    one = anchor(text, *stretch(text, start, end))
    here = one if text.content == content else carried(one, await compare(text.content, content))
    return Seen(original(one, text, version), here, content)


async def open_thread(
    work: Work, document: tables.SpecificationDocument, about: Seen, *, content: str, replacement: str | None
) -> tuple[tables.CommentThread, tables.Comment]:
    """A thread about what somebody saw of a document, with its first comment. The document must be locked.

    With a replacement the comment proposes that.
    """
    one = about.anchor
    if document.content != about.content:  # somebody has saved just now
        one = carried(one, await compare(about.content, document.content))
    thread = tables.CommentThread(document_id=document.id, **about.original, **now(one, Text(document.content)))
    comment = tables.Comment(thread_id=fill_defaults(thread).id, author_id=work.viewer_id, content=content)
    await work.add_all([(thread, None), (comment, None)])
    if replacement is not None:
        await work.add(_suggestion(document, thread, comment, replacement))
    work.audit("thread_opened", thread)
    await work.happened(DocumentEventKind.THREAD_OPENED, thread, comment=comment)
    return thread, comment


def suggested(comment: Any, replacement: Any) -> tables.Suggestion:
    """The words that a new comment proposes for the text that its thread is about today, made of expressions."""
    thread = threads.alias()
    version = select(documents.c.version).where(documents.c.id == thread.c.document_id).scalar_subquery()
    reads = func.coalesce(thread.c.rewritten, thread.c.quote)
    values: dict[str, Any] = {
        name: thread.c[name] for name in ("document_id", "line", "character", "end_line", "end_character")
    }
    values |= {"document_version": version, "original": reads}
    found = {
        name: select(value).where(thread.c.id == comment.thread_id).scalar_subquery() for name, value in values.items()
    }
    return tables.Suggestion(comment_id=comment.id, replacement=replacement, **found)


def _suggestion(
    document: tables.SpecificationDocument, thread: tables.CommentThread, comment: tables.Comment, replacement: str
) -> tables.Suggestion:
    return tables.Suggestion(
        document_id=document.id,
        comment_id=comment.id,
        document_version=document.version,
        line=thread.line,
        character=thread.character,
        end_line=thread.end_line,
        end_character=thread.end_character,
        original=thread.quote if thread.rewritten is None else thread.rewritten,
        replacement=replacement,
    )

"""Mentions: whoever a comment names, as `@ada`, is told of it, if they see the project that it is about."""

import asyncio
import re
from typing import Any

from markdown_it import MarkdownIt
from sqlalchemy import ColumnElement, and_, any_, bindparam, exists, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from db import tables
from db.actions.notifications import notify
from db.ids import key_of
from db.queue.declared import job
from db.tables import DocumentEventKind, MembershipStatus, NotificationType
from db.write import Work

MENTION = re.compile(r"(?<![\w@/.-])@([A-Za-z0-9_-]+)")
"""A name behind an @ that is no part of an address."""
MOST = 50
"""The names in a comment that are looked at: whoever names more people tells the others nothing."""
QUICK = 5_000
"""Characters that are read at once; more take long enough for a thread."""
CODE = MarkdownIt("zero").enable(["fence", "code", "backticks", "escape", "emphasis", "blockquote", "list"])
"""Reads of Markdown as much as it takes to tell words from code."""


@job(
    on=(DocumentEventKind.THREAD_OPENED, DocumentEventKind.COMMENT_ADDED, DocumentEventKind.COMMENT_EDITED),
    lock=("thread",),
)
async def tell_mentioned(work: Work, thread: str, comment: str) -> None:
    """Tell the people whom a comment names of it: of each comment once, and of a thread while they have read the last.

    Whoever does not see the project by now is not told, nor whoever wrote the comment.
    """
    found = (await work.execute(_comment(comment))).one_or_none()
    if found is None:
        return
    said, author, document, project = found
    if names := await _named(said.content):
        people = await work.scalars(_to_tell(said, project).params(names=names))
        data = {"projectId": project.public_id, "documentId": document.public_id}
        news = {
            "type": NotificationType.MENTION,
            "title": f"{author} mentions you in {project.name}",
            "message": f"In a comment on the {document.phase.lower()}.",
            "data": {**data, "threadId": thread, "commentId": comment},
            "comment_id": said.id,
        }
        await notify(work, [{"user_id": user_id, **news} for user_id in people])


def names_in(text: str) -> list[str]:
    """The names that a text in Markdown mentions, in small letters, the first of them each once; none from code."""
    found: dict[str, None] = {}
    for block in CODE.parse(text):
        for part in block.children or ():
            if part.type == "text":
                found |= dict.fromkeys(name.lower() for name in MENTION.findall(part.content))
            if len(found) >= MOST:
                return list(found)[:MOST]
    return list(found)


async def _named(text: str) -> list[str]:
    return names_in(text) if len(text) <= QUICK else await asyncio.to_thread(names_in, text)


def _comment(public_id: str) -> Any:
    """A comment with the name of its author, its document and its project."""
    comment, thread = tables.Comment, tables.CommentThread
    document, project = tables.SpecificationDocument, tables.SpecificationProject
    found = select(comment, tables.User.name, document, project)
    joined = found.join(tables.User, tables.User.id == comment.author_id).join(thread, thread.id == comment.thread_id)
    whole = joined.join(document, document.id == thread.document_id).join(project, project.id == document.project_id)
    return whole.where(comment.id == key_of(comment, public_id))


def _to_tell(said: tables.Comment, project: tables.SpecificationProject) -> Any:
    """The people with these names who see a project, but for the author and those who were told."""
    user, member = tables.User, tables.ProjectMember
    names: ColumnElement[Any] = bindparam("names", type_=ARRAY(Text()))
    active = member.project_id == project.id, member.user_id == user.id, member.status == MembershipStatus.ACTIVE
    sees = or_(user.id == project.owner_id, exists().where(*active))
    return select(user.id).where(
        func.lower(user.username) == any_(names), user.id != said.author_id, sees, ~exists().where(_is_told(said))
    )


def _is_told(said: tables.Comment) -> ColumnElement[bool]:
    """Whether a notification told somebody of a comment, or of its thread and they have yet to look."""
    told, other = tables.Notification, tables.Comment
    in_thread = select(other.id).where(other.thread_id == said.thread_id)
    waits = and_(
        told.type == NotificationType.MENTION, ~told.is_read, ~told.is_archived, told.comment_id.in_(in_thread)
    )
    return and_(told.user_id == tables.User.id, or_(told.comment_id == said.id, waits))

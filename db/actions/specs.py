"""Specification projects: begin one, save documents without losing a version, talk about them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions.notifications import notify
from db.base import new_id
from db.errors import Conflict
from db.records import fill_defaults
from db.tables import (
    CommentStatus,
    DocumentEventKind,
    DocumentStatus,
    MembershipStatus,
    NotificationType,
    ProjectEventKind,
    ProjectRole,
    ReactionType,
    SpecificationPhase,
    document_topic,
    project_topic,
)
from db.transitions import may_become, transition
from db.write import Work

Person = tuple[tables.User, ProjectRole]

INITIAL_CONTENT = {
    SpecificationPhase.REQUIREMENTS: "# Requirements\n\n## Introduction\n\n## Requirements\n",
    SpecificationPhase.DESIGN: "# Design\n\n## Overview\n\n## Architecture\n",
    SpecificationPhase.TASKS: "# Tasks\n\n- [ ] 1. \n",
}
"""The text that a project's documents begin with, in Markdown."""


class Text(Protocol):
    """A text that a project's document begins with."""

    phase: SpecificationPhase
    content: str


async def create_project(
    work: Work, name: str, *, description: str | None, members: Sequence[Person], texts: Sequence[Text] = ()
) -> tuple[tables.SpecificationProject, list[tables.SpecificationDocument]]:
    """A new project of the viewer with these members, and its documents in the order of their phases.

    There is one with each of these texts, and one for each other of the first three phases.
    """
    project = tables.SpecificationProject(name=name, description=description, owner_id=work.viewer_id)
    documents = _documents(fill_defaults(project), texts)
    versions = [(_version(work, document, summary=None), text) for document, text in documents]
    await work.add_all([(project, None), *documents, *versions])
    work.audit("project_created", project)
    await add_members(work, project, members)
    return project, [document for document, _ in documents]


def _documents(
    project: tables.SpecificationProject, texts: Sequence[Text]
) -> list[tuple[tables.SpecificationDocument, Text | None]]:
    """The documents that a project begins with, each with the text that was given for it, in the order of phases."""
    initial = {phase: content for phase, content in INITIAL_CONTENT.items() if phase not in {t.phase for t in texts}}
    found = [(text.phase, text.content, text) for text in texts] + [(*one, None) for one in initial.items()]
    return [
        (fill_defaults(tables.SpecificationDocument(project_id=project.id, phase=phase, content=content)), text)
        for phase, content, text in sorted(found, key=lambda one: list(SpecificationPhase).index(one[0]))
    ]


async def update_project(
    work: Work, project: tables.SpecificationProject, changes: Mapping[str, Any]
) -> tables.SpecificationProject:
    """The project with other values of these columns. It must be locked."""
    if work.change(project, changes):
        work.audit("project_changed", project)
        work.happened(project_topic(project.id), ProjectEventKind.PROJECT_CHANGED, project=project)
    return project


async def add_members(work: Work, project: tables.SpecificationProject, members: Sequence[Person]) -> set[UUID]:
    """Make these people active members, who were none or were removed; the ids of those who were not active before.

    These are told of it.
    """
    if not members:
        return set()
    member = tables.ProjectMember
    rows = [
        {"id": new_id(), "project_id": project.id, "user_id": user.id, "role": role, "status": MembershipStatus.ACTIVE}
        for user, role in members
    ]
    # In the order of their ids, so that two who add the same people wait for each other in one direction.
    added = insert(member).values(sorted(rows, key=itemgetter("user_id")))
    renewed = added.on_conflict_do_update(
        index_elements=["project_id", "user_id"],
        set_={"role": added.excluded.role, "status": added.excluded.status},
        where=may_become(member, MembershipStatus.ACTIVE),
    )
    new = set(await work.scalars(renewed.returning(member.user_id)))
    if joined := [(user, role) for user, role in members if user.id in new]:
        work.audit("members_added", project, users=[user for user, _ in joined], roles=[role for _, role in joined])
    await notify(work, [_welcome(project, user, role) for user, role in joined])
    return new


async def edit_document(
    work: Work,
    document: tables.SpecificationDocument,
    content: str,
    *,
    expected_version: int,
    summary: str | None = None,
) -> tables.SpecificationDocument:
    """Save a new text over the version that its author saw, as a version with its author, summary and time.

    Nobody has reviewed the new text, so the document is a draft again. The document must be locked. Raises Conflict
    with the document as it stands when somebody else has saved in the meantime.
    """
    if document.version != expected_version:
        message = f"The document is at version {document.version} by now; you changed version {expected_version}."
        raise Conflict(message, at="expectedVersion", current=document)
    if document.content != content:
        transition(document, DocumentStatus.DRAFT)
        document.content, document.version = content, document.version + 1
        work.audit("document_edited", document)
        await work.add(_version(work, document, summary=summary))
        work.happened(document_topic(document.id), DocumentEventKind.DOCUMENT_EDITED, document=document)
    return document


async def open_thread(
    work: Work, document: tables.SpecificationDocument, content: str, *, line: int, character: int
) -> tuple[tables.CommentThread, tables.Comment]:
    """A new thread at a place of a document, with its first comment."""
    thread = await work.add(tables.CommentThread(document_id=document.id, line=line, character=character))
    comment = await work.add(tables.Comment(thread_id=thread.id, author_id=work.viewer_id, content=content))
    work.audit("thread_opened", thread)
    work.happened(document_topic(document.id), DocumentEventKind.THREAD_OPENED, thread=thread, comment=comment)
    return thread, comment


async def add_comment(work: Work, thread: tables.CommentThread, content: str) -> tables.Comment:
    """A new comment at the end of a thread. A resolved thread takes comments too and stays resolved."""
    comment = await work.add(tables.Comment(thread_id=thread.id, author_id=work.viewer_id, content=content))
    work.audit("comment_added", comment)
    work.happened(document_topic(thread.document_id), DocumentEventKind.COMMENT_ADDED, thread=thread, comment=comment)
    return comment


async def edit_comment(work: Work, comment: tables.Comment, content: str) -> tables.Comment:
    """Another text for a comment."""
    comment.content, comment.edited_at = content, datetime.now(UTC)
    work.audit("comment_edited", comment)
    await _tell(work, comment, DocumentEventKind.COMMENT_EDITED)
    return comment


async def delete_comment(work: Work, comment: tables.Comment) -> tables.CommentThread:
    """The thread without a comment of it, nor the reactions to that."""
    thread = await _thread(work, comment)
    await work.delete(comment)
    work.audit("comment_deleted", comment)
    kind = DocumentEventKind.COMMENT_DELETED
    work.happened(document_topic(thread.document_id), kind, thread=thread, deleted_comment_id=comment)
    return thread


async def react(work: Work, comment: tables.Comment, type_: ReactionType) -> tables.Comment:
    """The viewer's reaction of this type to a comment; a second one of the same type changes nothing."""
    given = insert(tables.Reaction).values(comment_id=comment.id, user_id=work.viewer_id, type=type_)
    added = await work.scalar(given.on_conflict_do_nothing().returning(tables.Reaction.id))
    if added is not None:
        work.audit("reaction_added", comment, type=type_)
        await _tell(work, comment, DocumentEventKind.REACTION_ADDED)
    return comment


async def take_back_reaction(work: Work, comment: tables.Comment, type_: ReactionType) -> tables.Comment:
    """The comment without the viewer's reaction of this type."""
    reaction = tables.Reaction
    mine = (reaction.comment_id == comment.id, reaction.user_id == work.viewer_id, reaction.type == type_)
    removed = await work.scalar(delete(reaction).where(*mine).returning(reaction.id))
    if removed is not None:
        work.audit("reaction_removed", comment, type=type_)
        await _tell(work, comment, DocumentEventKind.REACTION_REMOVED)
    return comment


async def resolve(work: Work, thread: tables.CommentThread) -> tables.CommentThread:
    """Mark a thread as settled; one that is already stays as it is."""
    if transition(thread, CommentStatus.RESOLVED):
        thread.resolved_at, thread.resolved_by_id = datetime.now(UTC), work.viewer_id
        work.audit("thread_resolved", thread)
        work.happened(document_topic(thread.document_id), DocumentEventKind.THREAD_RESOLVED, thread=thread)
    return thread


async def reopen(work: Work, thread: tables.CommentThread) -> tables.CommentThread:
    """Mark a thread as waiting for an answer again."""
    if transition(thread, CommentStatus.OPEN):
        thread.resolved_at, thread.resolved_by_id = None, None
        work.audit("thread_reopened", thread)
        work.happened(document_topic(thread.document_id), DocumentEventKind.THREAD_REOPENED, thread=thread)
    return thread


def _version(work: Work, document: tables.SpecificationDocument, *, summary: str | None) -> tables.DocumentVersion:
    """The document as the viewer saves it."""
    return tables.DocumentVersion(
        document_id=document.id,
        version=document.version,
        content=document.content,
        summary=summary,
        author_id=work.viewer_id,
    )


def _welcome(project: tables.SpecificationProject, user: tables.User, role: ProjectRole) -> dict[str, Any]:
    """The notification of a new member."""
    return {
        "user_id": user.id,
        "type": NotificationType.COLLABORATION_INVITE,
        "title": f"You are a member of {project.name}",
        "message": f"Your role in this project: {role.lower()}.",
        "data": {"projectId": project.public_id, "role": role},
    }


async def _tell(work: Work, comment: tables.Comment, kind: DocumentEventKind) -> None:
    thread = await _thread(work, comment)
    work.happened(document_topic(thread.document_id), kind, thread=thread, comment=comment)


async def _thread(work: Work, comment: tables.Comment) -> tables.CommentThread:
    return await (await work.session()).get_one(tables.CommentThread, comment.thread_id)

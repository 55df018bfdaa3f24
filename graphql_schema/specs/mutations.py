"""Working on specification projects."""

import strawberry

from db import tables
from db.actions import specs
from db.enums import ProjectRole, ReactionType
from db.errors import BadInput
from db.permissions import COMMENT, EDIT, OWN
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.fields import enumeration

enumeration(ProjectRole)
enumeration(ReactionType)


@strawberry.input(description="A person who is to work on a project.")
class ProjectMemberInput:
    """A person and their role."""

    user_id: strawberry.ID = strawberry.field(description="A user whom you see.")
    role: ProjectRole = strawberry.field(default=ProjectRole.MEMBER, description="What they may do there.")


@strawberry.input(description="A project to begin.")
class CreateProjectInput:
    """A new project."""

    name: str = strawberry.field(description="The name to show; not empty.")
    description: str | None = strawberry.field(default=None, description="What the product is about, in Markdown.")
    members: list[ProjectMemberInput] = strawberry.field(
        default_factory=list, description="Who works on it beside you, its owner."
    )


@strawberry.input(description="A document's new text.")
class EditDocumentInput:
    """A new text."""

    document_id: strawberry.ID = strawberry.field(description="The document.")
    content: str = strawberry.field(description="The whole new text, in Markdown.")
    expected_version: int = strawberry.field(description="The version that you changed.")
    summary: str | None = strawberry.field(default=None, description="What you say of the change.")


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
    content: str = strawberry.field(description="The first comment, in Markdown; not empty.")


@strawberry.input(description="Something to say.")
class AddCommentInput:
    """A new comment."""

    thread_id: strawberry.ID = strawberry.field(description="The thread.")
    content: str = strawberry.field(description="The text, in Markdown; not empty.")


@strawberry.input(description="Something to say differently.")
class EditCommentInput:
    """A comment's new text."""

    comment_id: strawberry.ID = strawberry.field(description="A comment of yours.")
    content: str = strawberry.field(description="The whole new text, in Markdown; not empty.")


@strawberry.input(description="A reaction to a comment.")
class ReactionInput:
    """A reaction."""

    comment_id: strawberry.ID = strawberry.field(description="The comment.")
    type: ReactionType = strawberry.field(description="What you say of it.")


@strawberry.input(description="A thread.")
class ThreadInput:
    """A thread."""

    thread_id: strawberry.ID = strawberry.field(description="The thread.")


@mutation(project=tables.SpecificationProject)
async def create_project(work: Work, input: CreateProjectInput) -> tables.SpecificationProject:
    """Begin a specification project: you own it, and it has a document for requirements, design and tasks.

    All of it is made, or nothing.
    """
    name = _text(input.name, at="name")
    members = [
        (await work.get(tables.User, member.user_id, at=f"members.{index}.userId"), member.role)
        for index, member in enumerate(input.members)
    ]
    people = [user.id for user, _ in members]
    if len({*people, work.viewer_id}) <= len(people):
        raise BadInput("Name every member once, and not yourself: you are the owner.", at="members")
    return await specs.create_project(work, name, description=input.description, members=members)


@mutation(document=tables.SpecificationDocument)
async def edit_document(work: Work, input: EditDocumentInput) -> tables.SpecificationDocument:
    """Save a document. For members who may edit.

    When somebody has saved since the version that you changed, nothing is saved: the error is `CONFLICT` and
    `document` is the document as it stands, for you to merge.
    """
    document = await work.get(tables.SpecificationDocument, input.document_id, at="documentId", may=EDIT, lock=True)
    return await specs.edit_document(
        work, document, input.content, expected_version=input.expected_version, summary=input.summary
    )


@mutation(thread=tables.CommentThread, comment=tables.Comment)
async def open_thread(work: Work, input: OpenThreadInput) -> tuple[tables.CommentThread, tables.Comment]:
    """Open a conversation at a place of a document, with its first comment. For members who may comment."""
    document = await work.get(tables.SpecificationDocument, input.document_id, at="documentId", may=COMMENT)
    content = _text(input.content, at="content")
    place = input.position
    if place.line < 0 or place.character < 0:
        raise BadInput("Lines and characters are counted from 0.", at="position")
    return await specs.open_thread(work, document, content, line=place.line, character=place.character)


@mutation(comment=tables.Comment)
async def add_comment(work: Work, input: AddCommentInput) -> tables.Comment:
    """Say something in a thread. For members who may comment."""
    thread = await work.get(tables.CommentThread, input.thread_id, at="threadId", may=COMMENT)
    return await specs.add_comment(work, thread, _text(input.content, at="content"))


@mutation(comment=tables.Comment)
async def edit_comment(work: Work, input: EditCommentInput) -> tables.Comment:
    """Change what you said."""
    comment = await work.get(tables.Comment, input.comment_id, at="commentId", may=OWN, lock=True)
    return await specs.edit_comment(work, comment, _text(input.content, at="content"))


@mutation(comment=tables.Comment)
async def add_reaction(work: Work, input: ReactionInput) -> tables.Comment:
    """React to a comment. A second reaction of the same type changes nothing. For members who may comment."""
    comment = await work.get(tables.Comment, input.comment_id, at="commentId", may=COMMENT)
    return await specs.react(work, comment, input.type)


@mutation(comment=tables.Comment)
async def remove_reaction(work: Work, input: ReactionInput) -> tables.Comment:
    """Take your reaction to a comment back. Without one, nothing changes."""
    comment = await work.get(tables.Comment, input.comment_id, at="commentId", may=COMMENT)
    return await specs.take_back_reaction(work, comment, input.type)


@mutation(thread=tables.CommentThread)
async def resolve_thread(work: Work, input: ThreadInput) -> tables.CommentThread:
    """Mark a thread as settled. For members who may comment."""
    thread = await work.get(tables.CommentThread, input.thread_id, at="threadId", may=COMMENT, lock=True)
    return await specs.resolve(work, thread)


@mutation(thread=tables.CommentThread)
async def reopen_thread(work: Work, input: ThreadInput) -> tables.CommentThread:
    """Mark a settled thread as waiting for an answer again. For members who may comment."""
    thread = await work.get(tables.CommentThread, input.thread_id, at="threadId", may=COMMENT, lock=True)
    return await specs.reopen(work, thread)


def _text(value: str, *, at: str) -> str:
    if not value.strip():
        raise BadInput("This must not be empty.", at=at)
    return value

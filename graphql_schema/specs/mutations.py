"""Working on specification projects."""

from uuid import UUID

import strawberry
from sqlalchemy import func

from db import tables
from db.actions import specs
from db.actions.accounts import check_verified
from db.errors import BadInput, Conflict, Refusal
from db.permissions import COMMENT, EDIT, MANAGE, OWN
from db.tables import (
    CommentStatus,
    DocumentEventKind,
    DocumentStatus,
    MembershipStatus,
    ProjectEventKind,
    ProjectRole,
    ReactionType,
    SpecificationPhase,
)
from db.write import Work
from graphql_schema.core import add, delete, mutation, references, signal, transition, update
from graphql_schema.core.bulk import OnError, accepted
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text
from graphql_schema.core.updates import changes
from graphql_schema.specs.inputs import (
    AddProjectMembersInput,
    CreateProjectInput,
    EditDocumentInput,
    LeaveProjectInput,
    ProjectMemberInput,
    RemoveProjectMemberInput,
    SignalTypingInput,
    UpdateProjectInput,
)

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


@mutation(
    project=tables.SpecificationProject,
    documents=references(
        tables.SpecificationDocument, "Its documents, in the order of their phases.", most=len(SpecificationPhase)
    ),
)
async def create_project(
    work: Work, input: CreateProjectInput
) -> tuple[tables.SpecificationProject, list[tables.SpecificationDocument]]:
    """Begin a specification project: you own it, and it has a document for requirements, design and tasks.

    For everybody who has verified their address. All of it is made, or nothing.
    """
    await check_verified(work)
    people = accepted(work, await _people(work, input.members, owner=work.viewer_id), OnError.ALL_OR_NOTHING)
    return await specs.create_project(
        work,
        input.name,
        description=input.description,
        members=[(user, role) for user, role, _ in people],
        texts=input.documents,
    )


@mutation(project=tables.SpecificationProject)
async def update_project(work: Work, input: UpdateProjectInput) -> tables.SpecificationProject:
    """Change what a project says of itself. For its owner and members who lead it.

    Fields that are left out stay as they are; null removes what can be absent.
    """
    project = await work.get(tables.SpecificationProject, input.project_id, at="projectId", may=MANAGE, lock=True)
    return await specs.update_project(work, project, await changes(work, input))


@mutation(project=tables.SpecificationProject)
async def add_project_members(work: Work, input: AddProjectMembersInput) -> tables.SpecificationProject:
    """Let people work on a project, also who was removed from it. For its owner and members who lead it.

    Who is a member keeps their role: naming them is a `CONFLICT`.
    """
    project = await work.get(tables.SpecificationProject, input.project_id, at="projectId", may=MANAGE)
    people = accepted(work, await _people(work, input.members, owner=project.owner_id), input.on_error)
    added = await specs.add_members(work, project, [(user, role) for user, role, _ in people])
    known = [Conflict("This person is a member already.", at=at) for user, _, at in people if user.id not in added]
    accepted(work, known, input.on_error)
    return project


remove_project_member = transition(
    "Take somebody off a project, whatever its status. From then on they see and hear nothing of it. For its owner and "
    "members who lead it. The owner is no member, and cannot be removed.",
    RemoveProjectMemberInput,
    at=tables.ProjectMember,
    may=MANAGE,
    to=MembershipStatus.REMOVED,
    tells=ProjectEventKind.MEMBER_REMOVED,
    project=tables.SpecificationProject,
    member=tables.ProjectMember,
)

leave_project = transition(
    "Leave a project, whatever its status. From then on you see and hear nothing of it; its owner and members who lead "
    "it can add you again. The owner is no member, and cannot leave.",
    LeaveProjectInput,
    at=tables.ProjectMember,
    may=OWN,
    to=MembershipStatus.REMOVED,
    tells=ProjectEventKind.MEMBER_REMOVED,
    viewer=tables.User,
)

edit_document = update(
    "Save a document. For members who may edit. What was approved is a draft again: nobody has approved the new text."
    "\n\nWhen somebody has saved since the version that you changed, nothing is saved: the error is `CONFLICT` and "
    "`document` is the document as it stands, for you to merge.",
    EditDocumentInput,
    at=tables.SpecificationDocument,
    may=EDIT,
    version="expected_version",
    sets=lambda document, input, viewer: {"content": input.content, "status": DocumentStatus.DRAFT},
    also=lambda document, input, viewer: tables.DocumentVersion(
        document_id=document.id,
        version=document.version,
        content=document.content,
        summary=input.summary,
        author_id=viewer,
    ),
    tells=DocumentEventKind.DOCUMENT_EDITED,
)

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

signal_typing = signal(
    "Show those who have the document open that you type a comment or an edit. Repeat it every second or two while you "
    "do: it ends by itself after four seconds, and nothing of it is stored. For members who may comment.",
    SignalTypingInput,
    at=tables.SpecificationDocument,
    may=COMMENT,
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


async def _people(
    work: Work, members: list[ProjectMemberInput], *, owner: UUID
) -> list[tuple[tables.User, ProjectRole, str] | Refusal]:
    """The people whom the input names, with their roles and places; a refusal for each who cannot become a member."""
    people: list[tuple[tables.User, ProjectRole, str] | Refusal] = []
    named = {owner}
    users = await work.get_all(tables.User, [member.user_id for member in members], at="members.{}.userId")
    for index, (user, member) in enumerate(zip(users, members, strict=True)):
        at = f"members.{index}.userId"
        if isinstance(user, Refusal):
            people.append(user)
        elif user.id in named:
            people.append(BadInput("Name every member once, and not the owner.", at=at))
        else:
            people.append((user, member.role, at))
            named.add(user.id)
    return people

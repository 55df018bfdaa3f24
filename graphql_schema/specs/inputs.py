"""What the mutations of specification projects take."""

import strawberry

from db import tables
from db.permissions import EDIT
from db.tables import (
    ProjectRole,
    ReactionType,
    SpecificationPhase,
)
from graphql_schema.core.bulk import OnError, items
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text
from graphql_schema.core.updates import change

enumeration(ProjectRole)
enumeration(ReactionType)
enumeration(SpecificationPhase)


@strawberry.input(description="A person who is to work on a project.")
class ProjectMemberInput:
    """A person and their role."""

    user_id: strawberry.ID = strawberry.field(description="A user whom you see.")
    role: ProjectRole = strawberry.field(default=ProjectRole.MEMBER, description="What they may do there.")


@strawberry.input(description="A text that a document of a new project begins with.")
class InitialDocumentInput:
    """A text of a phase."""

    phase: SpecificationPhase = strawberry.field(description="The phase that it is about; each has one document.")
    content: str = text(tables.SpecificationDocument.content, "The text, in Markdown.")


@strawberry.input(description="A project to begin.")
class CreateProjectInput:
    """A new project."""

    name: str = text(tables.SpecificationProject.name, "The name to show; not empty.")
    description: str | None = text(
        tables.SpecificationProject.description, "What the product is about, in Markdown.", default=None
    )
    members: list[ProjectMemberInput] = items("Who works on it beside you, its owner.", default_factory=list)
    documents: list[InitialDocumentInput] = items(
        "Texts to begin with. For each of the first three phases that has none there is an outline.",
        most=len(SpecificationPhase),
        default_factory=list,
    )


@strawberry.input(description="What to change of a project.")
class UpdateProjectInput:
    """Changes of a project."""

    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str | None = change(tables.SpecificationProject.name, "The name to show; not empty.")
    description: str | None = change(tables.SpecificationProject.description, "What the product is about, in Markdown.")
    organization_id: strawberry.ID | None = change(
        tables.SpecificationProject.organization_id,
        "Where it belongs; you must be more than a viewer there.",
        may=EDIT,
    )
    repository_id: strawberry.ID | None = change(
        tables.SpecificationProject.repository_id,
        "The repository that it specifies; you must be more than a viewer of it.",
        may=EDIT,
    )


@strawberry.input(description="People who are to work on a project.")
class AddProjectMembersInput:
    """New members."""

    project_id: strawberry.ID = strawberry.field(description="The project.")
    members: list[ProjectMemberInput] = items("Who they are.")
    on_error: OnError = strawberry.field(
        default=OnError.ALL_OR_NOTHING, description="What is done when one of them cannot be added."
    )


@strawberry.input(description="A document's new text.")
class EditDocumentInput:
    """A new text."""

    document_id: strawberry.ID = strawberry.field(description="The document.")
    content: str = text(tables.SpecificationDocument.content, "The whole new text, in Markdown.")
    expected_version: int = strawberry.field(description="The version that you changed.")
    summary: str | None = text(tables.DocumentVersion.summary, "What you say of the change.", default=None)


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

"""The inputs of mutations of a project itself, of its people and of its documents."""

import strawberry

from db import tables
from db.permissions import EDIT
from db.tables import ProjectRole, ProjectStatus, SpecificationPhase
from graphql_schema.core.bulk import OnError, items
from graphql_schema.core.scalars import JSON
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text
from graphql_schema.core.updates import change

enumeration(ProjectRole)
enumeration(ProjectStatus)
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


@strawberry.input(description="People who are to work on a project.")
class AddProjectMembersInput:
    """New members."""

    project_id: strawberry.ID = strawberry.field(description="The project.")
    members: list[ProjectMemberInput] = items("Who they are.")
    on_error: OnError = strawberry.field(
        default=OnError.ALL_OR_NOTHING, description="What is done when one of them cannot be added."
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
    settings: JSON | None = change(
        tables.SpecificationProject.settings,
        "What to change of what the project's front end keeps with it, as a JSON merge patch (RFC 7396): members that "
        "are null go, and objects are merged. All of it takes at most 16 KiB.",
    )


@strawberry.input(description="A status for a project.")
class ChangeProjectStatusInput:
    """Another status."""

    project_id: strawberry.ID = strawberry.field(description="The project.")
    status: ProjectStatus = strawberry.field(description="Where it stands from now on.")


@strawberry.input(description="A phase for a project.")
class TransitionPhaseInput:
    """Another phase."""

    project_id: strawberry.ID = strawberry.field(description="The project.")
    phase: SpecificationPhase = strawberry.field(description="The next phase, or one before.")
    expected_phase: SpecificationPhase = strawberry.field(description="The phase in which you see it.")


@strawberry.input(description="A role for a member of a project.")
class ChangeProjectMemberInput:
    """Another role."""

    member_id: strawberry.ID = strawberry.field(description="Their place in the project, one of its `members`.")
    role: ProjectRole = strawberry.field(description="What they may do there from now on.")


@strawberry.input(description="A project to hand over.")
class TransferProjectInput:
    """A member who becomes the owner."""

    member_id: strawberry.ID = strawberry.field(
        description="The member who is to own it: their place in the project, one of its `members`."
    )


@strawberry.input(description="A project to delete.")
class DeleteProjectInput:
    """A project, named twice."""

    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = text(
        tables.SpecificationProject.name, "Its name, repeated, so that nobody deletes another one by mistake."
    )


@strawberry.input(description="A member to remove from a project.")
class RemoveProjectMemberInput:
    """Somebody else's membership."""

    member_id: strawberry.ID = strawberry.field(description="Their place in the project, one of its `members`.")


@strawberry.input(description="A project to leave.")
class LeaveProjectInput:
    """A membership of the viewer."""

    member_id: strawberry.ID = strawberry.field(description="Your place in the project: its `viewerMembership`.")


@strawberry.input(description="The place where you type.")
class SignalTypingInput:
    """A document."""

    document_id: strawberry.ID = strawberry.field(description="A document that you have open.")


@strawberry.input(description="A document's new text.")
class EditDocumentInput:
    """A new text."""

    document_id: strawberry.ID = strawberry.field(description="The document.")
    content: str = text(tables.SpecificationDocument.content, "The whole new text, in Markdown.")
    expected_version: int = strawberry.field(description="The version that you changed.")
    summary: str | None = text(tables.DocumentVersion.summary, "What you say of the change.", default=None)


@strawberry.input(description="A document.")
class DocumentInput:
    """A document."""

    document_id: strawberry.ID = strawberry.field(description="The document.")


@strawberry.input(description="A document to approve.")
class ApproveDocumentInput:
    """A version of a document."""

    document_id: strawberry.ID = strawberry.field(description="The document.")
    expected_version: int = strawberry.field(description="The version that you have read.")


@strawberry.input(description="A suggestion to take over.")
class ApplySuggestionInput:
    """A suggestion."""

    suggestion_id: strawberry.ID = strawberry.field(description="The suggestion, of a comment or of a review.")
    expected_version: int = strawberry.field(description="The version of the document that you saw.")

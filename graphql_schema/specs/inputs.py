"""The people and texts that a project begins with, or that come later."""

import strawberry

from db import tables
from db.tables import ProjectRole, SpecificationPhase
from graphql_schema.core.bulk import OnError, items
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text

enumeration(ProjectRole)
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

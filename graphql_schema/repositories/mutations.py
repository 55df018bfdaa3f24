"""Connecting repositories, holding them more or less closely, and disconnecting them."""

import strawberry

from db import tables
from db.actions import repositories
from db.errors import BadInput
from db.permissions import MANAGE
from db.tables import Sensitivity
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text
from graphql_schema.core.updates import change, changes

enumeration(Sensitivity)
REPOSITORY = "The repository."


@strawberry.input(description="A repository to connect.")
class ConnectRepositoryInput:
    """A repository that an organization is to follow."""

    organization_id: strawberry.ID = strawberry.field(description="The organization that follows it.")
    full_name: str = text(
        tables.Repository.full_name, "Owner and name, as in its address: `octokit/webhooks`. Each is connected once."
    )
    description: str | None = text(tables.Repository.description, "What it is about.", default=None)
    default_branch: str = text(
        tables.Repository.default_branch, "The branch that changes are merged into; `main` if left out.", default="main"
    )
    sensitivity: Sensitivity = strawberry.field(
        description="How closely the organization holds it; `NORMAL` if left out.", default=Sensitivity.NORMAL
    )
    is_private: bool = strawberry.field(
        description="Whether only those see it on GitHub who were let in, as it is if left out. Plans limit how many.",
        default=True,
    )


@strawberry.input(description="What to change of a repository.")
class UpdateRepositoryInput:
    """Changes of a repository."""

    repository_id: strawberry.ID = strawberry.field(description=REPOSITORY)
    description: str | None = change(tables.Repository.description, "What it is about.")
    default_branch: str | None = change(tables.Repository.default_branch, "The branch that changes are merged into.")
    sensitivity: Sensitivity | None = change(tables.Repository.sensitivity, "How closely the organization holds it.")
    is_active: bool | None = change(tables.Repository.is_active, "Whether it is followed.")


@strawberry.input(description="A repository to disconnect.")
class DisconnectRepositoryInput:
    """A repository, named twice."""

    repository_id: strawberry.ID = strawberry.field(description=REPOSITORY)
    full_name: str = text(
        tables.Repository.full_name, "Its owner and name, repeated, so that nobody loses another one by mistake."
    )


@mutation(repository=tables.Repository)
async def connect_repository(work: Work, input: ConnectRepositoryInput) -> tables.Repository:
    """Have an organization follow a repository. For those who manage it.

    A name that is taken, by whichever organization, is a `CONFLICT`. A plan that has no room for another private one is
    `FORBIDDEN`.
    """
    organization = await work.get(
        tables.Organization, input.organization_id, at="organizationId", may=MANAGE, lock=True
    )
    repository = tables.Repository(
        full_name=input.full_name,
        description=input.description,
        default_branch=input.default_branch,
        sensitivity=input.sensitivity,
        is_private=input.is_private,
    )
    return await repositories.connect(work, organization, repository)


@mutation(repository=tables.Repository)
async def update_repository(work: Work, input: UpdateRepositoryInput) -> tables.Repository:
    """Change what is known of a repository, and how closely its organization holds it; fields that are left out stay as
    they are. For those who manage it.

    Whoever may not see it any more hears nothing further of it: their subscriptions end with `FORBIDDEN`.
    """
    repository = await work.get(tables.Repository, input.repository_id, at="repositoryId", may=MANAGE, lock=True)
    await repositories.update(work, repository, await changes(work, input))
    return repository


@mutation(organization=tables.Organization, deleted_repository_id=strawberry.ID)
async def disconnect_repository(work: Work, input: DisconnectRepositoryInput) -> tuple[tables.Organization, str]:
    """Follow a repository no more, and delete what is known of it: its commits, pull requests, issues, reviews,
    releases and statistics. Projects that specify it stay. For those who manage it.
    """
    repository = await work.get(tables.Repository, input.repository_id, at="repositoryId", may=MANAGE, lock=True)
    if input.full_name != repository.full_name:
        raise BadInput("This is not the name of the repository.", at="fullName")
    return await repositories.disconnect(work, repository), input.repository_id

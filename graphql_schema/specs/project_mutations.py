"""Beginning specification projects, and who works on them."""

from uuid import UUID

from db import tables
from db.actions import specs
from db.actions.accounts import check_verified
from db.errors import BadInput, Conflict, Refusal
from db.permissions import MANAGE, OWN
from db.tables import MembershipStatus, ProjectEventKind, ProjectRole, SpecificationPhase
from db.write import Work
from graphql_schema.core import mutation, references, transition
from graphql_schema.core.bulk import OnError, accepted
from graphql_schema.core.updates import changes
from graphql_schema.specs.inputs import (
    AddProjectMembersInput,
    CreateProjectInput,
    LeaveProjectInput,
    ProjectMemberInput,
    RemoveProjectMemberInput,
    UpdateProjectInput,
)


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

"""Specification projects: beginning them, their status, who works on them, and their end."""

from uuid import UUID

import strawberry

from db import tables
from db.actions import projects, specs
from db.actions.accounts import check_verified
from db.errors import BadInput, Conflict, Refusal
from db.permissions import MANAGE, OWN
from db.tables import MembershipStatus, ProjectEventKind, ProjectRole, SpecificationPhase
from db.write import Work
from graphql_schema.core import mutation, references, transition, update
from graphql_schema.core.bulk import OnError, accepted
from graphql_schema.core.updates import changes
from graphql_schema.specs.inputs import (
    AddProjectMembersInput,
    ChangeProjectMemberInput,
    ChangeProjectStatusInput,
    CreateProjectInput,
    DeleteProjectInput,
    LeaveProjectInput,
    ProjectMemberInput,
    RemoveProjectMemberInput,
    TransferProjectInput,
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


@mutation(project=tables.SpecificationProject)
async def change_project_status(work: Work, input: ChangeProjectStatusInput) -> tables.SpecificationProject:
    """Suspend a project and let it go on, complete it and take it up again. For its owner and members who lead it; its
    owner alone archives it, whatever its status, and takes it up again from there.

    In a project that is archived or suspended nothing can be changed, and its documents keep their own status until it
    goes on. Whoever works on it is notified when it is completed. A status that cannot follow is a `CONFLICT`.
    """
    project = await work.get(
        tables.SpecificationProject, input.project_id, at="projectId", may=MANAGE, lock=True, in_any_state=True
    )
    await projects.change_status(work, project, input.status)
    return project


@mutation(project=tables.SpecificationProject)
async def transfer_project(work: Work, input: TransferProjectInput) -> tables.SpecificationProject:
    """Hand a project over to an active member, whatever its status. You are a member who leads it from then on, and can
    be removed like others. For its owner.
    """
    member = await work.get(tables.ProjectMember, input.member_id, at="memberId", may=MANAGE, in_any_state=True)
    return await projects.change_owner(work, member)


@mutation(deleted_project_id=strawberry.ID, viewer=tables.User)
async def delete_project(work: Work, input: DeleteProjectInput) -> tuple[str, tables.User]:
    """Delete a project with its documents, all their versions and all that was said about them, whatever its status.
    For its owner.
    """
    project = await work.get(
        tables.SpecificationProject, input.project_id, at="projectId", may=MANAGE, lock=True, in_any_state=True
    )
    await projects.delete_project(work, project, input.name)
    return input.project_id, tables.User(id=work.viewer_id)


change_project_member = update(
    "Give a member of a project another role, whatever its status. For its owner and members who lead it. Who was "
    "removed has no role to change: that is a `CONFLICT`.",
    ChangeProjectMemberInput,
    at=tables.ProjectMember,
    may=MANAGE,
    unless=(
        lambda member, viewer: member.status == MembershipStatus.REMOVED,
        Conflict("This person does not work on the project any more."),
    ),
    sets=lambda member, input, viewer: {"role": input.role},
    tells=ProjectEventKind.MEMBER_CHANGED,
    member=tables.ProjectMember,
    project=tables.SpecificationProject,
)

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

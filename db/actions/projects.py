"""Specification projects as a whole: their status, their owners, and their end.

Whoever leads a project has the permission by its rule. What is for its owner alone is checked here.
"""

from sqlalchemy import select

from db import tables
from db.actions.notifications import notify_all
from db.base import new_id
from db.errors import BadInput, Conflict, Forbidden, NotFound
from db.outbox import viewer_topic
from db.tables import MembershipStatus, NotificationType, ProjectEventKind, ProjectRole, ProjectStatus
from db.transitions import transition
from db.write import Work

FOR_THE_OWNER = "Only the owner of the project may do this."


async def change_status(work: Work, project: tables.SpecificationProject, to: ProjectStatus) -> None:
    """Bring a project, which must be locked, to another status. Those who work on it are told when it is done.

    Only its owner archives it, and takes it up again. Its documents keep their own status: what an archived project has
    is closed by the project, and open again as it was.
    """
    if project.status is not to and ProjectStatus.ARCHIVED in (to, project.status):
        check_owner(work, project, at="projectId")
    if transition(project, to, at="status"):
        work.audit("project_status_changed", project)
        await work.happened(ProjectEventKind.PROJECT_CHANGED, project)
        if to is ProjectStatus.COMPLETED:
            await _tell_that_it_is_done(work, project)


async def change_owner(work: Work, found: tables.ProjectMember) -> tables.SpecificationProject:
    """The project of an active member, who owns it from now on. Who owned it is a member who leads it."""
    project, member = await _locked(work, found)
    check_owner(work, project, at="memberId")
    if member.status is not MembershipStatus.ACTIVE:
        raise Conflict("This person does not work on the project.", at="memberId", current=project)
    before, after = project.owner_id, member.user_id
    await work.delete(member)  # the owner is no member
    work.change(project, {"owner_id": after})
    work.audit("project_transferred", project)
    await work.happened(ProjectEventKind.PROJECT_CHANGED, project)
    await work.flush()
    place = tables.ProjectMember(id=new_id(), project_id=project.id, user_id=before, role=ProjectRole.LEAD)
    await work.add(place)
    await work.happened(ProjectEventKind.MEMBER_ADDED, place)
    work.touch(viewer_topic(before), viewer_topic(after))
    return project


async def delete_project(work: Work, project: tables.SpecificationProject, name: str) -> None:
    """Delete a project, which must be locked, with all that is in it. Its name is repeated."""
    check_owner(work, project, at="projectId")
    if name != project.name:
        raise BadInput("This is not the name of the project.", at="name")
    people = await work.scalars(
        select(tables.ProjectMember.user_id).where(tables.ProjectMember.project_id == project.id)
    )
    work.audit("project_deleted", project)
    await work.happened(ProjectEventKind.PROJECT_DELETED, project)
    work.touch(*map(viewer_topic, [project.owner_id, *people]))
    await work.delete(project)


def check_owner(work: Work, project: tables.SpecificationProject, *, at: str) -> None:
    """Raise Forbidden for a viewer who neither owns the project nor administers the platform."""
    if project.owner_id != work.viewer_id and not work.viewer.is_admin:
        raise Forbidden(FOR_THE_OWNER, at=at)


async def _locked(work: Work, found: tables.ProjectMember) -> tuple[tables.SpecificationProject, tables.ProjectMember]:
    """The project of a member, and then the member: nobody changes them until this is done. Raises NotFound if one is
    gone by now.
    """
    project, member = tables.SpecificationProject, tables.ProjectMember
    above = (await work.scalars(select(project).where(project.id == found.project_id).with_for_update())).one_or_none()
    place = (await work.scalars(select(member).where(member.id == found.id).with_for_update())).one_or_none()
    if above is None or place is None:
        raise NotFound(at="memberId")
    return above, place


async def _tell_that_it_is_done(work: Work, project: tables.SpecificationProject) -> None:
    """Notify all who work on a project, its owner included."""
    member = tables.ProjectMember
    working = select(member.user_id).where(member.project_id == project.id, member.status == MembershipStatus.ACTIVE)
    owner = select(tables.SpecificationProject.owner_id).where(tables.SpecificationProject.id == project.id)
    await notify_all(
        work,
        select(working.union(owner).subquery().c[0]),
        type=NotificationType.PROJECT_COMPLETED,
        title=f"{project.name} is done",
        message="The project was completed. What is still found can be discussed and mended.",
        data={"projectId": project.public_id},
    )

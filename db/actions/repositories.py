"""Repositories: an organization follows one from now on, holds it more or less closely, and follows it no more.

Whoever sees a repository is decided by its row, beside the memberships. So a change of that moves what members have
access to: their streams look again, and end where they may not hear any more.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from db import tables
from db.actions.plans import ORGANIZATIONS, check_room
from db.outbox import viewer_topic
from db.roots import topic_of
from db.tables import RepositoryEventKind
from db.write import Work


async def connect(work: Work, organization: tables.Organization, repository: tables.Repository) -> tables.Repository:
    """A repository that the organization, which must be locked, follows from now on. Raises Forbidden where its plan
    has no room for it.
    """
    if repository.is_private:
        await _check_room(work, organization)
    repository.organization_id = organization.id
    repository.name = repository.full_name.rpartition("/")[2]
    await work.add(repository)
    work.audit("repository_connected", repository)
    await work.happened(RepositoryEventKind.REPOSITORY_CONNECTED, repository)
    await _touch_members(work, organization.id)
    return repository


async def update(work: Work, repository: tables.Repository, values: Mapping[str, Any]) -> None:
    """Change what is known of a repository, which must be locked, and how closely it is held."""
    was = repository.sensitivity
    if not work.change(repository, values):
        return
    work.audit("repository_changed", repository)
    await work.happened(RepositoryEventKind.REPOSITORY_CHANGED, repository)
    if repository.sensitivity is not was:
        await _touch_members(work, repository.organization_id)


async def disconnect(work: Work, repository: tables.Repository) -> tables.Organization:
    """Delete a repository, which must be locked, with all that happened in it; returns its organization.

    Projects that specify it stay.
    """
    project = tables.SpecificationProject
    projects = await work.scalars(select(project.id).where(project.repository_id == repository.id))
    work.audit("repository_disconnected", repository)
    await work.happened(RepositoryEventKind.REPOSITORY_DISCONNECTED, repository)
    work.touch(*(topic_of(project(id=key)) for key in projects))
    await _touch_members(work, repository.organization_id)
    await work.delete(repository)
    return tables.Organization(id=repository.organization_id)


async def _check_room(work: Work, organization: tables.Organization) -> None:
    repository = tables.Repository
    counted = select(func.count()).where(repository.organization_id == organization.id, repository.is_private)
    limit = ORGANIZATIONS[organization.plan].private_repositories
    await check_room(work, limit, counted, of="private repositories")


async def _touch_members(work: Work, organization_id: UUID) -> None:
    """Move what the members of an organization have access to."""
    member = tables.OrganizationMember
    people = await work.scalars(select(member.user_id).where(member.organization_id == organization_id))
    work.touch(*map(viewer_topic, people))

"""Organizations: begin one, say who belongs to it and as what, hand it over, and end it.

Whoever manages an organization has the permission by its rule. What is for its owners alone is checked here.
"""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, func, select, union
from sqlalchemy.dialects.postgresql import insert

from db import base, tables
from db.actions.accounts import check_verified
from db.actions.plans import ORGANIZATIONS, check_room
from db.base import new_id
from db.errors import BadInput, Forbidden
from db.outbox import Event, viewer_topic
from db.records import fill_defaults
from db.roots import root_topic, topic_of
from db.tables import InvitationStatus, OrganizationEventKind, OrganizationRole
from db.write import Work

FOR_OWNERS = "Only an owner of the organization may do this."


async def create_organization(work: Work, organization: tables.Organization) -> tables.Organization:
    """A new organization, which the viewer owns; they must have shown their address."""
    await check_verified(work)
    fill_defaults(organization)
    owner = tables.OrganizationMember(
        organization_id=organization.id, user_id=work.viewer_id, role=OrganizationRole.OWNER
    )
    await work.add_all([(organization, None), (owner, None)])
    work.audit("organization_created", organization)
    await work.changed(organization)
    work.touch(viewer_topic(work.viewer_id))
    return organization


def locked(organization_id: UUID) -> Select[Any]:
    """The statement that finds an organization, whose members are counted one after the other from then on."""
    one = select(tables.Organization).where(tables.Organization.id == organization_id)
    return one.with_for_update(key_share=True)


async def check_place(work: Work, organization: tables.Organization, *, with_invited: bool) -> None:
    """Raise Forbidden where the plan has no room for one more member. The organization must be locked.

    Who is invited takes a place, too, for as long as the invitation waits: those who accept find room.
    """
    member, invitation = tables.OrganizationMember, tables.Invitation
    counted: ColumnElement[int] = (
        select(func.count()).where(member.organization_id == organization.id).scalar_subquery()
    )
    if with_invited:
        waiting = invitation.status == InvitationStatus.PENDING, invitation.expires_at > func.now()
        counted += select(func.count()).where(invitation.organization_id == organization.id, *waiting).scalar_subquery()
    limit = ORGANIZATIONS[organization.plan].members
    await check_room(
        work, limit, select(counted), of="members, with those who are invited" if with_invited else "members"
    )


async def add_member(work: Work, organization: tables.Organization, user_id: UUID, role: OrganizationRole) -> None:
    """Give somebody a place in an organization, which must be locked. Who has one keeps it as it is."""
    member = tables.OrganizationMember
    place = member.organization_id == organization.id, member.user_id == user_id
    if await work.scalar(select(member.id).where(*place)):
        return
    await check_place(work, organization, with_invited=False)
    added = insert(member).values(id=new_id(), organization_id=organization.id, user_id=user_id, role=role)
    row = (await work.scalars(added.returning(member))).one()
    work.audit("member_added", row, role=role)
    await work.happened(OrganizationEventKind.MEMBER_ADDED, row)
    work.touch(viewer_topic(user_id))


async def change_member(work: Work, member: tables.OrganizationMember, role: OrganizationRole) -> None:
    """Give a member, who must be locked, another role. Only owners make owners, and change what owners are."""
    if OrganizationRole.OWNER in (role, member.role):
        await check_owner(work, member.organization_id, at="role" if role is OrganizationRole.OWNER else "memberId")
    if work.change(member, {"role": role}):
        work.audit("member_changed", member)
        await work.happened(OrganizationEventKind.MEMBER_CHANGED, member)
        work.touch(viewer_topic(member.user_id))
        await work.flush()


async def remove_member(work: Work, member: tables.OrganizationMember) -> None:
    """Take somebody out of an organization. Only owners remove owners. The member must be locked."""
    if member.role is OrganizationRole.OWNER:
        await check_owner(work, member.organization_id, at="memberId")
    organization = tables.Organization(id=member.organization_id)
    gone = {"organization": organization.public_id, "deleted_member_id": member.public_id}
    work.audit("member_removed", member, role=member.role, user=tables.User(id=member.user_id))
    work.events.append(Event(topic_of(organization), OrganizationEventKind.MEMBER_REMOVED.value, gone))
    work.touch(viewer_topic(member.user_id))
    await work.delete(member)


async def transfer(work: Work, member: tables.OrganizationMember) -> None:
    """Make a member the owner in the place of the viewer, who manages the organization from then on.

    The member must be locked. Raises Forbidden for a viewer who is no owner: an administrator has nothing to hand over.
    """
    own = select(tables.OrganizationMember).where(
        tables.OrganizationMember.organization_id == member.organization_id,
        tables.OrganizationMember.user_id == work.viewer_id,
    )
    mine = (await work.execute(own.with_for_update(key_share=True))).scalar_one_or_none()
    if mine is None or mine.role is not OrganizationRole.OWNER:
        raise Forbidden(FOR_OWNERS, at="memberId")
    if mine is member:
        raise BadInput("Name somebody else: you own it already.", at="memberId")
    await change_member(work, member, OrganizationRole.OWNER)
    await change_member(work, mine, OrganizationRole.ADMIN)


async def delete_organization(work: Work, organization: tables.Organization) -> None:
    """Delete an organization with its repositories, and all that is theirs. Projects stay, with their owners."""
    await check_owner(work, organization.id, at="organizationId")
    member = tables.OrganizationMember
    members = await work.scalars(select(member.user_id).where(member.organization_id == organization.id))
    roots = (await work.execute(_roots_below(), {"organization_id": organization.id})).scalars()
    work.audit("organization_deleted", organization)
    await work.happened(OrganizationEventKind.ORGANIZATION_DELETED, organization)
    work.touch(*map(viewer_topic, members), *(root for root in roots if root))
    await work.delete(organization)


async def check_owner(work: Work, organization_id: UUID, *, at: str) -> None:
    """Raise Forbidden for a viewer who neither owns the organization nor administers the platform."""
    if work.viewer.is_admin:
        return
    if await work.scalar(role_of(organization_id, work.viewer_id)) is not OrganizationRole.OWNER:
        raise Forbidden(FOR_OWNERS, at=at)


def role_of(organization_id: UUID, user_id: UUID | None) -> Select[OrganizationRole]:
    """The statement that finds the role of somebody in an organization."""
    member = tables.OrganizationMember
    return select(member.role).where(member.organization_id == organization_id, member.user_id == user_id)


@cache
def _roots_below() -> Any:
    """The topics of the roots of all rows that refer to an organization: of its projects, its jobs, its invitations."""
    organizations = tables.Organization.__table__
    keys = (
        key.parent
        for table in base.tables()
        for key in table.__table__.foreign_keys
        if key.column.table is organizations
    )
    given = bindparam("organization_id", type_=Uuid())
    return union(*(select(root_topic(key.table)).where(key == given) for key in keys))

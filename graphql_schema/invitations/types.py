"""Invitations."""

from sqlalchemy import func, select

from db import tables
from graphql_schema.core import column, node, one, sql

organizations = tables.Organization.__table__
projects = tables.SpecificationProject.__table__


@node(tables.Invitation, orders=("-created_at", "expires_at"), filters=("status",))
class Invitation:
    """An invitation by e-mail address. Seen by those who manage its target, and by the person who has verified it."""

    email = column("The address that it was sent to, in small letters.")
    organization_role = column("What they are to be in the organization; null for one to a project.")
    project_role = column("What they are to be in the project; null for one to an organization.")
    status = column("Whether it waits for an answer, or what became of it.")
    created_at = column("When it was sent.")
    expires_at = column("When it ends if nobody answers.")
    target_name = sql(
        str,
        "The name of the organization or the project, which you do not see before you have accepted.",
        lambda invitation: func.coalesce(
            select(organizations.c.name).where(organizations.c.id == invitation.organization_id).scalar_subquery(),
            select(projects.c.name).where(projects.c.id == invitation.project_id).scalar_subquery(),
        ),
    )
    invited_by = one(tables.Invitation.invited_by_id, "Who sent it.")
    organization = one(tables.Invitation.organization_id, "The organization that it is to, if you see that.")
    project = one(tables.Invitation.project_id, "The project that it is to, if you see that.")

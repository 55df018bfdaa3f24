"""Organizations and their members."""

from sqlalchemy import and_, select

from db import tables
from db.access import viewer_id
from db.permissions import MANAGE
from graphql_schema.activity.types import Activity
from graphql_schema.core import column, many, many_of, node, one, sql

users = tables.User.__table__
OF_DOCUMENTS = tables.SpecificationDocument.project_id, tables.SpecificationProject.organization_id
"""The way from what hangs on a document up to its organization."""


@node(tables.Organization, orders=("name", "created_at"), filters=("plan",))
class Organization:
    """A company or a team: what repositories and projects belong to. Seen by its members alone."""

    name = column("The name to show.")
    slug = column("The name in addresses; unique.")
    description = column("What it is about.")
    avatar_url = column("Its picture.")
    plan = column("What it pays for.")
    created_at = column("When it was made.")
    updated_at = column("When it was last changed.")

    members = many(tables.OrganizationMember.organization_id, "Who belongs to it.")
    viewer_membership = one(
        tables.OrganizationMember,
        "Your own place in it.",
        on=lambda organization, member: and_(member.organization_id == organization.id, member.user_id == viewer_id()),
    )
    repositories = many(tables.Repository.organization_id, "Its repositories, as far as you see them.")
    projects = many(tables.SpecificationProject.organization_id, "Its specification projects, as far as you see them.")
    activity = many_of(
        Activity,
        "What happened in it, newest first, as far as you see its repositories and projects: commits, pull requests, "
        "versions of documents that were saved, and comments.",
        (tables.Commit.repository_id, tables.Repository.organization_id),
        (tables.PullRequest.repository_id, tables.Repository.organization_id),
        (tables.DocumentVersion.document_id, *OF_DOCUMENTS),
        (tables.Comment.thread_id, tables.CommentThread.document_id, *OF_DOCUMENTS),
    )
    invitations = many(
        tables.Invitation.organization_id, "Who was invited to it, newest first; for those who manage it."
    )
    audit_logs = many(
        tables.AuditLog.organization_id,
        "What was done to it and to what belongs to it, newest first; for those who manage it. Others find what they "
        "did themselves.",
    )
    api_keys = many(
        tables.ApiKey.organization_id, "The API keys that were made for it: all for those who manage it, else your own."
    )
    webhook_events = many(
        tables.WebhookEvent.organization_id,
        "What GitHub sent about it and its repositories, newest first; for those who manage it.",
    )


@node(tables.OrganizationMember, orders=("created_at",), filters=("role",))
class OrganizationMember:
    """A person's place in an organization."""

    role = column("What the person is to the organization.")
    email = sql(
        str | None,
        "The person's e-mail address; null unless you manage the organization.",
        lambda member: select(users.c.email).where(users.c.id == member.user_id).scalar_subquery(),
        needs=MANAGE,
    )
    created_at = column("Since when.")
    organization = one(tables.OrganizationMember.organization_id, "The organization.")
    user = one(tables.OrganizationMember.user_id, "The person.")

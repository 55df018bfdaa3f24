"""Organizations and their members."""

from sqlalchemy import and_, select

from db import tables
from db.access import viewer_id
from db.permissions import MANAGE
from graphql_schema.activity.types import Activity
from graphql_schema.core import aggregate, column, many, many_of, node, one, sql
from graphql_schema.metrics.types import DeveloperPeriod, DeveloperTotals, MetricsCoverage, TeamPeriod

users = tables.User.__table__
OF_DOCUMENTS = tables.SpecificationDocument.project_id, tables.SpecificationProject.organization_id
"""The way from what hangs on a document up to its organization."""
REPOSITORIES = tables.Repository.__table__


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

    has_github_token = sql(
        bool | None,
        "Whether it has a token with which GitHub is asked for what it has not told; null unless you manage it.",
        lambda organization: organization.github_token.is_not(None),
        needs=MANAGE,
    )
    github_token_refused_at = column(
        "Since when GitHub refuses the token: give it another one. Null while it does not, and unless you manage it.",
        needs=MANAGE,
    )
    github_retry_at = column(
        "When GitHub takes requests with the token again, where there were too many; null unless you manage it.",
        needs=MANAGE,
    )

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
        "versions of documents that were saved, comments, and issues.",
        (tables.Commit.repository_id, tables.Repository.organization_id),
        (tables.PullRequest.repository_id, tables.Repository.organization_id),
        (tables.DocumentVersion.document_id, *OF_DOCUMENTS),
        (tables.Comment.thread_id, tables.CommentThread.document_id, *OF_DOCUMENTS),
        (tables.Issue.repository_id, tables.Repository.organization_id),
    )
    metrics = aggregate(
        (tables.TeamMetric.repository_id, tables.Repository.organization_id),
        TeamPeriod,
        "What was done in its repositories over time, as far as you see them, for a chart: an item for every period of "
        "the range, the earliest first.",
    )
    metrics_coverage = aggregate(
        (tables.TeamMetric.repository_id, tables.Repository.organization_id),
        MetricsCoverage,
        "Since when there are `metrics`, and what is missing in them.",
    )
    developer_totals = aggregate(
        (tables.DeveloperMetric.repository_id, tables.Repository.organization_id),
        DeveloperTotals,
        "What each person did in its repositories, those with the most commits first, on the days that the filter "
        "names: of all for those who manage it, else your own.",
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
    retention_policies = many(
        tables.RetentionPolicy.organization_id,
        "How long it keeps what grows by itself, where it has said so; for those who manage it.",
    )
    identities = many(
        tables.Identity.organization_id,
        "The addresses and logins that it has merged with people, the oldest first: all for those who manage it, else "
        "your own.",
    )
    identity_suggestions = many(
        tables.IdentitySuggestion.organization_id,
        "Addresses and logins in its commits that may be a member's, those with the most commits first; for those who "
        "manage it.",
    )
    notification_rules = many(
        tables.NotificationRule.organization_id,
        "What members want to be told of: all for those who manage it, else your own.",
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
    metrics = aggregate(
        tables.DeveloperMetric,
        DeveloperPeriod,
        "What the person did in the organization over time, an item for every period of the range: for themselves, and "
        "for those who manage it; nothing for others.",
        on=lambda member, metric: and_(
            metric.user_id == member.user_id,
            metric.repository_id.in_(
                select(REPOSITORIES.c.id)
                .where(REPOSITORIES.c.organization_id == member.organization_id)
                .correlate_except(REPOSITORIES)
            ),
        ),
    )
    organization = one(tables.OrganizationMember.organization_id, "The organization.")
    user = one(tables.OrganizationMember.user_id, "The person.")

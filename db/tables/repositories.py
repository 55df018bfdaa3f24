"""Repositories of an organization with what happens in them: commits, pull requests, daily statistics, raw events."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Json, Updated, count, refers, state, string
from db.columns import bigint
from db.constraints import check, unique
from db.enums import Words
from db.indexes import latest
from db.partitions import Monthly
from db.permissions import MANAGE
from db.rules import administrators, members, through
from db.search import found_by_parts, searchable
from db.tables.organizations import ORGANIZATION_ROLES, OrganizationRole


class Sensitivity(Words):
    """How closely an organization holds a repository."""

    NORMAL = "NORMAL", "Every member of the organization sees it."
    SENSITIVE = "SENSITIVE", "Members see it, viewers do not."
    RESTRICTED = "RESTRICTED", "Only owners and administrators of the organization see it."


class PullRequestState(Words):
    """Whether a pull request waits, was merged, or was closed without a merge."""

    OPEN = "OPEN", "Waits."
    MERGED = "MERGED", "Was merged."
    CLOSED = "CLOSED", "Was closed without a merge."


organization_members = members(
    "organization_members",
    "organization_id",
    ORGANIZATION_ROLES,
    key="organization_id",
    where=lambda member, repository: or_(
        repository.sensitivity == Sensitivity.NORMAL,
        member.role == OrganizationRole.OWNER,
        member.role == OrganizationRole.ADMIN,
        (repository.sensitivity == Sensitivity.SENSITIVE) & (member.role == OrganizationRole.MEMBER),
    ),
)


class Repository(Updated, Base, access=organization_members, prefix="rep"):
    """A repository. Its sensitivity decides which members of the organization see it."""

    __tablename__ = "repositories"

    organization_id: Mapped[UUID] = refers("organizations")
    name: Mapped[str] = string(100)
    full_name: Mapped[str] = string(250)
    description: Mapped[str | None]
    language: Mapped[str | None]
    license: Mapped[str | None]
    default_branch: Mapped[str] = mapped_column(default="main", server_default="main")
    sensitivity: Mapped[Sensitivity] = state(Sensitivity.NORMAL)
    github_id: Mapped[int | None] = bigint()
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    search_vector: Mapped[str] = searchable(A="full_name", B="description")

    __table_args__ = (
        Index(None, "search_vector", postgresql_using="gin"),
        found_by_parts("full_name", name="ix_repositories_full_name_parts"),
        unique("full_name", says="Another repository has this name."),
        unique("github_id", says="This repository of GitHub is here already."),
        unique("organization_id", "name", says="The organization has a repository of this name."),
    )


class RepositoryStats(Base, access=through("repository_id"), prefix="rst"):
    """The activity in a repository on one day (UTC)."""

    __tablename__ = "repository_stats"

    repository_id: Mapped[UUID] = refers("repositories")
    date: Mapped[date]
    commits: Mapped[int] = count()
    authors: Mapped[int] = count()
    additions: Mapped[int] = count()
    deletions: Mapped[int] = count()
    files_changed: Mapped[int] = count()
    pull_requests_merged: Mapped[int] = count()
    releases: Mapped[int] = count()

    __table_args__ = (unique("repository_id", "date", says="The repository has statistics of this day."),)


class Commit(Base, access=through("repository_id"), prefix="com"):
    """A commit, with its author as a person where the e-mail address or GitHub account is known."""

    __tablename__ = "commits"

    repository_id: Mapped[UUID] = refers("repositories")
    sha: Mapped[str] = string(40)
    message: Mapped[str]
    author_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    author_name: Mapped[str]
    author_email: Mapped[str] = string(500)
    authored_at: Mapped[datetime]
    committed_at: Mapped[datetime]
    parent_count: Mapped[int] = count(1)
    pull_request_number: Mapped[int | None]
    additions: Mapped[int] = count()
    deletions: Mapped[int] = count()
    files_changed: Mapped[int] = count()

    __table_args__ = (
        unique("repository_id", "sha", says="The repository has this commit."),
        Index(None, "repository_id", "committed_at", "id"),
        Index(None, "author_id", "committed_at", "id"),
        Index(None, "author_id", "repository_id", "committed_at", "id"),
        Index(None, "repository_id", "pull_request_number"),
        Index("ix_commits_author_email", text("lower(author_email)")),
        check("sha ~ '^[0-9a-f]{40}$'", at="sha", says="A commit is named by 40 hexadecimal digits in lower case."),
    )


class PullRequest(Updated, Base, access=through("repository_id"), prefix="pul"):
    """A pull request. Its state is null where the source does not say."""

    __tablename__ = "pull_requests"

    repository_id: Mapped[UUID] = refers("repositories")
    number: Mapped[int]
    title: Mapped[str]
    state: Mapped[PullRequestState | None]
    author_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    author_name: Mapped[str]
    head_sha: Mapped[str]
    merge_sha: Mapped[str | None]
    opened_at: Mapped[datetime]
    merged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    additions: Mapped[int | None]
    deletions: Mapped[int | None]
    files_changed: Mapped[int | None]

    __table_args__ = (
        unique("repository_id", "number", says="The repository has a pull request of this number."),
        Index(None, "repository_id", "opened_at", "id"),
        latest("ix_pull_requests_merged", "repository_id", by="merged_at"),
        Index(None, "author_id", "opened_at", "id"),
        Index(None, "author_id", "repository_id", "opened_at", "id"),
        Index(None, "repository_id", "state"),
        check(
            "state <> 'MERGED' OR merged_at IS NOT NULL",
            name="merged",
            at="merged_at",
            says="A pull request that was merged says when.",
        ),
    )


class WebhookEvent(
    Updated,
    Base,
    access=through("repository_id", see=MANAGE) | through("organization_id", see=MANAGE),
    prefix="evt",
    partitioned=Monthly(days=90),
):
    """A delivery of GitHub as it came."""

    __tablename__ = "webhook_events"

    delivery_id: Mapped[str] = string(100)
    organization_id: Mapped[UUID | None] = refers("organizations")
    repository_id: Mapped[UUID | None] = refers("repositories")
    event: Mapped[str] = string(100)
    action: Mapped[str | None]
    payload: Mapped[Json]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "organization_id", "received_at", "id"),
        Index(None, "repository_id", "received_at", "id"),
        Index(None, "event", "received_at"),
        Index(None, "received_at"),
    )


class WebhookDelivery(Base, access=administrators, kept_with="webhook_events", prefix="whd"):
    """The mark that a delivery of GitHub has arrived, as long as its event is kept; with the id of the event."""

    __tablename__ = "webhook_deliveries"

    delivery_id: Mapped[str] = string(100)

    __table_args__ = (unique("delivery_id", says="This delivery has come before."),)

"""Repositories of an organization with what happens in them: commits, pull requests, issues, releases, statistics."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Computed, Index, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, count, flag, refers, state, string
from db.columns import bigint
from db.constraints import check, not_blank, unique
from db.indexes import latest
from db.roots import narrow
from db.rules import members, through
from db.search import found_by_parts, searchable
from db.tables.organizations import ORGANIZATION_ROLES, OrganizationRole
from db.tables.repositories_enums import IssueState, PullRequestState, ReviewState, Sensitivity

NOREPLY = r"^(?:\d+\+)?([^@+]+)@users\.noreply\.github\.com$"
"""The addresses that GitHub makes for a login, as a regular expression that PostgreSQL and Python read alike."""
AUTHOR_LOGIN = f"lower(COALESCE(author_username, \"substring\"(lower(author_email), '{NOREPLY}'::text)))"

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
    name: Mapped[str] = string(250)
    full_name: Mapped[str] = string(250)
    description: Mapped[str | None] = string(2_000)
    language: Mapped[str | None]
    license: Mapped[str | None]
    default_branch: Mapped[str] = string(255, default="main", server_default="main")
    sensitivity: Mapped[Sensitivity] = state(Sensitivity.NORMAL)
    github_id: Mapped[int | None] = bigint()
    html_url: Mapped[str | None] = string(500)
    topics: Mapped[list[str]] = mapped_column(default=list, server_default="{}", info={"longest": 50})
    is_private: Mapped[bool] = flag(default=False)
    is_active: Mapped[bool] = flag(default=True)
    head_sha: Mapped[str | None] = string(40)
    pushed_at: Mapped[datetime | None]
    first_number: Mapped[int | None]
    """The first and the last number that an issue, a pull request or a discussion had when GitHub told that it began:
    from one to the other none is missing, but for those of `ingestion_gaps`.
    """
    last_number: Mapped[int | None]
    archived_at: Mapped[datetime | None]
    last_event_at: Mapped[datetime | None]
    source_updated_at: Mapped[datetime | None]
    search_vector: Mapped[str] = searchable(A="full_name", B="description")

    __table_args__ = (
        Index(None, "search_vector", postgresql_using="gin"),
        found_by_parts("full_name", name="ix_repositories_full_name_parts"),
        # GitHub takes large and small letters of a name for the same.
        unique(
            text("lower(full_name)"),
            at="full_name",
            name="uq_repositories_full_name_lower",
            says="Another repository has this name.",
        ),
        Index(None, "full_name"),
        unique("organization_id", "github_id", says="The organization has this repository of GitHub already."),
        Index(None, "organization_id", "name"),
        check(
            "full_name ~ '^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$'",
            at="full_name",
            says="A full name is that of the owner, a slash and the name: octokit/webhooks.",
        ),
        not_blank("default_branch"),
    )


narrow(Repository, "repository", "id")


class RepositoryStats(Updated, Base, access=through("repository_id"), prefix="rst"):
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
    author_username: Mapped[str | None] = string(100)
    """The author's login on GitHub, where GitHub says it."""
    author_login: Mapped[str | None] = mapped_column(Computed(AUTHOR_LOGIN, persisted=True), info={"longest": 500})
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
        Index(None, "author_login"),
        check("sha ~ '^[0-9a-f]{40}$'", at="sha", says="A commit is named by 40 hexadecimal digits in lower case."),
    )


class PullRequest(Updated, Base, access=through("repository_id"), prefix="pul", noun="pull_request"):
    """A pull request. Its state is null where the source does not say."""

    __tablename__ = "pull_requests"

    repository_id: Mapped[UUID] = refers("repositories")
    number: Mapped[int]
    title: Mapped[str]
    body: Mapped[str | None]
    github_id: Mapped[int | None] = bigint()
    html_url: Mapped[str | None] = string(500)
    state: Mapped[PullRequestState | None]
    is_draft: Mapped[bool] = flag(default=False)
    base_branch: Mapped[str | None] = string(255)
    head_branch: Mapped[str | None] = string(255)
    author_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    author_name: Mapped[str] = string(200)
    head_sha: Mapped[str]
    merge_sha: Mapped[str | None]
    first_committed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    first_reviewed_at: Mapped[datetime | None]
    merged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    additions: Mapped[int | None]
    deletions: Mapped[int | None]
    files_changed: Mapped[int | None]
    source_updated_at: Mapped[datetime | None]

    __table_args__ = (
        unique("repository_id", "number", says="The repository has a pull request of this number."),
        Index(None, "repository_id", "opened_at", "id"),
        latest("ix_pull_requests_merged", "repository_id", by="merged_at"),
        Index(None, "author_id", "opened_at", "id"),
        Index(None, "author_id", "repository_id", "opened_at", "id"),
        Index("ix_pull_requests_author_name", text("lower(author_name)")),
        Index(None, "repository_id", "state"),
        check(
            "state <> 'MERGED' OR merged_at IS NOT NULL",
            name="merged",
            at="merged_at",
            says="A pull request that was merged says when.",
        ),
    )


class PullRequestReview(Updated, Base, access=through("pull_request_id"), prefix="prr"):
    """A review of a pull request by a person, as GitHub has it. The columns are ours: the source names none."""

    __tablename__ = "pull_request_reviews"

    pull_request_id: Mapped[UUID] = refers("pull_requests")
    github_id: Mapped[int] = bigint()
    reviewer_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    reviewer_name: Mapped[str] = string(200)
    state: Mapped[ReviewState]
    submitted_at: Mapped[datetime]
    source_updated_at: Mapped[datetime | None]

    __table_args__ = (
        unique("pull_request_id", "github_id", says="The pull request has this review already."),
        Index(None, "pull_request_id", "submitted_at", "id"),
        Index(None, "reviewer_id", "submitted_at", "id"),
        Index("ix_pull_request_reviews_reviewer_name", text("lower(reviewer_name)")),
    )


def is_there(row: Any) -> ColumnElement[bool]:
    """It is not deleted at GitHub. What is stays, unseen, so that no older message brings it back."""
    there: ColumnElement[bool] = row.deleted_at.is_(None)
    return there


class Issue(Updated, Base, access=through("repository_id", where=is_there), prefix="iss"):
    """An issue of a repository, as GitHub has it."""

    __tablename__ = "issues"

    repository_id: Mapped[UUID] = refers("repositories")
    number: Mapped[int]
    github_id: Mapped[int | None] = bigint()
    title: Mapped[str]
    body: Mapped[str | None]
    html_url: Mapped[str | None] = string(500)
    state: Mapped[IssueState] = state(IssueState.OPEN)
    labels: Mapped[list[str]] = mapped_column(default=list, server_default="{}", info={"longest": 100})
    author_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    author_name: Mapped[str] = string(200)
    assignee_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    source_updated_at: Mapped[datetime | None]
    search_vector: Mapped[str] = searchable(A="title")

    __table_args__ = (
        unique("repository_id", "number", says="The repository has an issue of this number."),
        Index(None, "search_vector", postgresql_using="gin"),
        Index(None, "author_id", "repository_id", "opened_at", "id"),
        Index(None, "repository_id", "opened_at", "id"),
        Index(None, "repository_id", "state", "opened_at", "id"),
        Index(None, "author_id", "opened_at", "id"),
        Index(None, "assignee_id", "opened_at", "id"),
        Index("ix_issues_author_name", text("lower(author_name)")),
        check(
            "(state = 'CLOSED') = (closed_at IS NOT NULL)",
            name="closed",
            says="An issue that is closed says when, and no other.",
        ),
    )


class Release(Updated, Base, access=through("repository_id", where=is_there), prefix="rls"):
    """A release of a repository: a tag, and the commit that it names where that is known."""

    __tablename__ = "releases"

    repository_id: Mapped[UUID] = refers("repositories")
    tag: Mapped[str] = string(255)
    name: Mapped[str | None] = string(500)
    sha: Mapped[str | None] = string(40)
    is_prerelease: Mapped[bool] = flag(default=False)
    published_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    source_updated_at: Mapped[datetime | None]

    __table_args__ = (
        unique("repository_id", "tag", says="The repository has a release of this tag."),
        Index(None, "repository_id", "published_at", "id"),
    )

"""Repositories with their commits, pull requests, daily statistics and raw webhook events."""

from sqlalchemy import Double, and_, cast, extract

from db import tables
from graphql_schema.activity.types import Activity
from graphql_schema.core import (
    aggregate,
    aggregate_of,
    column,
    count,
    highest,
    lowest,
    many,
    many_of,
    node,
    one,
    period,
    sql,
    total,
)


@aggregate_of(tables.Commit)
class CommitActivity:
    """The commits of one period."""

    begins_at = period("committed_at", "The moment at which the period begins.")
    commits = count("How many commits were made.")
    authors = count("How many people made them, of those who are known.", distinct="author_id")
    additions = total("additions", "How many lines they added.")
    deletions = total("deletions", "How many lines they removed.")


@aggregate_of(tables.Commit, order="-commits")
class CommitAuthor:
    """The commits of one person."""

    author = one(tables.Commit.author_id, "The person; null for all whom nobody knows.")
    commits = count("How many commits they made.")
    additions = total("additions", "How many lines they added.")
    deletions = total("deletions", "How many lines they removed.")
    first_committed_at = lowest("committed_at", "When they first committed.")
    last_committed_at = highest("committed_at", "When they last committed.")


@node(
    tables.Repository,
    orders=("full_name", "created_at"),
    filters=("language", "sensitivity", "is_active", "organization_id"),
)
class Repository:
    """A repository of an organization. Its sensitivity decides which members see it."""

    name = column("The name within its owner.")
    full_name = column("Owner and name, as in addresses: `octokit/webhooks`; unique.")
    description = column("What it is about.")
    language = column("The programming language that it is mostly written in.")
    license = column("The SPDX name of its licence.")
    default_branch = column("The branch that changes are merged into.")
    sensitivity = column("How closely the organization holds it.")
    is_active = column("Whether it is still followed.")
    created_at = column("When it was made.")
    updated_at = column("When what is known of it last changed.")
    organization = one(tables.Repository.organization_id, "The organization that it belongs to.")
    commits = many(tables.Commit.repository_id, "Its commits, newest first.")
    commit_activity = aggregate(
        tables.Commit.repository_id,
        CommitActivity,
        "Its commits over time, for a chart: an item for every period of the range, the earliest first, with zeros "
        "where nothing was committed.",
    )
    commit_authors = aggregate(
        tables.Commit.repository_id, CommitAuthor, "Who committed to it, those with the most commits first."
    )
    pull_requests = many(tables.PullRequest.repository_id, "Its pull requests, newest first.")
    activity = many_of(
        Activity,
        "Its commits and pull requests as one list, newest first.",
        tables.Commit.repository_id,
        tables.PullRequest.repository_id,
    )
    stats = many(
        tables.RepositoryStats.repository_id,
        "What happened on each day, newest first; days without activity are left out.",
    )
    webhook_events = many(tables.WebhookEvent.repository_id, "What GitHub sent, newest first; for those who manage it.")
    projects = many(tables.SpecificationProject.repository_id, "The projects that specify it, as far as you see them.")


@node(tables.RepositoryStats, orders=("-date",), filters=("date",))
class RepositoryStats:
    """The activity in a repository on one day."""

    date = column("The day, in UTC.")
    commits = column("How many commits were made.")
    authors = column("How many people made them.")
    additions = column("How many lines were added.")
    deletions = column("How many lines were removed.")
    files_changed = column("How many files were changed.")
    pull_requests_merged = column("How many pull requests were merged.")
    releases = column("How many releases were made.")
    repository = one(tables.RepositoryStats.repository_id, "The repository.")


@node(
    tables.Commit,
    orders=("-committed_at", "authored_at"),
    filters=("author_id", "committed_at", "sha", "pull_request_number"),
)
class Commit:
    """A commit."""

    sha = column("The 40 hex digits that name it.")
    message = column("The first line of its message.")
    author_name = column("The author's name as the commit has it.")
    authored_at = column("When it was written.")
    committed_at = column("When it was committed.")
    parent_count = column("How many parents it has: 2 for a merge.")
    pull_request_number = column("The number of the pull request that it names.")
    additions = column("How many lines it added.")
    deletions = column("How many lines it removed.")
    files_changed = column("How many files it changed.")
    author = one(tables.Commit.author_id, "The author as a person, where they are known.")
    repository = one(tables.Commit.repository_id, "The repository.")
    pull_request = one(
        tables.PullRequest,
        "The pull request that it names.",
        on=lambda commit, pull: and_(
            pull.repository_id == commit.repository_id, pull.number == commit.pull_request_number
        ),
    )


@node(
    tables.PullRequest,
    orders=("-opened_at", "number", "merged_at", "closed_at", "hours_to_merge"),
    filters=("state", "author_id", "opened_at", "merged_at", "number", "hours_to_merge"),
)
class PullRequest:
    """A pull request."""

    number = column("Its number in the repository.")
    title = column("What it is about.")
    state = column("Whether it waits, was merged or was closed; null where the source does not say.")
    author_name = column("The author's name as the source has it.")
    head_sha = column("The commit that it proposes.")
    merge_sha = column("The commit that merged it.")
    opened_at = column("When it was opened.")
    merged_at = column("When it was merged.")
    closed_at = column("When it was closed.")
    hours_to_merge = sql(
        float | None,
        "How many hours passed until it was merged; null if it was not.",
        lambda pull: cast(extract("epoch", pull.merged_at - pull.opened_at) / 3600, Double),
        weight=None,
    )
    additions = column("How many lines it adds, where that is known.")
    deletions = column("How many lines it removes, where that is known.")
    files_changed = column("How many files it changes, where that is known.")
    author = one(tables.PullRequest.author_id, "The author as a person, where they are known.")
    repository = one(tables.PullRequest.repository_id, "The repository.")
    commits = many(
        tables.Commit,
        "The commits that name it.",
        on=lambda pull, commit: and_(
            commit.repository_id == pull.repository_id, commit.pull_request_number == pull.number
        ),
    )


@node(tables.WebhookEvent, orders=("-received_at",), filters=("event", "received_at"))
class WebhookEvent:
    """A message from GitHub as it came. For those who manage the repository or the organization."""

    delivery_id = column("The id that GitHub gave the delivery; unique.")
    event = column("The kind of event, as GitHub names it: `pull_request`.")
    action = column("What happened to its subject: `opened`.")
    payload = column("The message.")
    received_at = column("When it came.")
    processed_at = column("When it was worked into the repository's data; null while it waits.")
    organization = one(tables.WebhookEvent.organization_id, "The organization that it is about.")
    repository = one(tables.WebhookEvent.repository_id, "The repository that it is about.")

"""Repositories with their commits, pull requests, reviews, issues, releases and daily statistics."""

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
from graphql_schema.metrics.types import TeamPeriod


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
    is_private = column("Whether only those see it on GitHub who were let in.")
    html_url = column("Its address on GitHub; null where it has none.")
    topics = column("What it is about, as GitHub lists it.")
    head_sha = column("The newest commit of its default branch that is known; null before the first.")
    pushed_at = column("When somebody last pushed to its default branch; null where that is not known.")
    last_event_at = column("When GitHub last told of it; null before the first time.")
    archived_at = column("When it was archived on GitHub; null while it is not.")
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
    issues = many(tables.Issue.repository_id, "Its issues, newest first.")
    releases = many(tables.Release.repository_id, "Its releases, newest first.")
    activity = many_of(
        Activity,
        "Its commits, pull requests and issues as one list, newest first.",
        tables.Commit.repository_id,
        tables.PullRequest.repository_id,
        tables.Issue.repository_id,
    )
    stats = many(
        tables.RepositoryStats.repository_id,
        "What happened on each day, newest first; days without activity are left out.",
    )
    metrics = aggregate(
        tables.TeamMetric.repository_id,
        TeamPeriod,
        "What was done in it over time, for a chart: an item for every period of the range, the earliest first.",
    )
    team_metrics = many(
        tables.TeamMetric.repository_id,
        "What was done in it on each day, newest first; days on which nothing was are left out.",
    )
    developer_metrics = many(
        tables.DeveloperMetric.repository_id,
        "What each person did in it on each day, newest first: of all for those who manage it, else your own.",
    )
    webhook_events = many(tables.WebhookEvent.repository_id, "What GitHub sent, newest first; for those who manage it.")
    notification_rules = many(
        tables.NotificationRule.repository_id,
        "The rules that are about it alone: all for those who manage the organization, else your own.",
    )
    notification_deliveries = many(
        tables.NotificationDelivery.repository_id,
        "What was told of it by rules, newest first: all for those who manage the organization, else by your own.",
    )
    gaps = many(
        tables.IngestionGap.repository_id,
        "What GitHub must have told of it and has not, newest first; for those who manage it.",
    )
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
    projects = many(
        tables.SpecificationProject,
        "The projects that specify its repository, as far as you see them.",
        on=lambda commit, project: project.repository_id == commit.repository_id,
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
    body = column("What its author says of it; null where nothing is known.")
    html_url = column("Its address on GitHub; null where it has none.")
    state = column("Whether it waits, was merged or was closed; null where the source does not say.")
    is_draft = column("Whether its author still works on it.")
    base_branch = column("The branch that it would change.")
    head_branch = column("The branch that it comes from.")
    author_name = column("The author's name as the source has it.")
    head_sha = column("The commit that it proposes.")
    merge_sha = column("The commit that merged it.")
    first_committed_at = column("When its first commit was written; null where that is not known.")
    opened_at = column("When it was opened.")
    first_reviewed_at = column("When somebody else first reviewed it; null while nobody has.")
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
    reviews = many(
        tables.PullRequestReview.pull_request_id, "What people said of it when they reviewed it, newest first."
    )
    code_reviews = many(
        tables.CodeReview.pull_request_id, "How risky a program finds it, at each commit for which it was asked."
    )


@node(tables.PullRequestReview, orders=("-submitted_at",), filters=("state", "submitted_at", "reviewer_id"))
class PullRequestReview:
    """A review of a pull request by a person."""

    state = column("The verdict.")
    reviewer_name = column("The reviewer's login, as GitHub has it.")
    submitted_at = column("When it was given.")
    reviewer = one(tables.PullRequestReview.reviewer_id, "The reviewer as a person, where they are known.")
    pull_request = one(tables.PullRequestReview.pull_request_id, "The pull request.")


@node(
    tables.Issue,
    orders=("-opened_at", "number", "closed_at"),
    filters=("state", "author_id", "assignee_id", "opened_at", "closed_at", "number"),
)
class Issue:
    """An issue of a repository: something to mend, to build or to talk about."""

    number = column("Its number in the repository.")
    title = column("What it is about.")
    body = column("What its author says of it.")
    html_url = column("Its address on GitHub; null where it has none.")
    state = column("Whether it waits or is done with.")
    labels = column("The names of its labels.")
    author_name = column("The author's login, as GitHub has it.")
    opened_at = column("When it was opened.")
    closed_at = column("When it was closed; null while it waits.")
    author = one(tables.Issue.author_id, "The author as a person, where they are known.")
    assignee = one(tables.Issue.assignee_id, "The person who sees to it; null where nobody known does.")
    repository = one(tables.Issue.repository_id, "The repository.")


@node(tables.Release, orders=("-published_at",), filters=("published_at", "is_prerelease"))
class Release:
    """A release of a repository."""

    tag = column("The tag that names it.")
    name = column("Its title; null where it has none.")
    sha = column("The commit that it was made of, where that is known.")
    is_prerelease = column("Whether it is meant for trying out.")
    published_at = column("When it was published.")
    repository = one(tables.Release.repository_id, "The repository.")

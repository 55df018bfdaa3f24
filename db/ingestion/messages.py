"""Messages of GitHub are read: what each says of a repository, and of what happens in it.

A message of another kind says nothing that is kept here; it stays as it came.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from db.actions.git_history import pull_request_number
from db.actions.identities import Author
from db.base import Json
from db.ingestion import shapes
from db.ingestion.facts import COMMIT, HEAD, ISSUE, PULL_REQUEST, RELEASE, REPOSITORY, REVIEW, Fact
from db.ingestion.shapes import NOTHING, Moment
from db.tables import IssueState, PullRequestState, ReviewState

GHOST = "ghost"
"""The login that GitHub shows for people who have gone."""
LONGEST_BRANCH = 255
IS_GONE = {"deleted", "transferred"}


@dataclass(slots=True)
class Said:
    """All that a message says."""

    facts: list[Fact] = field(default_factory=list)
    went_on: tuple[str, str] | None = None
    """A branch, and the commit from which a push to it went on."""
    pushed: str | None = None
    """A branch that was pushed to."""
    began: int | None = None
    """The number of an issue, a pull request or a discussion that began."""


def said(event: str, action: str | None, payload: Json) -> Said:
    """Everything that a message says; raises ValidationError for one that makes no sense."""
    return READERS[event](action or "", payload)


def _push(_action: str, payload: Json) -> Said:
    push = shapes.Push.model_validate(payload)
    kind, _, branch = push.ref.removeprefix("refs/").partition("/")
    if kind != "heads" or push.after == NOTHING:
        return Said()
    branch, repository = branch[:LONGEST_BRANCH], push.repository
    facts = list(map(_commit, push.commits))
    if branch == repository.default_branch and repository.pushed_at:
        facts.append(Fact(HEAD, None, {"head_sha": push.after, "pushed_at": repository.pushed_at}))
    return Said(facts, went_on=None if push.before == NOTHING else (branch, push.before), pushed=branch)


def _commit(commit: shapes.Commit) -> Fact:
    subject, author = commit.message.partition("\n")[0], commit.author
    values = {
        "message": subject,
        "author_name": author.name,
        "author_email": author.email or "",
        "author_username": author.username,
        "authored_at": commit.timestamp,
        "committed_at": commit.timestamp,
        "pull_request_number": pull_request_number(subject),
        "files_changed": len({*commit.added, *commit.removed, *commit.modified}),
    }
    return Fact(COMMIT, commit.id, values, {"author_id": Author(author.email, author.username, author.name)})


def _pull_request(action: str, payload: Json) -> Said:
    fact = _of_pull_request(payload)
    return Said([fact], began=fact.key if action == "opened" else None)


def _of_pull_request(payload: Json) -> Fact:
    pull = shapes.PullRequest.model_validate(payload.get("pull_request"))
    ended = PullRequestState.MERGED if pull.merged_at else PullRequestState.CLOSED
    state = PullRequestState.OPEN if pull.state == "open" else ended
    values = {
        "github_id": pull.id,
        "title": pull.title,
        "body": pull.body,
        "html_url": pull.html_url,
        "state": state,
        "is_draft": pull.draft,
        "base_branch": pull.base.ref,
        "head_branch": pull.head.ref,
        "author_name": _login(pull.user),
        "head_sha": pull.head.sha,
        "merge_sha": pull.merge_commit_sha if pull.merged_at else None,
        "opened_at": pull.created_at,
        "merged_at": pull.merged_at,
        "closed_at": _ended(pull.closed_at, pull.updated_at, is_open=pull.state == "open"),
        "additions": pull.additions,
        "deletions": pull.deletions,
        "files_changed": pull.changed_files,
        "source_updated_at": pull.updated_at,
    }
    return Fact(PULL_REQUEST, pull.number, values, _people(author_id=pull.user))


def _review(_action: str, payload: Json) -> Said:
    pull, review = _of_pull_request(payload), shapes.Review.model_validate(payload.get("review"))
    state = ReviewState.__members__.get(review.state.upper())
    if state is None or review.submitted_at is None:  # nobody has heard of it yet
        return Said([pull])
    values = {
        "reviewer_name": _login(review.user),
        "state": state,
        "submitted_at": review.submitted_at,
        "source_updated_at": review.updated_at or review.submitted_at,
    }
    return Said([pull, Fact(REVIEW, review.id, values, _people(reviewer_id=review.user), below=pull.key)])


def _issue(action: str, payload: Json) -> Said:
    issue, is_gone = shapes.Issue.model_validate(payload.get("issue")), action in IS_GONE
    if issue.pull_request or (issue.state is None and not is_gone):
        return Said()
    closed_at = _ended(issue.closed_at, issue.updated_at, is_open=issue.state != "closed")
    values = {
        "github_id": issue.id,
        "title": "" if is_gone else issue.title,
        "body": None if is_gone else issue.body,
        "html_url": issue.html_url,
        "state": IssueState.CLOSED if closed_at else IssueState.OPEN,
        "labels": [] if is_gone else [label.name for label in issue.labels],
        "author_name": _login(issue.user),
        "opened_at": issue.created_at,
        "closed_at": closed_at,
        "deleted_at": issue.updated_at if is_gone else None,
        "source_updated_at": issue.updated_at,
    }
    people = _people(author_id=issue.user, assignee_id=issue.assignee)
    return Said([Fact(ISSUE, issue.number, values, people)], began=issue.number if action == "opened" else None)


def _release(action: str, payload: Json) -> Said:
    release = shapes.Release.model_validate(payload.get("release"))
    if release.draft:
        return Said()
    at = release.updated_at or release.published_at or release.created_at
    values = {
        "name": release.name,
        "is_prerelease": release.prerelease,
        "published_at": release.published_at or release.created_at,
        "deleted_at": at if action in IS_GONE else None,
        "source_updated_at": at,
    }
    return Said([Fact(RELEASE, release.tag_name, values)])


def _repository(action: str, payload: Json) -> Said:
    found = shapes.Repository.model_validate(payload.get("repository"))
    is_over = found.archived or action == "deleted"
    values = {
        "name": found.name,
        "full_name": found.full_name,
        "description": found.description,
        "language": found.language,
        "license": found.license and found.license.spdx_id,
        "default_branch": found.default_branch,
        "is_private": found.private,
        "html_url": found.html_url,
        "topics": [topic[:50] for topic in found.topics],
        "archived_at": found.updated_at if is_over else None,
        "source_updated_at": found.updated_at,
    }
    return Said([Fact(REPOSITORY, None, values)])


def _discussion(action: str, payload: Json) -> Said:
    number = shapes.Discussion.model_validate(payload.get("discussion")).number
    return Said(began=number if action == "created" else None)


READERS: dict[str, Callable[[str, Json], Said]] = {
    "push": _push,
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "issues": _issue,
    "release": _release,
    "repository": _repository,
    "public": _repository,
    "discussion": _discussion,
}
"""By the kinds of events, as GitHub names them."""


def _login(user: shapes.User | None) -> str:
    return user.login if user else GHOST


def _people(**users: shapes.User | None) -> dict[str, Author | None]:
    return {column: Author(None, user.login, user.login) if user else None for column, user in users.items()}


def _ended(at: Moment | None, updated_at: Moment, *, is_open: bool) -> Any:
    """When something ended; null while it is open, whatever the message says of the last time."""
    return None if is_open else at or updated_at


def everything(payloads: Iterable[tuple[str, str | None, Json]]) -> Iterator[Fact]:
    """The facts of many messages, of those that are read."""
    for event, action, payload in payloads:
        if event in READERS:
            yield from said(event, action, payload).facts

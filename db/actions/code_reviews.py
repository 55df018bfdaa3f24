"""Reviews of pull requests by a program: somebody asks for one, and a job makes it, once for each commit."""

from typing import Any

from sqlalchemy import func, select

from db import tables
from db.actions.reviewing import Reviews
from db.code_reviewing import RULE_SET, Change, CodeReviewer, Verdict
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import RepositoryEventKind, RiskLevel
from db.write import Work

REVIEWER: CodeReviewer = RULE_SET
"""The reviewer of what is asked for now."""
REVIEWERS: dict[str, CodeReviewer] = {REVIEWER.name: REVIEWER}
"""All reviewers by their names: reviews that were asked for earlier may be those of others."""
TRIES = 3
LEVELS = ((75, RiskLevel.CRITICAL), (50, RiskLevel.HIGH), (25, RiskLevel.MEDIUM), (0, RiskLevel.LOW))
MOST_PUSHES = 100
"""Pushes whose files are looked at, the newest first."""


async def request(work: Work, pull: tables.PullRequest) -> tables.CodeReview:
    """The review of a pull request as it stands, which is asked for unless it was before. It must be locked.

    One that has failed or was left is asked for again.
    """
    named = {"pull_request_id": pull.id, "head_sha": pull.head_sha, "reviewer": REVIEWER.name}
    review, is_to_be_made = await REVIEWS.asked(work, named)
    if is_to_be_made:
        work.audit("code_review_requested", review)
        await work.happened(RepositoryEventKind.CODE_REVIEW_REQUESTED, review)
    return review


@job(on=(RepositoryEventKind.CODE_REVIEW_REQUESTED,), tries=TRIES)
async def review_code(steps: Steps, review: str) -> None:
    """Review a pull request, and keep what the reviewer finds. What is done already is not done again."""
    await REVIEWS.make(steps, review)


async def _read(work: Work, review: tables.CodeReview) -> Change:
    """All that is known of the pull request of a review, at its commit."""
    pull, commit = tables.PullRequest, tables.Commit
    found = await work.scalar(select(pull).where(pull.id == review.pull_request_id))
    assert found
    of_head = (commit.repository_id == found.repository_id) & (commit.sha == review.head_sha)
    pushed_at = await work.scalar(select(commit.committed_at).where(of_head))
    merged, declined = await _before(work, found)
    return Change(
        title=found.title,
        body=found.body,
        additions=found.additions,
        deletions=found.deletions,
        files_changed=found.files_changed,
        paths=await _paths(work, found),
        pushed_at=pushed_at or found.opened_at,
        merged_before=merged,
        declined_before=declined,
    )


def level_of(score: int) -> RiskLevel:
    """The level of a score."""
    return next(level for least, level in LEVELS if score >= least)


async def _before(work: Work, pull: tables.PullRequest) -> tuple[int, int]:
    """How many pull requests of the same author were merged and declined in the repository before this was opened."""
    other = tables.PullRequest
    is_theirs = other.author_id == pull.author_id if pull.author_id else other.author_name == pull.author_name
    merged = func.count().filter(other.merged_at < pull.opened_at)
    declined = func.count().filter(other.merged_at.is_(None), other.closed_at < pull.opened_at)
    of_author = select(merged, declined).where(other.repository_id == pull.repository_id, is_theirs)
    counted = (await work.execute(of_author)).one()
    return counted[0], counted[1]


async def _paths(work: Work, pull: tables.PullRequest) -> frozenset[str]:
    """The files that pushes to the branch of a pull request have named since its first commit."""
    event: Any = tables.WebhookEvent
    is_push = event.repository_id == pull.repository_id, event.event == "push"
    is_of_branch = event.payload["ref"].astext == f"refs/heads/{pull.head_branch}"
    newest = select(event.payload["commits"]).where(*is_push, is_of_branch).order_by(event.received_at.desc())
    if pull.first_committed_at:
        newest = newest.where(event.received_at >= pull.first_committed_at)
    pushes = await work.scalars(newest.limit(MOST_PUSHES)) if pull.head_branch else ()
    return frozenset(
        path
        for commits in pushes
        for commit in commits or ()
        for kind in ("added", "modified", "removed")
        for path in commit.get(kind) or ()
    )


async def _reviewed(reviewer: str, change: Change) -> Verdict:
    return await REVIEWERS[reviewer].review(change)


async def _keep(_work: Work, row: tables.CodeReview, verdict: Verdict) -> None:
    row.risk_score = verdict.risk_score
    row.risk_level = level_of(verdict.risk_score)
    row.findings = [finding.model_dump() for finding in verdict.findings]
    row.summary = verdict.summary


REVIEWS: Reviews[tables.CodeReview, Change, Verdict] = Reviews(
    tables.CodeReview,
    completed=RepositoryEventKind.CODE_REVIEW_COMPLETED,
    failed=RepositoryEventKind.CODE_REVIEW_FAILED,
    failure="The reviewer could not review this pull request.",
    read=_read,
    reviewed=_reviewed,
    keep=_keep,
)

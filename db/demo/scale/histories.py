"""Generated histories of repositories: commits, pull requests, reviews by people and a program, issues, releases."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from db import tables
from db.demo.code_reviews import reviewed
from db.demo.rows import Batch, Row, dice, row
from db.demo.scale.people import Somebody
from db.demo.scale.texts import UNTIL, Texts
from db.demo.scale.trees import COMMITS_OF_ISSUE, COMMITS_OF_RELEASE, REVIEWED, Tree
from db.tables import IssueState, PullRequestState, ReviewState

MERGED = 0.72  # as in the real repositories
CLOSED = 0.8
VERDICTS = (ReviewState.APPROVED,) * 3 + (ReviewState.CHANGES_REQUESTED, ReviewState.COMMENTED)
LABELS = "bug", "documentation", "enhancement", "good first issue", "question"


def history(tree: Tree, texts: Texts) -> Iterator[Batch]:
    """Commits, the pull requests that some of them merge with their reviews, issues and releases."""
    random = dice(f"tree {tree.number}")
    numbers = range(1, tree.pull_requests + 1)
    merged = {number for number in numbers if random.random() < MERGED}
    authors = random.choices(tree.team.members, cum_weights=_zipf(len(tree.team.members)), k=tree.commits)
    commits = [
        _commit(tree, author, at=at, merges=number if number in merged else None, texts=texts, random=random)
        for number, (at, author) in enumerate(zip(_times(tree, random), authors, strict=True), start=1)
    ]
    yield Batch(tables.Commit, commits)
    tips = zip(commits, authors, numbers, strict=False)  # a pull request for each of the first commits
    pulls = [_pull_request(tree, *tip, random=random) for tip in tips]
    reviews = [_review(tree, pull, random=random) for pull in pulls[REVIEWED - 1 :: REVIEWED]]
    releases = [_release(tree, commit) for commit in commits[COMMITS_OF_RELEASE - 1 :: COMMITS_OF_RELEASE]]
    yield Batch(tables.PullRequest, pulls)
    yield Batch(tables.CodeReview, list(reviewed(pulls)))
    yield Batch(tables.PullRequestReview, reviews)
    reported = commits[COMMITS_OF_ISSUE - 1 :: COMMITS_OF_ISSUE]
    yield Batch(
        tables.Issue, [_issue(tree, *one, random=random) for one in enumerate(reported, tree.pull_requests + 1)]
    )
    yield Batch(tables.Release, releases)


def _zipf(count: int) -> list[float]:
    """The second does half as much as the first, the third a third: added up."""
    return list(accumulate(1 / rank for rank in range(1, count + 1)))


def _times(tree: Tree, random: Random) -> list[datetime]:
    """The time of each commit, in order: every active day has one at least."""
    midnight = datetime.combine(tree.team.since.date(), datetime.min.time(), tree.team.since.tzinfo)
    days = random.sample(range(1, (UNTIL - tree.team.since).days), tree.days)
    days += random.choices(days, k=tree.commits - len(days))
    return sorted(midnight + timedelta(days=day, seconds=random.randrange(86_400)) for day in days)


def _commit(tree: Tree, author: Somebody, *, at: datetime, merges: int | None, texts: Texts, random: Random) -> Row:
    subject, additions, deletions, files = random.choice(texts.commits)
    sha = f"{random.getrandbits(160):040x}"
    return row(
        tables.Commit,
        sha,
        at=at,
        repository_id=tree.id,
        sha=sha,
        message=subject,
        author_id=author.id,
        author_name=author.name,
        author_email=author.email,
        authored_at=at,
        committed_at=at,
        pull_request_number=merges,
        additions=additions,
        deletions=deletions,
        files_changed=files,
    )


def _pull_request(tree: Tree, commit: Row, author: Somebody, number: int, *, random: Random) -> Row:
    merged = commit["pull_request_number"] == number
    merged_at = commit["committed_at"] if merged else None
    opened_at = commit["committed_at"] - timedelta(hours=72 * random.random() ** 2)
    return row(
        tables.PullRequest,
        f"{tree.number}#{number}",
        at=opened_at,
        repository_id=tree.id,
        number=number,
        title=commit["message"],
        state=PullRequestState.MERGED if merged else None,
        author_id=author.id,
        author_name=author.name,
        head_sha=f"{random.getrandbits(160):040x}",
        merge_sha=commit["sha"] if merged else None,
        opened_at=opened_at,
        first_reviewed_at=None,
        merged_at=merged_at,
        closed_at=merged_at,
        additions=commit["additions"] if merged else None,
        deletions=commit["deletions"] if merged else None,
        files_changed=commit["files_changed"] if merged else None,
        updated_at=merged_at or opened_at,
    )


def _review(tree: Tree, pull: Row, *, random: Random) -> Row:
    """A review by another member, before the pull request was merged; it is the first, and noted there."""
    reviewer = random.choice([member for member in tree.team.members if member.id != pull["author_id"]])
    until = pull["merged_at"] or pull["opened_at"] + timedelta(days=1)
    at = pull["first_reviewed_at"] = pull["opened_at"] + (until - pull["opened_at"]) * random.random()
    return row(
        tables.PullRequestReview,
        f"{tree.number}#{pull['number']}",
        at=at,
        pull_request_id=pull["id"],
        github_id=pull["number"],
        reviewer_id=reviewer.id,
        reviewer_name=reviewer.name,
        state=random.choice(VERDICTS),
        submitted_at=at,
    )


def _issue(tree: Tree, number: int, commit: Row, *, random: Random) -> Row:
    """An issue that was opened before a commit; most of them were closed by it."""
    opened_at = commit["committed_at"] - timedelta(days=30 * random.random())
    closed_at = commit["committed_at"] if random.random() < CLOSED else None
    author, assignee = random.choices(tree.team.members, k=2)
    return row(
        tables.Issue,
        f"{tree.number}#{number}",
        at=opened_at,
        repository_id=tree.id,
        number=number,
        title=commit["message"],
        state=IssueState.CLOSED if closed_at else IssueState.OPEN,
        labels=random.sample(LABELS, k=random.randrange(3)),
        author_id=author.id,
        author_name=author.name,
        assignee_id=assignee.id,
        opened_at=opened_at,
        closed_at=closed_at,
        updated_at=closed_at or opened_at,
    )


def _release(tree: Tree, commit: Row) -> Row:
    sha, at = commit["sha"], commit["committed_at"]
    return row(tables.Release, sha, at=at, repository_id=tree.id, tag=f"v-{sha[:12]}", sha=sha, published_at=at)

"""Repositories in which things happen at random, late and out of order, and their numbers, worked out slowly in plain
Python.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import Any

from sqlalchemy import delete, func, select, update

from db import tables
from db.access import GUEST
from db.base import Base
from db.engine import Database
from db.tables import IngestionGapKind, IssueState, PullRequestState, ReviewState
from db.write import Work

FIRST = datetime(2026, 3, 30, 20, tzinfo=UTC)
KINDS = (
    tables.Commit,
    tables.PullRequest,
    tables.PullRequestReview,
    tables.Issue,
    tables.Release,
    tables.IngestionGap,
)
Numbers = dict[tuple[Any, ...], dict[str, Any]]
KEYS: dict[type[Base], tuple[str, ...]] = {
    tables.TeamMetric: ("repository_id", "date"),
    tables.DeveloperMetric: ("repository_id", "user_id", "date"),
    tables.RepositoryStats: ("repository_id", "date"),
}
BESIDES = {"id", "created_at", "updated_at"}


class Happenings:
    """What happens to repositories at random: rows come, change and go, on few days, so that much meets on one."""

    def __init__(self, seed: int, repositories: Sequence[tables.Repository], people: Sequence[tables.User]) -> None:
        self.random = Random(seed)
        self._repositories, self._people, self._numbers = repositories, people, count(100)

    async def happen(self, work: Work) -> None:
        """One thing, whatever it is."""
        table: Any = self.random.choice(KINDS)
        found: Any = await work.scalar(select(table).order_by(func.random()).limit(1))
        match self.random.random() if found else 0:
            case chance if chance < 0.6:
                if row := await self._row(work, table):
                    await work.add(row)
            case chance if chance < 0.85:
                values = self._changed(found)
                await work.execute(update(table).where(table.id == found.id).values(values))
            case _ if table is not tables.PullRequest:
                await work.execute(delete(table).where(table.id == found.id))

    def moment(self) -> datetime:
        """A moment of few days, often beside midnight."""
        midnight = FIRST.replace(hour=0) + timedelta(days=self.random.randrange(5))
        return midnight + timedelta(seconds=self.random.choice([-1, 0, self.random.randrange(86_400)]))

    def maybe(self) -> datetime | None:
        return self.moment() if self.random.random() < 0.7 else None

    def somebody(self) -> Any:
        return self.random.choice([None, *self._people])

    async def _row(self, work: Work, table: type[Base]) -> Any:
        who, number = self.somebody(), next(self._numbers)
        name, key = who.name if who else "Nobody", who and who.id
        of = {"repository_id": self.random.choice(self._repositories).id}
        if table is tables.Commit:
            more = {"author_id": key, "author_name": name, "author_email": f"{name.upper()}@example.com"}
            more |= {"additions": number, "deletions": 1, "files_changed": 2}
            return table(**of, **more, sha=f"{number:040x}", message="", committed_at=self.moment(), authored_at=FIRST)
        if table is tables.PullRequest:
            more = self._changed(tables.PullRequest()) | {"author_id": key, "author_name": name}
            return table(**of, **more, number=number, title="", head_sha=f"{number:040x}")
        if table is tables.PullRequestReview:
            pull = await work.scalar(select(tables.PullRequest).order_by(func.random()).limit(1))
            more = {"reviewer_id": key, "reviewer_name": name, "state": ReviewState.COMMENTED}
            return pull and table(pull_request_id=pull.id, github_id=number, **more, submitted_at=self.moment())
        if table is tables.Issue:
            more = self._changed(tables.Issue()) | {"author_id": key, "author_name": name}
            return table(**of, **more, number=number, title="")
        if table is tables.Release:
            return table(**of, tag=f"{number}", published_at=self.moment())
        more = {"kind": IngestionGapKind.NUMBERS, "first_number": number, "last_number": number}
        return table(**of, **more, found_at=self.moment())

    def _changed(self, row: Any) -> dict[str, Any]:
        """Other values of a row: what comes later, or late."""
        who = self.somebody()
        match row:
            case tables.Commit():
                return {"author_id": who and who.id}
            case tables.PullRequest():
                merged_at = self.maybe()
                return {
                    "first_committed_at": self.maybe(),
                    "opened_at": self.moment(),
                    "first_reviewed_at": self.maybe(),
                    "merged_at": merged_at,
                    "state": PullRequestState.MERGED if merged_at else PullRequestState.OPEN,
                }
            case tables.PullRequestReview():
                return {"reviewer_id": who and who.id, "submitted_at": self.moment()}
            case tables.Issue():
                closed_at = self.maybe()
                values = {"opened_at": self.moment(), "closed_at": closed_at, "assignee_id": who and who.id}
                values |= {"state": IssueState.CLOSED if closed_at else IssueState.OPEN}
                return values | {"deleted_at": self.random.choice([None, None, self.moment()])}
            case tables.Release():
                return {"published_at": self.moment(), "deleted_at": self.random.choice([None, None, self.moment()])}
        return {"closed_at": self.maybe(), "found_at": self.moment()}


async def kept(database: Database, table: type[Base]) -> Numbers:
    """The numbers that the database has, by their keys."""
    async with database.work(GUEST) as work:
        rows = (await work.execute(select(table.__table__))).mappings()
        keys = KEYS[table]
        return {
            tuple(row[key] for key in keys): {
                name: sorted(value) if isinstance(value, list) else value
                for name, value in row.items()
                if name not in {*keys, *BESIDES}
            }
            for row in rows
        }


async def recounted(database: Database) -> dict[type[Base], Numbers]:
    """The numbers as they have to be, of all rows that there are."""
    async with database.work(GUEST) as work:
        rows = {
            table: [SimpleNamespace(**row) for row in (await work.execute(select(table.__table__))).mappings()]
            for table in KINDS
        }
    pulls = {pull.id: pull for pull in rows[tables.PullRequest]}
    for review in rows[tables.PullRequestReview]:
        review.repository_id = pulls[review.pull_request_id].repository_id
    there = {table: [row for row in rows[table] if getattr(row, "deleted_at", None) is None] for table in KINDS}
    facts = [fact for table in KINDS for row in there[table] for fact in _facts(table, row)]
    found: dict[type[Base], Numbers] = {}
    for table, keys in KEYS.items():
        grouped = defaultdict(list)
        for repository_id, at, who, added in facts:
            key = {"repository_id": repository_id, "date": at.date(), "user_id": who}
            if "user_id" not in keys or who:
                grouped[tuple(key[name] for name in keys)].append((who, added))
        numbers = {key: _numbers(table, group) for key, group in grouped.items()}
        found[table] = {key: one for key, one in numbers.items() if any(one.values())}
    return found


def _facts(table: type[Base], row: Any) -> Iterator[tuple[Any, datetime, Any, dict[str, Any]]]:
    """What a row adds: to the day of which moment of which repository, by whom."""
    for at, who, added in FACTS[table](row):
        if at is not None:
            yield row.repository_id, at, who, added


FACTS: dict[type[Base], Callable[[Any], list[tuple[datetime | None, Any, dict[str, Any]]]]] = {
    tables.Commit: lambda commit: [
        (
            commit.committed_at,
            commit.author_id,
            {
                "commits": 1,
                "author": commit.author_email.lower(),
                "additions": commit.additions,
                "deletions": commit.deletions,
                "files_changed": commit.files_changed,
            },
        )
    ],
    tables.PullRequest: lambda pull: [
        (pull.opened_at, pull.author_id, {"pull_requests_opened": 1}),
        (
            pull.merged_at,
            pull.author_id,
            {"pull_requests_merged": 1, "cycle_times": _seconds(pull.first_committed_at, pull.merged_at)},
        ),
        (pull.first_reviewed_at, pull.author_id, {"review_times": _seconds(pull.opened_at, pull.first_reviewed_at)}),
    ],
    tables.PullRequestReview: lambda review: [
        (review.submitted_at, review.reviewer_id, {"reviews": 1, "reviews_given": 1})
    ],
    tables.Issue: lambda issue: [
        (issue.opened_at, issue.author_id, {"issues_opened": 1}),
        (issue.closed_at, issue.assignee_id, {"issues_closed": 1}),
    ],
    tables.Release: lambda release: [(release.published_at, None, {"releases": 1})],
    tables.IngestionGap: lambda gap: [(None if gap.closed_at else gap.found_at, None, {"gaps": 1})],
}


def _columns(table: type[Base]) -> list[str]:
    return [column.name for column in table.__table__.c]


def _seconds(since: datetime | None, until: datetime | None) -> int | None:
    return max(0, round((until - since).total_seconds())) if since and until else None


def _numbers(table: type[Base], group: Sequence[tuple[Any, dict[str, Any]]]) -> dict[str, Any]:
    """The numbers of a row of a table, of all facts of its keys."""
    names = [name for name in _columns(table) if name not in {*KEYS[table], *BESIDES}]
    found: dict[str, Any] = {}
    for name in names:
        values = [added[name] for _, added in group if added.get(name) is not None]
        found[name] = sorted(values) if name.endswith("_times") else sum(values)
    if "developers" in found:
        active = ("commits", "pull_requests_opened", "reviews")
        found["developers"] = sorted({who for who, added in group if who and any(name in added for name in active)})
    if "authors" in found:
        found["authors"] = len({added["author"] for _, added in group if "author" in added})
    return found

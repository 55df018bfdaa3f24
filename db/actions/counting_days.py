"""The statement that counts touched days of a repository: what there was on each of them, for its team, for each of its
developers, and for its statistics.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    delete,
    extract,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.types import TypeEngine

from db import tables
from db.base import Base

commit: Any = tables.Commit.__table__
pull: Any = tables.PullRequest.__table__
review: Any = tables.PullRequestReview.__table__
issue: Any = tables.Issue.__table__
release: Any = tables.Release.__table__
gap: Any = tables.IngestionGap.__table__

ONE: ColumnElement[int] = literal_column("1")
NULLS: Mapping[str, TypeEngine[Any]] = {"author": Text(), "cycle_time": BigInteger(), "review_time": BigInteger()}
"""Columns that are null where nothing is added, with their types. All others are numbers, and then 0."""
EMPTY: ColumnElement[Any] = literal_column("'{}'")


@dataclass(frozen=True)
class Source:
    """Rows that count on the day of a time, with what each adds to the numbers of that day, and whose work it is."""

    rows: Any
    at: ColumnElement[Any]
    adds: Mapping[str, ColumnElement[Any]]
    who: ColumnElement[Any] | None = None
    repository: ColumnElement[Any] | None = None
    where: tuple[ColumnElement[bool], ...] = field(default=())


def _seconds(since: Any, until: Any) -> ColumnElement[int]:
    """The seconds from one moment to another; 0 where two clocks have them the other way round, null where one is."""
    return case((until < since, literal_column("0")), else_=cast(extract("epoch", until - since), BigInteger))


THERE = (issue.c.deleted_at.is_(None),)
"""The condition of issues that were not deleted on GitHub."""
SOURCES = (
    Source(
        commit,
        commit.c.committed_at,
        {
            "commits": ONE,
            "active": ONE,
            "author": func.lower(commit.c.author_email),
            **{name: commit.c[name] for name in ("additions", "deletions", "files_changed")},
        },
        commit.c.author_id,
    ),
    Source(pull, pull.c.opened_at, {"pull_requests_opened": ONE, "active": ONE}, pull.c.author_id),
    Source(
        pull,
        pull.c.merged_at,
        {"pull_requests_merged": ONE, "cycle_time": _seconds(pull.c.first_committed_at, pull.c.merged_at)},
        pull.c.author_id,
    ),
    Source(
        pull,
        pull.c.first_reviewed_at,
        {"review_time": _seconds(pull.c.opened_at, pull.c.first_reviewed_at)},
        pull.c.author_id,
    ),
    Source(
        review.join(pull, pull.c.id == review.c.pull_request_id),
        review.c.submitted_at,
        {"reviews": ONE, "active": ONE},
        review.c.reviewer_id,
        pull.c.repository_id,
    ),
    Source(issue, issue.c.opened_at, {"issues_opened": ONE}, issue.c.author_id, where=THERE),
    Source(issue, issue.c.closed_at, {"issues_closed": ONE}, issue.c.assignee_id, where=THERE),
    Source(release, release.c.published_at, {"releases": ONE}, where=(release.c.deleted_at.is_(None),)),
    Source(gap, gap.c.found_at, {"gaps": ONE}, where=(gap.c.is_open,)),
)
ADDED = tuple(dict.fromkeys(name for source in SOURCES for name in source.adds))


REPOSITORY = bindparam("repository", type_=Uuid())


def _counting() -> Any:
    mark: Any = tables.TouchedDay.__table__
    marks = delete(mark).where(mark.c.repository_id == REPOSITORY).returning(mark.c.date).cte("marks")
    days = select(marks.c.date).distinct().cte("days")
    facts = union_all(*(_facts(source, days) for source in SOURCES)).cte("facts")
    written = [
        *_written(tables.TeamMetric, _of_team(facts), facts, days),
        *_written(tables.DeveloperMetric, _of_developers(facts), facts, days, facts.c.user_id.is_not(None)),
        *_written(tables.RepositoryStats, _of_repository(facts), facts, days),
    ]
    return select(func.count()).select_from(days).add_cte(*written)


def _facts(source: Source, days: CTE) -> Any:
    """The rows of a source, with all that each adds to its day. They are looked for from the first day to the last."""
    bounds = [select(bound).scalar_subquery() for bound in (func.min(days.c.date), func.max(days.c.date) + 1)]
    since, until = (_in_utc(cast(bound, DateTime)) for bound in bounds)
    repository = source.rows.c.repository_id if source.repository is None else source.repository
    return (
        select(
            days.c.date,
            (cast(literal_column("NULL"), Uuid) if source.who is None else source.who).label("user_id"),
            *(_added(source, name).label(name) for name in ADDED),
        )
        .select_from(source.rows.join(days, days.c.date == cast(_in_utc(source.at), Date)))
        .where(repository == REPOSITORY, source.at >= since, source.at < until, *source.where)
    )


def _added(source: Source, name: str) -> ColumnElement[Any]:
    missing = cast(literal_column("NULL"), NULLS[name]) if name in NULLS else literal_column("0")
    return source.adds.get(name, missing)


def _in_utc(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """A moment as a time without a zone, or the other way round."""
    return moment.op("AT TIME ZONE")(literal_column("'UTC'"))


def _of_team(facts: Any) -> dict[str, Any]:
    """The numbers of a team."""
    developers = func.array_agg(facts.c.user_id.distinct()).filter(
        facts.c.active > literal_column("0"), facts.c.user_id.is_not(None)
    )
    same = ("commits", "additions", "deletions", "pull_requests_opened", "pull_requests_merged", "reviews")
    return {
        "developers": func.coalesce(developers, EMPTY),
        **_sums(facts, *same, "issues_opened", "issues_closed", "gaps"),
        **_times(facts),
    }


def _of_developers(facts: Any) -> dict[str, Any]:
    """The numbers of a person, who is one of the keys."""
    same = ("commits", "additions", "deletions", "pull_requests_opened", "pull_requests_merged", "issues_closed")
    return _sums(facts, *same, reviews_given="reviews") | _times(facts)


def _of_repository(facts: Any) -> dict[str, Any]:
    """The numbers of a repository."""
    same = ("commits", "additions", "deletions", "files_changed", "pull_requests_merged", "releases")
    return {"authors": func.count(facts.c.author.distinct()), **_sums(facts, *same)}


def _sums(facts: Any, *same: str, **others: str) -> dict[str, Any]:
    """The sums of what is added, by the columns that have them."""
    return {name: func.sum(facts.c[of]) for name, of in ({name: name for name in same} | others).items()}


def _times(facts: Any) -> dict[str, Any]:
    """The times of pull requests, from the shortest to the longest: the same of the same rows."""
    found = {}
    for name in ("cycle_time", "review_time"):
        value = facts.c[name]
        listed = func.array_agg(aggregate_order_by(value, value)).filter(value.is_not(None))
        found[f"{name}s"] = func.coalesce(listed, EMPTY)
    return found


def _written(
    of: type[Base], numbers: Mapping[str, Any], facts: Any, days: CTE, *conditions: ColumnElement[bool]
) -> Iterator[CTE]:
    """The parts of the statement that write the rows of a table, and delete those of days that have nothing any more.

    There is nothing where all numbers are 0, and all lists are empty.
    """
    table: Any = of.__table__
    keys = [name for name in ("user_id", "date") if name in table.c]
    of_all = (
        select(*(facts.c[name] for name in keys), *(number.label(name) for name, number in numbers.items()))
        .where(*conditions)
        .group_by(*(facts.c[name] for name in keys))
        .subquery(f"{table.name}_by_day")
    )
    is_something = [of_all.c[name] != (EMPTY if table.c[name].type.python_type is list else 0) for name in numbers]
    counted = select(of_all).where(or_(*is_something)).cte(f"{table.name}_counted")
    names = ["id", "repository_id", *keys, *numbers]
    addition = insert(table).from_select(
        names, select(func.uuidv7(), REPOSITORY, *(counted.c[name] for name in (*keys, *numbers)))
    )
    new = addition.excluded
    is_other = tuple_(*(table.c[name] for name in numbers)).is_distinct_from(tuple_(*(new[name] for name in numbers)))
    yield (
        addition.on_conflict_do_update(
            index_elements=["repository_id", *keys], set_={name: new[name] for name in numbers}, where=is_other
        )
        .returning(table.c.id)
        .cte(f"{table.name}_written")
    )
    still = select(counted.c.date).where(*(counted.c[name] == table.c[name] for name in keys)).exists()
    yield (
        delete(table)
        .where(table.c.repository_id == REPOSITORY, table.c.date.in_(select(days.c.date)), ~still)
        .returning(table.c.id)
        .cte(f"{table.name}_deleted")
    )


COUNTING: Any = _counting()
"""The statement that counts the touched days of a `repository` and takes their marks away; it returns how many days
these are.

It sees one state of the database, in which a mark is there together with the change that it is of. A row keeps its id
as long as there is something to count, and is not written where nothing is different.
"""

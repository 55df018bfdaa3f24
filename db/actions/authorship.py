"""Authorship follows identities: whose commits, pull requests, reviews and issues are is found anew after a change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true, update

from db import tables
from db.actions.identities import AUTHORSHIP, identities, meant
from db.ids import key_of
from db.queue.declared import job
from db.queue.steps import Steps
from db.roots import root_topic
from db.tables import IdentityEventKind, IdentityKind
from db.ways import follow, way
from db.write import Work

AT_ONCE = 1_000
"""Rows that one transaction looks at."""


@dataclass(frozen=True, slots=True)
class Trace:
    """How the rows of a table say who wrote them: the column of the person, and what the source has of them."""

    person: Any
    named: Mapping[IdentityKind, ColumnElement[Any]]
    name: ColumnElement[Any]
    where: ColumnElement[bool]
    """The rows that are from such a source."""


def _of_github(person: Any, login: Any) -> Trace:
    """Rows that name a person by their login on GitHub, if they are from there."""
    known = func.lower(login)
    return Trace(person, {IdentityKind.LOGIN: known}, known, person.table.c.github_id.is_not(None))


commits, pulls = tables.Commit.__table__.c, tables.PullRequest.__table__.c
reviews, issues = tables.PullRequestReview.__table__.c, tables.Issue.__table__.c
BY_COMMIT = {IdentityKind.EMAIL: func.lower(commits.author_email), IdentityKind.LOGIN: commits.author_login}
TRACES = (
    Trace(commits.author_id, BY_COMMIT, func.lower(commits.author_name), true()),
    _of_github(pulls.author_id, pulls.author_name),
    _of_github(reviews.reviewer_id, reviews.reviewer_name),
    _of_github(issues.author_id, issues.author_name),
)


@job(on=(IdentityEventKind.IDENTITY_PROVEN, IdentityEventKind.IDENTITY_MERGED, IdentityEventKind.IDENTITY_REMOVED))
async def follow_identities(steps: Steps, user: str) -> None:
    """Find anew whose the rows are that a person has, or that bear what they are known by."""
    key = key_of(tables.User, user)
    assert key
    # Whoever wrote authors by what was known before has ended then.
    await steps.scalar(select(func.pg_advisory_xact_lock(AUTHORSHIP)))
    for trace in TRACES:
        last: UUID | None = UUID(int=0)
        while last:
            async with steps.work() as work:
                last = await _next(work, trace, key, last)


async def _next(work: Work, trace: Trace, user: UUID, after: UUID) -> UUID | None:
    """Find anew whose some rows are; returns the key of the last of them, None where there are no more.

    They are locked by a statement of their own: the rule is asked behind that, and knows of what others have changed.
    """
    row = trace.person.table.c
    of_user = select(identities.c.kind, identities.c.value).where(identities.c.user_id == user)
    known = (await work.execute(of_user)).all()
    bears = (trace.named[kind] == value for kind, value in known if kind in trace.named)
    some = (
        select(row.id)
        .where(or_(trace.person == user, *bears), trace.where, row.id > after)
        .order_by(row.id)
        .limit(AT_ONCE)
    )
    keys = (await work.scalars(some.with_for_update(key_share=True))).all()
    if keys:
        work.touch(*await work.scalars(_finding_anew(trace, keys)))
    return keys[-1] if keys else None


def _finding_anew(trace: Trace, keys: Any) -> Any:
    """The statement that gives rows the person whom the rule says; it returns the topics of those that had another."""
    table = trace.person.table
    first, *further = way(table, tables.Organization.__table__)
    now = meant(follow(tuple(further), table.c[first.name]), trace.named, name=trace.name)
    found = select(table.c.id, now.label("person")).where(table.c.id.in_(keys)).cte("found")
    is_other = trace.person.is_distinct_from(found.c.person)
    changing = update(table).where(table.c.id == found.c.id, is_other).values({trace.person.name: found.c.person})
    changed = changing.returning(table.c.id).cte("changed")
    return select(root_topic(table)).where(table.c.id.in_(select(changed.c.id))).distinct()

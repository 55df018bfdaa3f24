"""Gaps in what GitHub told: noted when a message shows that there is more, and closed once that has come.

What is missing in the end does not depend on the order in which messages came.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import CompoundSelect, exists, func, or_, select, union_all, update

from db import tables
from db.ingestion.numbers import Range, extended, without
from db.tables import IngestionGapKind
from db.write import Work

_gap = tables.IngestionGap


async def look(
    work: Work,
    repository: tables.Repository,
    went_on: Sequence[tuple[str, str]],
    began: Collection[int],
    *,
    known: Iterable[int],
    held: str | None,
) -> None:
    """Note what is missing of a repository, which must be locked, and what is no longer.

    Pushes `went_on` from commits of branches; issues and others `began` with these numbers, and `known` ones are there.
    `held` is the commit that the default branch was at before.
    """
    of_it = select(_gap).where(_gap.repository_id == repository.id, _gap.is_open)
    found = (await work.scalars(of_it.order_by(_gap.id).with_for_update())).all()
    now = datetime.now(UTC)
    of_commits = [gap for gap in found if gap.kind is IngestionGapKind.COMMITS]
    await _commits(work, repository, of_commits, went_on, now, held=held)
    of_numbers = [gap for gap in found if gap.kind is IngestionGapKind.NUMBERS]
    await _numbers(work, repository, of_numbers, began, known, now)


async def close(work: Work, repository: tables.Repository) -> None:
    """Close the gaps of a repository whose commits are there by now, however they came."""
    commit = tables.Commit
    is_there = exists().where(commit.repository_id == repository.id, commit.sha == _gap.after_sha)
    closed = (
        update(_gap).where(_gap.repository_id == repository.id, _gap.is_open, is_there).values(closed_at=func.now())
    )
    await work.execute(closed, synchronize_session=False)


async def _commits(
    work: Work,
    repository: tables.Repository,
    gaps: Sequence[tables.IngestionGap],
    went_on: Sequence[tuple[str, str]],
    now: datetime,
    *,
    held: str | None,
) -> None:
    open_at = {gap.after_sha for gap in gaps}
    asked = {sha for _, sha in went_on} | open_at
    if not asked:
        return
    commit = tables.Commit
    of_it = commit.repository_id == repository.id, commit.sha.in_(asked)
    there = set(await work.scalars(select(commit.sha).where(*of_it)))
    for gap in gaps:
        if gap.after_sha in there:
            gap.closed_at = now
    for sha, branch in {sha: branch for branch, sha in went_on if sha not in there | open_at}.items():
        before = held if branch == repository.default_branch else None
        commits = _made(repository.id, now, IngestionGapKind.COMMITS, branch=branch, before_sha=before, after_sha=sha)
        await work.add(commits)


async def _numbers(
    work: Work,
    repository: tables.Repository,
    gaps: Sequence[tables.IngestionGap],
    began: Collection[int],
    known: Iterable[int],
    now: datetime,
) -> None:
    here, grown = set(known), list[Range]()
    if began:
        ends, grown = extended(repository.first_number, repository.last_number, began)
        work.change(repository, dict(zip(("first_number", "last_number"), ends, strict=True)))
    for gap in gaps:
        match [*without([(gap.first_number or 0, gap.last_number or 0)], here)]:
            case []:
                gap.closed_at = now
            case [(first, last), *others]:
                work.change(gap, {"first_number": first, "last_number": last})
                await _add(work, repository, others, gap.found_at)
    if grown:
        here |= {number for (number,) in await work.execute(_known(repository.id, grown))}
        await _add(work, repository, without(grown, here), now)


def _known(repository_id: UUID, ranges: Iterable[Range]) -> CompoundSelect[tuple[int]]:
    """The statement that finds the numbers in some ranges that issues and pull requests have."""
    found = (
        select(table.number).where(
            table.repository_id == repository_id, or_(*(table.number.between(*one) for one in ranges))
        )
        for table in (tables.Issue, tables.PullRequest)
    )
    return union_all(*found)


async def _add(work: Work, repository: tables.Repository, ranges: Iterable[Range], found_at: datetime) -> None:
    kind = IngestionGapKind.NUMBERS
    made = (_made(repository.id, found_at, kind, first_number=first, last_number=last) for first, last in ranges)
    await work.add_all([(gap, None) for gap in made])


def _made(repository_id: UUID, found_at: datetime, kind: IngestionGapKind, **about: object) -> tables.IngestionGap:
    return _gap(repository_id=repository_id, found_at=found_at, kind=kind, **about)

"""Messages of GitHub become rows of a repository: each row has in the end what was last said of it, in whichever order
the messages came, and however often.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from db import tables
from db.actions import ingestion_gaps
from db.actions.identities import Author, author_ids
from db.actions.notification_rules import noticed
from db.actions.rule_matches import RECENT, WATCHED
from db.base import Base, Json
from db.ingestion.facts import COMMIT, HEAD, ISSUE, PULL_REQUEST, RELEASE, REPOSITORY, REVIEW, Fact, Key, Kind, last
from db.ingestion.messages import said
from db.tables import RepositoryEventKind, RuleTrigger
from db.write import Work

TOLD = {
    PULL_REQUEST: RepositoryEventKind.PULL_REQUEST_CHANGED,
    REVIEW: RepositoryEventKind.REVIEW_SUBMITTED,
    ISSUE: RepositoryEventKind.ISSUE_CHANGED,
    RELEASE: RepositoryEventKind.RELEASE_PUBLISHED,
}
"""The events of rows that are not as they were. Commits have one together."""

FIRST_COMMITS = text("""
    WITH found AS (
        SELECT pull.id, (
            SELECT min(at) FROM webhook_events AS push, jsonb_array_elements(push.payload->'commits') AS commit,
                CAST(commit->>'timestamp' AS timestamptz) AS at
            WHERE push.repository_id = pull.repository_id AND push.event = 'push' AND push.is_processed
                AND push.payload->>'ref' = 'refs/heads/' || pull.head_branch
                AND at > coalesce(earlier.ended_at, '-infinity') AND at <= coalesce(pull.closed_at, 'infinity')
        ) AS first_committed_at
        FROM pull_requests AS pull, LATERAL (
            SELECT max(closed_at) AS ended_at FROM pull_requests
            WHERE repository_id = pull.repository_id AND head_branch = pull.head_branch AND number < pull.number
        ) AS earlier
        WHERE pull.repository_id = :repository
            AND (pull.id = ANY (CAST(:pulls AS uuid[])) OR pull.head_branch = ANY (CAST(:branches AS text[])))
    )
    UPDATE pull_requests SET first_committed_at = found.first_committed_at FROM found
    WHERE pull_requests.id = found.id AND pull_requests.first_committed_at IS DISTINCT FROM found.first_committed_at
""")
"""Pushes to the branch of a pull request tell of its commits. Those that an earlier pull request from the same branch
took along are not its own.
"""

Message = tuple[str, str | None, Json]
"""The kind of an event, the action and the payload, as GitHub has them."""
Facts = Mapping[Key, Fact]
Rows = dict[Key, Any]


async def project(work: Work, repository: tables.Repository, messages: Iterable[Message]) -> None:
    """Work messages about a repository, which must be locked, into its rows. Raises ValidationError."""
    read = [said(*message) for message in messages]
    facts = last(fact for one in read for fact in one.facts)
    named = {one for found in facts.values() for fact in found.values() for one in fact.people.values() if one}
    people = await author_ids(work, repository.organization_id, sorted(named, key=repr)) if named else {}
    merging, held = _Merging(work, people), repository.head_sha
    if merging.renewed(repository, facts[REPOSITORY]):
        await work.happened(RepositoryEventKind.REPOSITORY_CHANGED, repository)
    merging.renewed(repository, facts[HEAD])
    pulls = await merging.merge(PULL_REQUEST, repository.id, facts[PULL_REQUEST])
    for number, pull in pulls.items():
        reviews = {key: fact for key, fact in facts[REVIEW].items() if fact.below == number}
        if await merging.merge(REVIEW, pull.id, reviews):
            await _note_first_review(work, pull)
    issues = await merging.merge(ISSUE, repository.id, facts[ISSUE])
    await merging.merge(COMMIT, repository.id, facts[COMMIT])
    if merging.new[COMMIT]:
        await work.happened(RepositoryEventKind.COMMITS_PUSHED, repository)
    await merging.merge(RELEASE, repository.id, facts[RELEASE])
    await work.flush()
    await _note_first_commits(work, repository, pulls.values(), {one.pushed for one in read if one.pushed})
    await _notice(work, merging.new, pulls.values())
    went_on = [one.went_on for one in read if one.went_on]
    began = [one.began for one in read if one.began is not None]
    known = {*pulls, *issues, *began}
    await ingestion_gaps.look(work, repository, went_on, began, known=known, held=held)


@dataclass(frozen=True, slots=True)
class _Merging:
    """Facts are merged with the rows that are there."""

    work: Work
    people: Mapping[Author, UUID]
    new: defaultdict[Kind, list[Any]] = field(default_factory=lambda: defaultdict(list))
    """The rows that were not there."""

    async def merge(self, kind: Kind, above: UUID, facts: Facts) -> Rows:
        """Have facts in the rows that they are about; returns those by their keys, as they are now."""
        if not facts:
            return {}
        rows = await self._locked(kind, above, facts)
        other = [rows[key] for key, fact in facts.items() if key in rows and self._renewed(rows[key], fact)]
        new = [self._made(kind, above, fact) for key, fact in facts.items() if key not in rows]
        await self.work.add_all([(row, None) for row in new])
        self.new[kind] += new
        for row in [*other, *new] if kind in TOLD else ():
            await self.work.happened(TOLD[kind], row)
        return rows | {getattr(row, kind.key): row for row in new}

    def renewed(self, row: Base, facts: Facts) -> bool:
        """Whether a row, which must be locked, has other values now by the facts about it."""
        return True in [self._renewed(row, fact) for fact in facts.values()]

    async def _locked(self, kind: Kind, above: UUID, keys: Iterable[Key]) -> Rows:
        """The rows that are there of those with these keys, locked in the order of their ids."""
        table: Any = kind.table
        of_it = getattr(table, kind.above) == above, getattr(table, kind.key).in_(keys)
        found = select(table).where(*of_it).order_by(table.id).with_for_update(key_share=True)
        return {getattr(row, kind.key): row for row in await self.work.scalars(found)}

    def _renewed(self, row: Base, fact: Fact) -> bool:
        held = {name: getattr(row, name) for name in fact.values}
        return fact.kind.precedes(held, fact.values) and self.work.change(row, {**fact.values, **self._who(fact)})

    def _made(self, kind: Kind, above: UUID, fact: Fact) -> Base:
        return kind.table(**{kind.above: above, kind.key: fact.key}, **fact.values, **self._who(fact))

    def _who(self, fact: Fact) -> dict[str, UUID | None]:
        return {column: self.people.get(one) if one else None for column, one in fact.people.items()}


async def _notice(work: Work, new: Mapping[Kind, Sequence[Any]], pulls: Iterable[tables.PullRequest]) -> None:
    """Tell those who have rules of what happened lately: of what comes late, or once more, nobody wants to be told."""
    since = datetime.now(UTC) - RECENT
    for trigger, rows in (
        (RuleTrigger.PULL_REQUEST_OPENED, new[PULL_REQUEST]),
        (RuleTrigger.PULL_REQUEST_MERGED, pulls),
        (RuleTrigger.ISSUE_OPENED, new[ISSUE]),
        (RuleTrigger.COMMIT_PUSHED, new[COMMIT]),
    ):
        at = WATCHED[trigger].at.key
        if recent := [row for row in rows if (moment := getattr(row, at)) and moment >= since]:
            await noticed(work, trigger, *recent)


async def _note_first_commits(
    work: Work, repository: tables.Repository, pulls: Iterable[tables.PullRequest], branches: Collection[str]
) -> None:
    """Note when the first commit of pull requests was written: of these, and of those from branches that were pushed.

    So it does not depend on the order in which pushes and pull requests come.
    """
    chosen = {"pulls": [one.id for one in pulls], "branches": list(branches)}
    if any(chosen.values()):
        await work.execute(FIRST_COMMITS, {"repository": repository.id, **chosen})


async def _note_first_review(work: Work, pull: tables.PullRequest) -> None:
    """Note when somebody else than its author first reviewed a pull request."""
    await work.flush()
    review = tables.PullRequestReview
    others = [review.pull_request_id == pull.id, func.lower(review.reviewer_name) != pull.author_name.lower()]
    if pull.author_id:
        others.append(review.reviewer_id.is_distinct_from(pull.author_id))
    work.change(pull, {"first_reviewed_at": await work.scalar(select(func.min(review.submitted_at)).where(*others))})

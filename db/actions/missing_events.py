"""Deliveries that never came: GitHub is asked for what they would have told, and its answers go the way of messages.

So whatever came meanwhile stays where it is newer, and gaps close as they do when messages come late. Each answer is
worked in by itself, between two questions: a worker that is killed loses one, which is asked again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import ColumnElement, and_, func, or_, select, update

from db import tables
from db.actions import github_tokens, ingestion_gaps
from db.actions.projection import project
from db.actions.webhooks import is_of_a_message, reason
from db.base import new_id
from db.errors import BadInput
from db.ids import key_of
from db.ingestion.answers import Message, of_number, of_push
from db.ingestion.shapes import Named
from db.keyring import Unreadable
from db.outgoing import Unanswered
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import WebhookEventKind
from db.upstream import Limited, TokenRefused, Withheld
from db.write import Work

MAX_QUESTIONS = 100
"""Numbers and stretches of commits that one run asks for, of an organization."""
SILENT_FOR = timedelta(days=1)
"""GitHub is asked again after so long for something that it did not give."""
OTHER = "GitHub has another repository of this name."

_gap, _organization, _repository = tables.IngestionGap, tables.Organization, tables.Repository
log = structlog.get_logger()


async def request(work: Work, repository: tables.Repository) -> None:
    """Have GitHub be asked at once for what is missing of a repository. Raises BadInput where there is no token."""
    token = select(_organization.github_token).where(_organization.id == repository.organization_id)
    if await work.scalar(token) is None:
        raise BadInput("The organization has no token for GitHub: give it one by `setGithubToken`.", at="repositoryId")
    work.audit("missing_events_requested", repository)
    await work.happened(WebhookEventKind.MISSING_EVENTS_REQUESTED, repository)


@job(on=(WebhookEventKind.MISSING_EVENTS_REQUESTED,))
async def request_missing_events_of(steps: Steps, repository: str) -> None:
    """Ask GitHub for all that is missing of a repository."""
    key = key_of(_repository, repository)
    organization = await steps.scalar(select(_repository.organization_id).where(_repository.id == key))
    if organization:
        await _request(steps, organization, _repository.id == key)


@job(cron="53 * * * *", at_once=1)
async def request_missing_events(steps: Steps) -> None:
    """Ask GitHub for what is missing of organizations that have a token, and was not asked for within a day."""
    is_due = or_(_gap.requested_at.is_(None), _gap.requested_at < func.now() - SILENT_FOR)
    async with steps.work() as work:
        with_token = select(_organization.id).where(_organization.github_token.is_not(None))
        organizations = (await work.scalars(with_token.order_by(func.random()))).all()
    for organization in organizations:
        await _request(steps, organization, is_due)


async def _request(steps: Steps, organization_id: UUID, *chosen: ColumnElement[bool]) -> None:
    """Ask for the chosen gaps of an organization, those that failed last behind the others, until GitHub stops us."""
    async with steps.work() as work:
        organization, token = await _token(work, organization_id)
        found = await _open(work, organization_id, *chosen) if token else []
    if not (organization and token and found):
        return
    asking, error = _Asking(steps, token), None
    for gap, repository in found:
        try:
            await asking.fill(gap, repository)
        except Unanswered as stop:
            error = stop
            break
    async with steps.work() as work:
        await github_tokens.note(work, organization, error)
    if error:
        log.warning("github asked no more", organization=organization.public_id, because=str(error))


async def _token(work: Work, key: UUID) -> tuple[tables.Organization | None, str | None]:
    """An organization that may ask GitHub now, with its token."""
    may = or_(_organization.github_retry_at.is_(None), _organization.github_retry_at <= func.now())
    organization = await work.scalar(select(_organization).where(_organization.id == key, may))
    try:
        return organization, github_tokens.known(work.keyring, organization) if organization else None
    except Unreadable:
        log.exception("token of github cannot be opened", organization=organization and organization.public_id)
        return organization, None


async def _open(
    work: Work, organization_id: UUID, *chosen: ColumnElement[bool]
) -> Sequence[tuple[tables.IngestionGap, tables.Repository]]:
    of_it = _repository.organization_id == organization_id, _repository.is_active, _gap.is_open
    found = select(_gap, _repository).join(_repository, _repository.id == _gap.repository_id).where(*of_it, *chosen)
    order = _gap.error.is_not(None), _gap.found_at, _gap.id
    return [(gap, of) for gap, of in await work.execute(found.order_by(*order).limit(MAX_QUESTIONS))]


@dataclass
class _Asking:
    """One run for one organization."""

    steps: Steps
    token: str = field(repr=False)
    left: int = MAX_QUESTIONS
    """The questions that may still be asked."""
    known: dict[UUID, Named | Withheld] = field(default_factory=dict)
    """The repositories that GitHub shows to the token, and why it does not show the others."""

    async def fill(self, gap: tables.IngestionGap, repository: tables.Repository) -> None:
        """Ask for what is missing, and note what came of it. Raises Unanswered where nothing more may be asked."""
        error: Exception | None = None
        try:
            about = await self._about(repository)
            for number in _numbers(gap):
                if not self.left:
                    return
                self.left -= 1
                error = await self._ask(gap, repository, about, number) or error
        except (TokenRefused, Limited):
            raise
        except Withheld as hidden:
            error = hidden
        except Unanswered as silent:
            await self._note(gap, silent)
            raise
        await self._note(gap, error, requested_at=func.now())

    async def _about(self, repository: tables.Repository) -> Named:
        """The repository as GitHub has it, asked for once a run. Raises Withheld for none, and for another one."""
        if repository.id not in self.known:
            self.known[repository.id] = await self._found(repository)
        if isinstance(about := self.known[repository.id], Withheld):
            raise about
        return about

    async def _found(self, repository: tables.Repository) -> Named | Withheld:
        try:
            found = await self.steps.upstream.repository(self.token, repository.full_name)
            about = Named.model_validate(found)
        except Withheld as error:
            return error
        except ValidationError as error:
            return Withheld(reason(error))
        return about if repository.github_id in (None, about.id) else Withheld(OTHER)

    async def _ask(
        self, gap: tables.IngestionGap, repository: tables.Repository, about: Named, number: int | None
    ) -> Exception | None:
        """Ask one question and work the answer in; returns why that cannot be done, where it is of the answer."""
        try:
            message = await self._answer(gap, repository, about, number)
            async with self.steps.work() as work:
                await _work_in(work, gap, about, number, message)
        except Withheld as error:
            return error
        except Exception as error:
            if isinstance(error, Unanswered) or not is_of_a_message(error):
                raise
            log.warning("answer of github not worked in", gap=gap.public_id, exc_info=error)
            return error
        return None

    async def _answer(
        self, gap: tables.IngestionGap, repository: tables.Repository, about: Named, number: int | None
    ) -> Message | None:
        """The answer as a message; None where GitHub has no such thing."""
        upstream, name = self.steps.upstream, about.full_name
        if number is not None:
            found = await upstream.numbered(self.token, name, number)
            return None if found is None else of_number(found, about)
        branch, after = gap.branch or about.default_branch, gap.after_sha or ""
        # What is on another branch alone begins where it leaves the default branch.
        before = gap.before_sha or (repository.head_sha if branch != repository.default_branch else None)
        commits = await upstream.between(self.token, name, before, after)
        return None if commits is None else of_push(branch, after, commits, about)

    async def _note(self, gap: tables.IngestionGap, error: Exception | None, **values: Any) -> None:
        """Note what came of asking for a gap, at what is left of it, too."""
        noted = _gap.id == gap.id
        if gap.first_number is not None:
            within = _gap.first_number >= gap.first_number, _gap.last_number <= gap.last_number
            noted = or_(noted, and_(_gap.repository_id == gap.repository_id, _gap.is_open, *within))
        told = str(error) if isinstance(error, Unanswered) else reason(error) if error else None
        async with self.steps.work() as work:
            await work.execute(update(_gap).where(noted).values(error=told, **values), synchronize_session=False)


async def _work_in(
    work: Work, gap: tables.IngestionGap, about: Named, number: int | None, message: Message | None
) -> None:
    """Work an answer in as the message that it stands for is, and keep it beside these. What GitHub has not is not
    missing.
    """
    locked = select(_repository).where(_repository.id == gap.repository_id).with_for_update(key_share=True)
    repository = await work.scalar(locked)
    if repository is None:
        return
    if message:
        await work.add(_kept(repository, about, message))
        await project(work, repository, [message])
    elif number is not None:
        await ingestion_gaps.look(work, repository, [], [], known=[number], held=repository.head_sha)
    else:
        closed = update(_gap).where(_gap.id == gap.id, _gap.is_open).values(closed_at=func.now())
        await work.execute(closed, synchronize_session=False)


def _kept(repository: tables.Repository, about: Named, message: Message) -> tables.WebhookEvent:
    event, _, payload = message
    now = datetime.now(UTC)
    return tables.WebhookEvent(
        delivery_id=f"requested-{new_id().hex}",
        organization_id=repository.organization_id,
        repository_id=repository.id,
        github_repository_id=about.id,
        event=event,
        payload=payload,
        received_at=now,
        processed_at=now,
    )


def _numbers(gap: tables.IngestionGap) -> Iterable[int | None]:
    """The numbers that are asked for, or None for commits."""
    return range(gap.first_number, (gap.last_number or 0) + 1) if gap.first_number is not None else [None]

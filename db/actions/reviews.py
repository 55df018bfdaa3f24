"""Reviews of documents: somebody asks for one, and a job makes it, once for each version and reviewer."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from db import tables
from db.ids import key_of
from db.queue.declared import job
from db.queue.steps import Steps
from db.reviewing import RULE_SET, Review, Reviewer
from db.tables import DocumentEventKind, ReviewStatus, SpecificationPhase
from db.transitions import transition
from db.write import Work

REVIEWER: Reviewer = RULE_SET
"""The reviewer of what is asked for now."""
REVIEWERS: dict[str, Reviewer] = {REVIEWER.name: REVIEWER}
"""All reviewers by their names: reviews that were asked for earlier may be those of others."""
FAILURE = "The reviewer could not review this text."
"""The error for people. Operators find what was raised in the log."""
TRIES = 3
LEFT_FOR = timedelta(hours=1)
"""A review on which nothing has happened for as long is asked for again: its workers may all have been killed."""


async def request(work: Work, document: tables.SpecificationDocument) -> tables.DocumentReview:
    """The review of the document as it stands, which is asked for unless it was before. It must be locked.

    One that has failed or was left is asked for again.
    """
    table = tables.DocumentReview
    named = {"document_id": document.id, "document_version": document.version, "reviewer": REVIEWER.name}
    review = await work.scalar(select(table).filter_by(**named))
    if review is None:
        review = await work.add(table(requested_by_id=work.viewer_id, **named))
    elif review.status is ReviewStatus.FAILED:
        transition(review, ReviewStatus.PENDING)
        review.error = None
    elif review.status is ReviewStatus.COMPLETED or review.updated_at > datetime.now(UTC) - LEFT_FOR:
        return review
    work.audit("review_requested", review)
    await work.happened(DocumentEventKind.REVIEW_REQUESTED, review)
    return review


@job(on=(DocumentEventKind.REVIEW_REQUESTED,), tries=TRIES)
async def review_document(steps: Steps, review: str) -> None:
    """Review a version of a document, and keep what the reviewer finds. What is done already is not done again."""
    text = await _begin(steps, review)
    if text is None:
        return
    name, phase, content = text
    try:
        found = await REVIEWERS[name].review(phase, content)
    except Exception:
        async with steps.work() as work:
            if row := await _running(work, review):
                transition(row, ReviewStatus.FAILED)
                row.error = FAILURE
                await work.happened(DocumentEventKind.REVIEW_FAILED, row)
        raise
    async with steps.work() as work:
        if row := await _running(work, review):
            await _complete(work, row, found)


async def _begin(steps: Steps, review: str) -> tuple[str, SpecificationPhase, str] | None:
    """Say that a review is being done; the reviewer, the phase and the text. None where there is nothing to do."""
    async with steps.work() as work:
        row = await _locked(work, review)
        if row is None or row.status is ReviewStatus.COMPLETED:
            return None
        if row.status is ReviewStatus.FAILED:  # this is another try
            transition(row, ReviewStatus.PENDING)
            row.error = None
        transition(row, ReviewStatus.RUNNING)
        await work.changed(row)
        document, version = tables.SpecificationDocument, tables.DocumentVersion
        text = (
            select(document.phase, version.content)
            .join_from(document, version, version.document_id == document.id)
            .where(document.id == row.document_id, version.version == row.document_version)
        )
        phase, content = (await work.execute(text)).one()
        return row.reviewer, phase, content or ""


async def _running(work: Work, review: str) -> tables.DocumentReview | None:
    """The review if it is still there to be ended, locked; None where somebody else has ended it, or deleted it."""
    row = await _locked(work, review)
    return row if row and row.status is ReviewStatus.RUNNING else None


async def _locked(work: Work, review: str) -> tables.DocumentReview | None:
    table = tables.DocumentReview
    return await work.scalar(select(table).where(table.id == key_of(table, review)).with_for_update())


async def _complete(work: Work, row: tables.DocumentReview, found: Review) -> None:
    """Keep what was found."""
    transition(row, ReviewStatus.COMPLETED)
    row.overall_score = found.overall_score
    row.completeness, row.quality_metrics = found.completeness.model_dump(), found.metrics.model_dump()
    row.completed_at = datetime.now(UTC)
    about = {"document_id": row.document_id, "review_id": row.id, "document_version": row.document_version}
    suggestions = [
        tables.Suggestion(number=number, **about, **asdict(finding)) for number, finding in enumerate(found.findings)
    ]
    await work.add_all([(suggestion, None) for suggestion in suggestions])
    await work.happened(DocumentEventKind.REVIEW_COMPLETED, row)

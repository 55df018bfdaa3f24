"""Reviews of documents: somebody asks for one, and a job makes it, once for each version and reviewer."""

from dataclasses import asdict

from sqlalchemy import select

from db import tables
from db.actions.reviewing import Reviews
from db.queue.declared import job
from db.queue.steps import Steps
from db.reviewing import RULE_SET, Review, Reviewer
from db.tables import DocumentEventKind, SpecificationPhase
from db.write import Work

REVIEWER: Reviewer = RULE_SET
"""The reviewer of what is asked for now."""
REVIEWERS: dict[str, Reviewer] = {REVIEWER.name: REVIEWER}
"""All reviewers by their names: reviews that were asked for earlier may be those of others."""
TRIES = 3

Text = tuple[SpecificationPhase, str]


async def request(work: Work, document: tables.SpecificationDocument) -> tables.DocumentReview:
    """The review of the document as it stands, which is asked for unless it was before. It must be locked.

    One that has failed or was left is asked for again.
    """
    named = {"document_id": document.id, "document_version": document.version, "reviewer": REVIEWER.name}
    review, is_to_be_made = await REVIEWS.asked(work, named)
    if is_to_be_made:
        work.audit("review_requested", review)
        await work.happened(DocumentEventKind.REVIEW_REQUESTED, review)
    return review


@job(on=(DocumentEventKind.REVIEW_REQUESTED,), tries=TRIES)
async def review_document(steps: Steps, review: str) -> None:
    """Review a version of a document, and keep what the reviewer finds. What is done already is not done again."""
    await REVIEWS.make(steps, review)


async def _read(work: Work, review: tables.DocumentReview) -> Text:
    document, version = tables.SpecificationDocument, tables.DocumentVersion
    text = (
        select(document.phase, version.content)
        .join_from(document, version, version.document_id == document.id)
        .where(document.id == review.document_id, version.version == review.document_version)
    )
    phase, content = (await work.execute(text)).one()
    return phase, content or ""


async def _reviewed(reviewer: str, text: Text) -> Review:
    return await REVIEWERS[reviewer].review(*text)


async def _keep(work: Work, row: tables.DocumentReview, found: Review) -> None:
    row.overall_score = found.overall_score
    row.completeness, row.quality_metrics = found.completeness.model_dump(), found.metrics.model_dump()
    about = {"document_id": row.document_id, "review_id": row.id, "document_version": row.document_version}
    suggestions = [
        tables.Suggestion(number=number, **about, **asdict(finding)) for number, finding in enumerate(found.findings)
    ]
    await work.add_all([(suggestion, None) for suggestion in suggestions])


REVIEWS: Reviews[tables.DocumentReview, Text, Review] = Reviews(
    tables.DocumentReview,
    completed=DocumentEventKind.REVIEW_COMPLETED,
    failed=DocumentEventKind.REVIEW_FAILED,
    failure="The reviewer could not review this text.",
    read=_read,
    reviewed=_reviewed,
    keep=_keep,
)

"""Reviews of documents: the set of rules has read every one of them as it is now.

The owner of the project has asked for it when the document was changed last.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from db import tables
from db.demo.rows import Batch, Row, as_json, row
from db.reviewing import RULE_SET, Review, review
from db.tables import ReviewStatus

WAITED = timedelta(seconds=2)
"""The time from a request to its end."""


def rows(documents: list[Row], owners: dict[UUID, UUID]) -> Iterator[Batch]:
    """A review of each document, and its suggestions. `owners` are those of the projects, by their keys."""
    found = [(document, review(document["phase"], document["content"])) for document in documents]
    made = [(review_row(document, one, owners[document["project_id"]]), one) for document, one in found]
    yield Batch(tables.DocumentReview, [review for review, _ in made])
    yield Batch(tables.Suggestion, [suggestion for one in made for suggestion in suggestion_rows(*one)])


def review_row(document: Row, found: Review, owner: UUID) -> Row:
    """The row of a review of a document as it is now, which the owner of the project has asked for."""
    asked_at = document["updated_at"]
    return row(
        tables.DocumentReview,
        document["id"].hex,
        at=asked_at,
        document_id=document["id"],
        document_version=document["version"],
        requested_by_id=owner,
        reviewer=RULE_SET.name,
        status=ReviewStatus.COMPLETED,
        overall_score=found.overall_score,
        completeness=as_json(found.completeness.model_dump(mode="json", exclude_none=True)),
        quality_metrics=as_json(found.metrics.model_dump(mode="json", exclude_none=True)),
        completed_at=asked_at + WAITED,
        updated_at=asked_at + WAITED,
    )


def suggestion_rows(made: Row, found: Review) -> list[Row]:
    """The rows of the suggestions in a review."""
    return [
        row(
            tables.Suggestion,
            f"{made['id'].hex}/{number}",
            at=made["completed_at"],
            document_id=made["document_id"],
            review_id=made["id"],
            number=number,
            document_version=made["document_version"],
            **asdict(finding),
        )
        for number, finding in enumerate(found.findings)
    ]

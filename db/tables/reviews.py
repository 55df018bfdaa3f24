"""Reviews of documents, and suggestions: other words for a part of a text, by a review or in a comment."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from db.base import Base, Json, Updated, count, refers, state, string
from db.columns import json, score
from db.constraints import check, unique
from db.enums import Words
from db.indexes import partial
from db.rules import through


class ReviewStatus(Words):
    """How far a review is."""

    PENDING = "PENDING", "Asked for, and not begun."
    RUNNING = "RUNNING", "Being done."
    COMPLETED = "COMPLETED", "Done: its findings are there."
    FAILED = (
        "FAILED",
        "Came to no end, and `error` says why. It is tried again by itself; ask again to have it at once.",
    )


class SuggestionKind(Words):
    """The subject of a suggestion of a review."""

    STRUCTURE = "STRUCTURE", "Which parts the text has, and in which order."
    COMPLETENESS = "COMPLETENESS", "What is missing."
    CLARITY = "CLARITY", "Words that two people understand differently."
    EARS = "EARS", "How a requirement is phrased: WHEN, WHILE, IF or WHERE …, the system SHALL …."
    READABILITY = "READABILITY", "How easily it is read."


class Severity(Words):
    """How much a suggestion matters."""

    INFO = "INFO", "May be left as it is."
    WARNING = "WARNING", "Should be looked at."
    ERROR = "ERROR", "Has to be mended."


MOST_SECTIONS = 50


class CompletenessSection(BaseModel):
    """A section that a text of a phase has, or should have."""

    name: str = Field(description="The name of the section.")
    is_present: bool = Field(description="Whether the text has a heading of it, with something below.")
    is_required: bool = Field(description="Whether a text of the phase has to have it.")


class CompletenessResult(BaseModel):
    """The sections that a text has of those of its phase."""

    score: float = Field(description="The share of the required sections that are there, from 0 to 100.")
    sections: list[CompletenessSection] = Field(
        max_length=MOST_SECTIONS, description="The sections of the phase, in the order in which readers expect them."
    )
    missing: list[str] = Field(
        max_length=MOST_SECTIONS, description="The names of the required sections that are not there."
    )


class QualityMetrics(BaseModel):
    """A text in numbers. Code and quotes are not counted."""

    word_count: int = Field(description="How many words it has.")
    sentence_count: int = Field(description="How many sentences it has.")
    readability: float | None = Field(
        None,
        description="Flesch's reading ease of English, from 0 (hard) to 100 (easy); null for a text without sentences.",
    )
    ears_share: float | None = Field(
        None,
        description="The share of the requirements, from 0 to 1, that have one of the forms of EARS, the Easy Approach "
        "to Requirements Syntax, such as WHEN …, the system SHALL …; null for a text without requirements.",
    )
    ambiguous_terms: int = Field(description="How many words it has that two people understand differently.")
    requirement_count: int = Field(description="How many requirements it has.")
    finding_count: int = Field(
        description="How many findings there are in all: `suggestions` have the first 50 of each rule."
    )


REVIEW_TRANSITIONS = {
    ReviewStatus.PENDING: [ReviewStatus.RUNNING, ReviewStatus.COMPLETED, ReviewStatus.FAILED],
    ReviewStatus.RUNNING: [ReviewStatus.COMPLETED, ReviewStatus.FAILED],
    ReviewStatus.FAILED: [ReviewStatus.PENDING],
}


class DocumentReview(Updated, Base, access=through("document_id"), prefix="drv"):
    """The findings of a reviewer in one version of a document. They stay when the document has later versions."""

    __tablename__ = "document_reviews"

    document_id: Mapped[UUID] = refers("specification_documents")
    document_version: Mapped[int]
    requested_by_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True, index=True)
    reviewer: Mapped[str] = string(100)
    status: Mapped[ReviewStatus] = state(ReviewStatus.PENDING, transitions=REVIEW_TRANSITIONS)
    overall_score: Mapped[float | None] = score()
    completeness: Mapped[Json | None] = json("completeness", CompletenessResult, is_optional=True)
    quality_metrics: Mapped[Json | None] = json("quality_metrics", QualityMetrics, is_optional=True)
    error: Mapped[str | None] = string(1_000)
    completed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "document_id", "created_at", "id"),
        partial(
            "ix_document_reviews_completed",
            "document_id",
            "document_version",
            "completed_at",
            "id",
            where={"status": ReviewStatus.COMPLETED},
        ),
        unique("document_id", "document_version", "reviewer", says="This version was reviewed already."),
    )


class Suggestion(Updated, Base, access=through("document_id"), prefix="sug"):
    """Other words for a part of a document: a finding of a review, or what a comment proposes.

    The part is that from `line` and `character` up to `end_line` and `end_character` of the text of
    `document_version`, and read `original`.
    """

    __tablename__ = "suggestions"

    document_id: Mapped[UUID] = refers("specification_documents", index=True)
    comment_id: Mapped[UUID | None] = refers("comments")
    review_id: Mapped[UUID | None] = refers("document_reviews")
    number: Mapped[int] = count()
    document_version: Mapped[int]
    line: Mapped[int] = count()
    character: Mapped[int] = count()
    end_line: Mapped[int] = count()
    end_character: Mapped[int] = count()
    original: Mapped[str] = string(50_000)
    replacement: Mapped[str | None] = string(50_000)
    kind: Mapped[SuggestionKind | None]
    severity: Mapped[Severity | None]
    rule: Mapped[str | None] = string(100)
    message: Mapped[str | None] = string(2_000)
    applied_at: Mapped[datetime | None]
    applied_by_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True, index=True)
    applied_version: Mapped[int | None]

    __table_args__ = (
        unique("comment_id", says="The comment has a suggestion."),
        Index(None, "review_id", "number"),
        check(
            "num_nonnulls(comment_id, review_id) = 1",
            name="origin",
            says="A suggestion belongs to a comment or to a review.",
        ),
        check(
            "comment_id IS NULL OR replacement IS NOT NULL",
            at="replacement",
            says="Somebody who suggests something says what.",
        ),
        check(
            "line >= 0 AND character >= 0 AND (line, character) <= (end_line, end_character)",
            name="range",
            says="A range is from a place to itself or to one behind it, counted from 0.",
        ),
    )

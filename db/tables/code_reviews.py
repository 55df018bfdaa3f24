"""Reviews of pull requests by a program: how risky a change is, and why."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from db.base import Base, Json, Updated, refers, state, string
from db.columns import json_list, score
from db.constraints import check, unique
from db.enums import Words
from db.rules import through
from db.tables.reviews import REVIEW_TRANSITIONS, ReviewStatus, Severity


class RiskLevel(Words):
    """How risky it is to merge a pull request, by its score."""

    LOW = "LOW", "It has less than 25 points of risk."
    MEDIUM = "MEDIUM", "It has 25 points and more."
    HIGH = "HIGH", "It has 50 points and more."
    CRITICAL = "CRITICAL", "It has 75 points and more."


class CodeFinding(BaseModel):
    """Something that makes a change more risky, or of which nothing is known."""

    rule: str = Field(max_length=100, description="The rule that found it, such as `size/lines`.")
    severity: Severity = Field(description="How much it matters.")
    points: int = Field(ge=0, description="What it adds to the score; 0 where it only says what is not known.")
    path: str | None = Field(None, max_length=4_096, description="The file that it is about; null for the change.")
    message: str = Field(max_length=1_000, description="What was found, for people.")


MOST_FINDINGS = 100


class CodeReview(Updated, Base, access=through("pull_request_id"), prefix="crw"):
    """The findings of a reviewer in a pull request as it was at one commit. They stay when later commits come."""

    __tablename__ = "code_reviews"

    pull_request_id: Mapped[UUID] = refers("pull_requests")
    head_sha: Mapped[str] = string(40)
    requested_by_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True, index=True)
    reviewer: Mapped[str] = string(100)
    status: Mapped[ReviewStatus] = state(ReviewStatus.PENDING, transitions=REVIEW_TRANSITIONS)
    risk_score: Mapped[int | None] = score()
    risk_level: Mapped[RiskLevel | None]
    findings: Mapped[list[Json]] = json_list("findings", CodeFinding, most=MOST_FINDINGS)
    summary: Mapped[str | None] = string(1_000)
    error: Mapped[str | None] = string(1_000)
    completed_at: Mapped[datetime | None]

    __table_args__ = (
        unique("pull_request_id", "head_sha", "reviewer", says="The pull request was reviewed at this commit already."),
        Index(None, "pull_request_id", "created_at", "id"),
        Index(None, "risk_score"),
        check(
            "(risk_score IS NULL) = (risk_level IS NULL)",
            name="risk",
            says="A score has a level, and a level a score.",
        ),
    )

"""The result of a review, and the protocol of whoever reviews: a program of ours, or one elsewhere."""

from dataclasses import dataclass
from typing import Protocol

from db.tables import CompletenessResult, QualityMetrics, Severity, SpecificationPhase, SuggestionKind


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of the text, from one place up to another. Lines and characters are counted from 0."""

    rule: str
    kind: SuggestionKind
    severity: Severity
    message: str
    line: int
    character: int
    end_line: int
    end_character: int
    original: str
    """The text as it stands there; empty where something is missing."""
    replacement: str | None
    """The words that should stand there instead; None where only its author knows."""


@dataclass(frozen=True, slots=True)
class Review:
    """The result: scores, and faults with their places."""

    overall_score: float
    """From 0 to 100."""
    findings: tuple[Finding, ...]
    """From the first place to the last, as many as a reviewer wants to show."""
    completeness: CompletenessResult
    metrics: QualityMetrics


class Reviewer(Protocol):
    """A reviewer of texts: a set of rules, or a program elsewhere."""

    @property
    def name(self) -> str:
        """Its name and its version, such as `rules/1`. A text is reviewed once under each."""

    async def review(self, phase: SpecificationPhase, text: str) -> Review:
        """Review the text of a phase. Does not hold the event loop. Raises whatever is wrong, and is asked again."""

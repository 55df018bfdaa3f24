"""The result of a review, and the protocol of whoever reviews: a program of ours, or one elsewhere."""

from dataclasses import dataclass
from typing import Protocol

from db.tables import Severity, SpecificationPhase, SuggestionKind


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
class Section:
    """A part that a text of a phase has, or should have."""

    name: str
    is_present: bool
    """Whether there is a heading of it with something below."""
    is_required: bool


@dataclass(frozen=True, slots=True)
class Completeness:
    """Which parts of a text are there."""

    score: float
    """The share of the required parts that are there, from 0 to 100."""
    sections: tuple[Section, ...]
    missing: tuple[str, ...]
    """The names of the required parts that are not there."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The text in numbers. Code, quotes and tables of numbers are not counted."""

    word_count: int
    sentence_count: int
    readability: float | None
    """Flesch's reading ease, from 0 (hard) to 100 (easy); None for a text without sentences."""
    ears_share: float | None
    """The share of the requirements that have a form of EARS, from 0 to 1; None for a text without requirements."""
    ambiguous_terms: int
    requirement_count: int
    finding_count: int
    """Findings in all, those included that a review has no room for."""


@dataclass(frozen=True, slots=True)
class Review:
    """The result: scores, and faults with their places."""

    overall_score: float
    """From 0 to 100."""
    findings: tuple[Finding, ...]
    """From the first place to the last, as many as a reviewer wants to show."""
    completeness: Completeness
    metrics: Metrics


class Reviewer(Protocol):
    """A reviewer of texts: a set of rules, or a program elsewhere."""

    @property
    def name(self) -> str:
        """Its name and its version, such as `rules/1`. A text is reviewed once under each."""

    async def review(self, phase: SpecificationPhase, text: str) -> Review:
        """Review the text of a phase. Does not hold the event loop. Raises whatever is wrong, and is asked again."""

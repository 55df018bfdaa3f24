"""The result of a review of a change, and the protocol of whoever reviews: a program of ours, or one elsewhere."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from db.tables import CodeFinding


@dataclass(frozen=True, slots=True)
class Change:
    """A pull request as far as it is known: what is None nobody has told us."""

    title: str
    body: str | None
    additions: int | None
    deletions: int | None
    files_changed: int | None
    paths: frozenset[str]
    """The files that pushes to its branch have named: all, some or none of those that it changes."""
    pushed_at: datetime
    merged_before: int
    """How many pull requests of its author were merged in the repository before."""
    declined_before: int
    """How many of them were closed without a merge."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How risky it is to merge a change, and why."""

    risk_score: int
    """From 0 to 100."""
    findings: tuple[CodeFinding, ...]
    """From the one with the most points to those with none."""
    summary: str


class CodeReviewer(Protocol):
    """A reviewer of changes: a set of rules, or a program elsewhere."""

    @property
    def name(self) -> str:
        """Its name and its version, such as `rules/1`. A change is reviewed once under each."""

    async def review(self, change: Change) -> Verdict:
        """Review a change. Does not hold the event loop. Raises whatever is wrong, and is asked again."""

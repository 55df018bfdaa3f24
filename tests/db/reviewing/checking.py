"""What the rules find in a text, short enough to compare."""

from db.reviewing import Finding, review
from db.tables import SpecificationPhase

COMPLETE = "## Introduction\n\nWords.\n\n## Requirements\n\n"
"""What a text of requirements begins with that has all of its sections."""


def findings(text: str, phase: SpecificationPhase = SpecificationPhase.REQUIREMENTS, of: str = "") -> list[Finding]:
    """The findings of rules whose name begins so."""
    return [finding for finding in review(phase, text).findings if finding.rule.startswith(of)]


def found(
    text: str, phase: SpecificationPhase = SpecificationPhase.REQUIREMENTS, of: str = ""
) -> list[tuple[str, str]]:
    """The rules that find something, with the words that they find."""
    return [(finding.rule, finding.original) for finding in findings(text, phase, of)]


def offset(text: str, line: int, character: int) -> int:
    """The place in a text where a line and a character are."""
    return sum(len(one) + 1 for one in text.split("\n")[:line]) + character


def mended(text: str, finding: Finding) -> str:
    """The text with the replacement of a finding. Its words are those that the finding says."""
    start, end = offset(text, finding.line, finding.character), offset(text, finding.end_line, finding.end_character)
    assert text[start:end] == finding.original
    assert finding.replacement is not None
    return text[:start] + finding.replacement + text[end:]

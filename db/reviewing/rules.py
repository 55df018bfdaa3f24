"""The rules of `rules/1`: their names, and what one that finds something says where."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.reviewing.markdown import Block
from db.tables import Severity, SpecificationPhase, SuggestionKind


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is reviewed."""

    phase: SpecificationPhase
    source: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that a text should be like. Its name, why and source stand in the README."""

    name: str
    kind: SuggestionKind
    severity: Severity


@dataclass(frozen=True, slots=True)
class Found:
    """A fault that a rule has found, from one place of the text up to another, both counted in characters."""

    rule: Rule
    start: int
    end: int
    message: str
    replacement: str | None = None


STRUCTURE, COMPLETENESS, CLARITY, EARS, READABILITY = SuggestionKind
INFO, WARNING, ERROR = Severity

MISSING_SECTION = Rule("completeness/missing-section", COMPLETENESS, ERROR)
EMPTY_SECTION = Rule("completeness/empty-section", COMPLETENESS, WARNING)
PLACEHOLDER = Rule("completeness/placeholder", COMPLETENESS, WARNING)
NO_REQUIREMENT = Rule("completeness/no-requirement", COMPLETENESS, ERROR)
NO_TASK = Rule("completeness/no-task", COMPLETENESS, ERROR)
EMPTY_TASK = Rule("completeness/empty-task", COMPLETENESS, WARNING)
SECTION_ORDER = Rule("structure/section-order", STRUCTURE, INFO)
HEADING_JUMP = Rule("structure/heading-jump", STRUCTURE, WARNING)
NO_CHECKBOX = Rule("structure/no-checkbox", STRUCTURE, WARNING)
NO_SHALL = Rule("ears/no-shall", EARS, WARNING)
OTHER_VERB = Rule("ears/other-verb", EARS, WARNING)
NO_THEN = Rule("ears/no-then", EARS, INFO)
KEYWORD_CASE = Rule("ears/keyword-case", EARS, INFO)
SEVERAL_SHALL = Rule("ears/several-shall", EARS, INFO)
AMBIGUOUS = Rule("clarity/ambiguous", CLARITY, WARNING)
WORDY = Rule("readability/wordy", READABILITY, INFO)
LONG_SENTENCE = Rule("readability/long-sentence", READABILITY, INFO)
HARD = Rule("readability/hard", READABILITY, INFO)

RULES = {one.name: one for one in list(globals().values()) if isinstance(one, Rule)}
"""All rules, by their names."""

"""Requirements as EARS phrases them (Mavin, Wilkinson, Harwood, Novak: Easy approach to requirements syntax, 2009)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from db.reviewing.markdown import Block, Kind
from db.reviewing.rules import KEYWORD_CASE, NO_REQUIREMENT, NO_SHALL, NO_THEN, OTHER_VERB, SEVERAL_SHALL, Found, Text
from db.tables import SpecificationPhase

KEYWORD = re.compile(r"\s*(WHEN|WHILE|WHERE|IF)\b", re.IGNORECASE)
SUBJECT = re.compile(r"\s*(?:[Tt]he|THE|Each|Every|All|`)")
SHALL = re.compile(r"\bshall\b", re.IGNORECASE)
NEED = re.compile(r"\b(must|should)\b", re.IGNORECASE)
VERB = re.compile(r"\b(must|should|will)\b", re.IGNORECASE)
THEN = re.compile(r"\bthen\b", re.IGNORECASE)
CRITERIA = re.compile(r"\bacceptance criteria\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A block that says what the product has to do."""

    block: Block

    @property
    def keyword(self) -> re.Match[str] | None:
        """The word that its condition begins with."""
        return KEYWORD.match(self.block.prose)

    @property
    def has_form(self) -> bool:
        """Whether it has one of the forms of EARS."""
        keyword, shall = self.keyword, SHALL.search(self.block.prose)
        if not shall:
            return False
        if keyword and keyword[1].upper() == "IF":
            return bool(THEN.search(self.block.prose, 0, shall.start()))
        return bool(keyword or SUBJECT.match(self.block.prose))

    def find(self) -> Iterator[Found]:
        """Faults of its phrasing."""
        prose, start = self.block.prose, self.block.start
        verbs = list(_first(SHALL, prose, 2))
        if not verbs:
            yield self._without_shall()
            return
        if len(verbs) > 1:
            message = (
                "The requirement says SHALL more than once. Make it several, so that each can be tested by itself."
            )
            yield Found(SEVERAL_SHALL, start + verbs[1].start(), start + verbs[1].end(), message)
        keyword = self.keyword
        for word in filter(None, [keyword, verbs[0]]):
            said = word[word.lastindex or 0]
            if not said.isupper():
                message = f"{said.upper()} is a word of EARS: in capitals it shows the form of the requirement."
                yield Found(KEYWORD_CASE, start + word.end() - len(said), start + word.end(), message, said.upper())
        if keyword and keyword[1].upper() == "IF" and not self.has_form:
            comma = prose.rfind(",", 0, verbs[0].start())
            place = start + (comma if comma > 0 else verbs[0].start()) + 1
            message = (
                "IF names something unwanted, and THEN what the system does about it: IF …, THEN the system SHALL …."
            )
            yield Found(NO_THEN, place, place, message, " THEN" if comma > 0 else None)

    def _without_shall(self) -> Found:
        prose, start = self.block.prose, self.block.start
        if other := VERB.search(prose):
            message = f"“{other[0]}” leaves open whether it is required. A requirement says SHALL."
            return Found(OTHER_VERB, start + other.start(), start + other.end(), message, "SHALL")
        message = "A requirement says what the system SHALL do: WHEN …, the system SHALL …."
        return Found(NO_SHALL, start, self.block.end, message)


def requirements(text: Text) -> Sequence[Requirement]:
    """The requirements of a text: none but in the first phase."""
    if text.phase is not SpecificationPhase.REQUIREMENTS:
        return ()
    found = list[Requirement]()
    is_criteria = False
    for block in text.blocks:
        if block.kind is Kind.HEADING:
            is_criteria = bool(CRITERIA.search(block.prose))
        elif block.has_sentences and _is_requirement(block, is_criteria=is_criteria):
            found.append(Requirement(block))
    return found


def find(text: Text, found: Sequence[Requirement]) -> Iterator[Found]:
    """Faults of the requirements of a text."""
    if text.phase is SpecificationPhase.REQUIREMENTS and not found:
        message = "The text has no requirement. Each says what the system SHALL do: WHEN …, the system SHALL …."
        yield Found(NO_REQUIREMENT, 0, 0, message)
    for requirement in found:
        yield from requirement.find()


def _is_requirement(block: Block, *, is_criteria: bool) -> bool:
    """Whether a block is a requirement: it says SHALL, begins like one, or is an item that says so in other words."""
    keyword = KEYWORD.match(block.prose)
    if SHALL.search(block.prose) or (keyword and keyword[1].isupper()):
        return True
    return block.kind is Kind.ITEM and bool((block.list and is_criteria) or NEED.search(block.prose))


def _first(pattern: re.Pattern[str], prose: str, most: int) -> Iterator[re.Match[str]]:
    for match, _ in zip(pattern.finditer(prose), range(most), strict=False):
        yield match

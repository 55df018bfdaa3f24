"""The sections that the text of each phase has, in their order, and those that a text lacks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from db.reviewing.markdown import Block, Kind
from db.reviewing.prose import WORD
from db.reviewing.rules import EMPTY_SECTION, HEADING_JUMP, MISSING_SECTION, SECTION_ORDER, Found, Text
from db.tables import CompletenessResult, CompletenessSection, SpecificationPhase


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a phase, and the headings that it goes by, in small letters."""

    name: str
    titles: tuple[str, ...]
    is_required: bool = True


def _optional(name: str, *titles: str) -> Part:
    return Part(name, titles, is_required=False)


PARTS: dict[SpecificationPhase, tuple[Part, ...]] = {
    SpecificationPhase.REQUIREMENTS: (
        Part("Introduction", ("introduction", "overview", "summary", "motivation", "background")),
        _optional("Glossary", "glossary", "terms", "definitions"),
        Part("Requirements", ("requirements", "functional requirements", "user stories", "goals")),
        _optional("Out of scope", "out of scope", "non-goals"),
    ),
    SpecificationPhase.DESIGN: (
        Part("Overview", ("overview", "introduction", "summary", "proposal")),
        Part("Architecture", ("architecture", "design details", "high-level design", "implementation details")),
        _optional("Components", "components"),
        _optional("Data models", "data model", "data models", "schema"),
        _optional("Error handling", "error handling", "risks", "failure modes"),
        _optional("Testing strategy", "testing", "test plan"),
        _optional("Alternatives", "alternatives"),
    ),
    SpecificationPhase.TASKS: (
        _optional("Overview", "overview", "introduction", "summary"),
        Part("Tasks", ("tasks", "implementation plan", "plan", "to do", "todo")),
        _optional("Notes", "notes"),
    ),
    SpecificationPhase.IMPLEMENTATION: (
        Part("Summary", ("summary", "overview", "introduction")),
        Part("Changes", ("changes", "implementation", "what was built")),
        Part("Verification", ("verification", "testing", "tests", "test plan", "test results")),
        _optional("Deviations", "deviations", "differences"),
        _optional("Known issues", "known issues", "limitations", "open questions"),
    ),
}
"""The sections of each phase, in the order in which a reader expects them."""


@dataclass(slots=True)
class Heading:
    """A heading, and whether there is something below it."""

    block: Block
    is_filled: bool = False

    @property
    def rank(self) -> tuple[bool, bool]:
        """How well it stands for a part: best with something below it, and not as the title of all."""
        return self.is_filled, self.block.level > 1

    @property
    def title(self) -> str:
        """Its words as titles of parts are compared: in small letters, with no number before them."""
        return " ".join(self.block.prose.lstrip(" .0123456789").lower().split())


@dataclass(frozen=True, slots=True)
class Outline:
    """The headings of a text, and for each part of its phase the one that stands for it."""

    text: Text
    headings: Sequence[Heading]
    parts: Sequence[tuple[Part, Heading | None]]

    @property
    def completeness(self) -> CompletenessResult:
        """The parts of the phase, and those that are not there."""
        sections = [
            CompletenessSection(
                name=part.name, is_present=bool(heading and heading.is_filled), is_required=part.is_required
            )
            for part, heading in self.parts
        ]
        required = [section for section in sections if section.is_required]
        missing = [section.name for section in required if not section.is_present]
        score = round(100 * (1 - len(missing) / len(required)), 1)
        return CompletenessResult(score=score, sections=sections, missing=missing)

    def find(self) -> Iterator[Found]:
        """Faults of the sections and their headings."""
        yield from self._lacking()
        yield from self._jumps()
        yield from self._order()

    def _lacking(self) -> Iterator[Found]:
        """The required parts that are not there, or have nothing below their heading."""
        for number, (part, heading) in enumerate(self.parts):
            if not part.is_required or (heading and heading.is_filled):
                continue
            if heading:
                message = f"The section “{part.name}” has nothing in it yet."
                yield Found(EMPTY_SECTION, heading.block.start, heading.block.end, message)
            else:
                after = [other.block.begins for _, other in self.parts[number:] if other]
                place = min(after, default=len(self.text.source))
                before = self.text.source[:place][-2:]
                lines = "\n" * (2 - before.count("\n")) if before.strip() else ""
                message = f"A text of the phase {self.text.phase} has a section “{part.name}”."
                yield Found(MISSING_SECTION, place, place, message, f"{lines}## {part.name}\n\n")

    def _jumps(self) -> Iterator[Found]:
        """Headings that are more than one level below the one before."""
        for before, heading in zip(self.headings, self.headings[1:], strict=False):
            level = before.block.level + 1
            marks = "#" * heading.block.level
            if heading.block.level > level and self.text.source.startswith(marks, heading.block.begins):
                message = f"A heading of level {heading.block.level} stands below one of level {level - 1}."
                start = heading.block.begins
                yield Found(HEADING_JUMP, start, start + len(marks), message, "#" * level)

    def _order(self) -> Iterator[Found]:
        """The parts that stand before one that a reader expects first."""
        last = Part("", ()), -1
        for part, heading in self.parts:
            if heading and heading.block.start < last[1]:
                message = f"Readers expect “{part.name}” behind “{last[0].name}”."
                yield Found(SECTION_ORDER, heading.block.start, heading.block.end, message)
            elif heading:
                last = part, heading.block.start


def outline(text: Text) -> Outline:
    """The headings of a text, and which of them are the parts of its phase."""
    headings = list[Heading]()
    around = list[Heading]()
    for block in text.blocks:
        if block.kind is Kind.HEADING:
            while around and around[-1].block.level >= block.level:
                around.pop()
            around.append(Heading(block))
            headings.append(around[-1])
        elif around and (block.kind is Kind.OTHER or "`" in block.prose or WORD.search(block.prose)):
            around[-1].is_filled = True
            for heading in around[:-1]:
                # A title is over everything, so what is in other sections does not fill its own.
                heading.is_filled |= heading.block.level > 1
    parts = PARTS[text.phase]
    found = _named(headings, parts)
    return Outline(text, headings, [(part, found.get(part.name)) for part in parts])


def _named(headings: Sequence[Heading], parts: Sequence[Part]) -> dict[str, Heading]:
    """The heading of each part: the first of those that stand for it best."""
    by_word = dict[str, list[tuple[str, str]]]()
    for part in parts:
        for title in part.titles:
            by_word.setdefault(title.split()[0], []).append((title, part.name))
    found = dict[str, Heading]()
    for heading in headings:
        title = heading.title
        for begun, name in by_word.get(title.split(" ", 1)[0].rstrip(":,"), ()):
            is_named = title.startswith(begun) and not title[len(begun) :][:1].isalnum()
            if is_named and (name not in found or heading.rank > found[name].rank):
                found[name] = heading
    return found

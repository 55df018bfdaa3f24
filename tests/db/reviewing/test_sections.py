"""The sections of each phase are looked for under their names, and asked for where they are not there."""

import pytest

from db.actions.specs import INITIAL_CONTENT
from db.reviewing import review
from db.reviewing.sections import PARTS
from db.tables import SpecificationPhase
from tests.db.reviewing.checking import findings, found, mended

DESIGN = SpecificationPhase.DESIGN


def missing(text: str, phase: SpecificationPhase = DESIGN) -> list[str]:
    return review(phase, text).completeness.missing


@pytest.mark.parametrize("phase", SpecificationPhase)
def test_a_text_with_all_sections_of_its_phase_is_complete(phase: SpecificationPhase) -> None:
    text = "".join(f"## {part.titles[0].title()}\n\nWords.\n\n" for part in PARTS[phase])
    completeness = review(phase, text).completeness
    assert (completeness.score, completeness.missing) == (100.0, [])
    assert found(text, phase, "structure/") == []


@pytest.mark.parametrize("phase", INITIAL_CONTENT)
def test_a_text_as_it_is_begun_has_its_headings_and_nothing_in_them(phase: SpecificationPhase) -> None:
    rules = {finding.rule for finding in findings(INITIAL_CONTENT[phase], phase)}
    assert "completeness/empty-section" in rules
    assert "completeness/missing-section" not in rules
    assert review(phase, INITIAL_CONTENT[phase]).completeness.score == 0.0


@pytest.mark.parametrize(
    "heading",
    ["## Architecture", "# 2. Architecture", "#### architecture: in short", "Architecture\n---", "## *Design* Details"],
)
def test_a_section_is_known_by_its_names(heading: str) -> None:
    assert missing(f"## Overview\n\nWords.\n\n{heading}\n\nWords.\n") == []


def test_a_word_that_begins_like_the_name_is_not_the_section() -> None:
    assert missing("## Overview\n\nWords.\n\n## Architectures\n\nWords.\n") == ["Architecture"]


@pytest.mark.parametrize(
    ("below", "is_filled"),
    [
        ("Words.", True),
        ("```\ncode\n```", True),
        ("### Deeper\n\nWords.", True),
        ("### Deeper", False),
        ("1. ", False),
        ("## Other\n\nWords.", False),
    ],
)
def test_a_section_is_there_if_something_stands_below_it(below: str, *, is_filled: bool) -> None:
    text = f"## Overview\n\nWords.\n\n## Architecture\n\n{below}\n"
    assert missing(text) == ([] if is_filled else ["Architecture"])


def test_a_title_is_no_section_because_something_stands_in_others() -> None:
    assert missing("# Architecture\n\n## Overview\n\nWords.\n") == ["Architecture"]


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_missing_section_is_put_where_readers_expect_it(end: str) -> None:
    text = f"## Overview\n\nWords.{end}"
    [finding] = findings(text, DESIGN, "completeness/missing")
    assert mended(text, finding) == "## Overview\n\nWords.\n\n## Architecture\n\n"
    before = "## Architecture\n\nWords.\n"
    [finding] = findings(before, DESIGN, "completeness/missing")
    assert mended(before, finding) == "## Overview\n\n" + before


def test_a_section_in_front_of_one_that_is_expected_first_is_found() -> None:
    text = "## Architecture\n\nWords.\n\n## Overview\n\nWords.\n"
    assert found(text, DESIGN, "structure/") == [("structure/section-order", "Architecture")]


def test_a_heading_that_jumps_a_level_is_put_below_the_one_before() -> None:
    text = "## Overview\n\n#### Deep\n\n## Architecture\n\n### Fine\n"
    [finding] = findings(text, DESIGN, "structure/")
    assert mended(text, finding) == text.replace("####", "###")

"""Requirements are found, and held against the forms of EARS."""

import pytest

from db.reviewing import review
from db.tables import SpecificationPhase
from tests.db.reviewing.checking import COMPLETE, findings, found, mended


def ears(*items: str) -> list[tuple[str, str]]:
    return found(COMPLETE + "".join(f"- {item}\n" for item in items), of="ears/")


@pytest.mark.parametrize(
    "text",
    [
        "The app SHALL start.",
        "WHEN a user signs in, the app SHALL greet them.",
        "WHILE it is night, the app SHALL be dark.",
        "WHERE there is a printer, the app SHALL print.",
        "IF the disk is full, THEN the app SHALL say so.",
        "**WHEN** a user\n  signs in, `app` SHALL greet them.",
    ],
    ids=["ubiquitous", "event", "state", "option", "unwanted", "in Markdown"],
)
def test_a_requirement_in_a_form_of_ears_is_fine(text: str) -> None:
    assert ears(text) == []
    assert review(SpecificationPhase.REQUIREMENTS, f"{COMPLETE}- {text}\n").metrics.ears_share == 1.0


@pytest.mark.parametrize(
    ("text", "rule", "better"),
    [
        ("The app should start.", "ears/other-verb", "The app SHALL start."),
        ("WHEN asked, the app will start.", "ears/other-verb", "WHEN asked, the app SHALL start."),
        ("The app shall start.", "ears/keyword-case", "The app SHALL start."),
        ("when asked, the app SHALL start.", "ears/keyword-case", "WHEN asked, the app SHALL start."),
        ("IF it fails, the app SHALL say so.", "ears/no-then", "IF it fails, THEN the app SHALL say so."),
    ],
)
def test_what_can_be_mended_mechanically_has_its_replacement(text: str, rule: str, better: str) -> None:
    [finding] = findings(whole := f"{COMPLETE}- {text}\n", of="ears/")
    assert finding.rule == rule
    assert mended(whole, finding) == f"{COMPLETE}- {better}\n"


@pytest.mark.parametrize(
    ("text", "rule", "original"),
    [
        ("WHEN a user signs in, they are greeted.", "ears/no-shall", "WHEN a user signs in, they are greeted."),
        ("The app SHALL start and SHALL stop.", "ears/several-shall", "SHALL"),
        ("IF it fails the app SHALL say so.", "ears/no-then", ""),
    ],
)
def test_what_only_its_author_can_mend_has_none(text: str, rule: str, original: str) -> None:
    [finding] = findings(f"{COMPLETE}- {text}\n", of="ears/")
    assert (finding.rule, finding.original, finding.replacement) == (rule, original, None)


def test_a_paragraph_that_begins_like_a_requirement_is_one() -> None:
    assert found(f"{COMPLETE}WHEN asked, it should go.\n", of="ears/") == [("ears/other-verb", "should")]


def test_an_item_below_acceptance_criteria_is_a_requirement_whatever_it_says() -> None:
    criteria = f"{COMPLETE}#### Acceptance Criteria\n\n1. Buttons are blue.\n\n#### Notes\n\n1. Blue is nice.\n"
    assert found(criteria, of="ears/") == [("ears/no-shall", "Buttons are blue.")]


@pytest.mark.parametrize("text", ["`The app should start.`", "When I wake up, I sing.", "As a user, I want to win."])
def test_an_item_that_asks_for_nothing_is_no_requirement(text: str) -> None:
    assert review(SpecificationPhase.REQUIREMENTS, f"{COMPLETE}- {text}\n").metrics.requirement_count == 0


def test_a_text_without_requirements_lacks_them_and_has_no_share() -> None:
    reviewed = review(SpecificationPhase.REQUIREMENTS, COMPLETE)
    assert "completeness/no-requirement" in {finding.rule for finding in reviewed.findings}
    assert reviewed.metrics.ears_share is None


@pytest.mark.parametrize("phase", [phase for phase in SpecificationPhase if phase != SpecificationPhase.REQUIREMENTS])
def test_other_phases_have_no_requirements(phase: SpecificationPhase) -> None:
    assert found("- The app should start.\n", phase, "ears/") == []
    assert review(phase, "- The app SHALL start.\n").metrics.requirement_count == 0

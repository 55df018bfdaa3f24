"""The page lists the rules as they are."""

from db.reviewing import review
from db.reviewing.rules import RULES
from db.tables import SpecificationPhase
from tests.markdown import table

PAGE = "db/reviewing/README.md"
TEXTS = {
    SpecificationPhase.REQUIREMENTS: [
        "## Requirements\n\n- TBD in order to go fast, incomprehensibility notwithstanding organizational",
        "# A\n### Requirements\n## Overview\n- WHEN it is\n- The app shall go\n- It SHALL go and SHALL stop, it will\n"
        "- IF a, the SHALL\n- It must " + "go on " * 40,
    ],
    SpecificationPhase.TASKS: ["- a", "# Tasks\n- [ ] \n- b"],
}


def test_the_page_has_each_rule_with_a_reason_and_a_source() -> None:
    rows = table(PAGE, "Which rules are there?")
    assert [row[0].strip("`") for row in rows] == list(RULES)
    assert all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)


def test_each_rule_finds_something_and_says_so_for_people() -> None:
    found = [finding for phase, texts in TEXTS.items() for text in texts for finding in review(phase, text).findings]
    assert {finding.rule for finding in found} == {*RULES}
    assert all(finding.message.endswith(".") for finding in found)

"""Tasks have checkboxes, and say what to do."""

from db.tables import SpecificationPhase
from tests.db.reviewing.checking import findings, found, mended

TASKS = SpecificationPhase.TASKS
RULES = {"completeness/no-task", "completeness/empty-task", "structure/no-checkbox"}


def tasks(text: str, phase: SpecificationPhase = TASKS) -> list[tuple[str, str]]:
    return [(rule, said) for rule, said in found(text, phase) if rule in RULES]


def test_a_list_of_checkboxes_is_fine() -> None:
    assert tasks("- [ ] 1. Write it\n  - in Python\n- [x] 2. `test`\n\n1. Words\n") == []


def test_a_text_without_a_checkbox_has_no_task() -> None:
    assert tasks("- Write it\n") == [("completeness/no-task", "")]


def test_a_checkbox_alone_is_an_empty_task() -> None:
    assert tasks("- [ ] 1. \n- [ ] Write it\n") == [("completeness/empty-task", " 1.")]


def test_an_item_among_tasks_gets_a_checkbox() -> None:
    text = "- [ ] Write it\n- Test it\n\n* Words\n"
    [finding] = findings(text, TASKS, "structure/no-checkbox")
    assert mended(text, finding) == text.replace("- Test", "- [ ] Test")


def test_a_checkbox_of_an_optional_task_is_one() -> None:
    assert tasks("- [ ] Write it\n- [ ]* Test it\n") == []


def test_other_phases_have_no_tasks() -> None:
    assert tasks("- Write it\n", SpecificationPhase.DESIGN) == []

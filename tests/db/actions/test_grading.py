"""Answers are graded by the right options, and texts by the same rules as documents."""

import pytest

from db.actions.grading import TOLD, grade
from db.errors import BadInput
from db.reviewing import review
from db.tables import Exercise, ExerciseKind, SpecificationPhase

OPTIONS = ["a", "b", "c", "d"]
VAGUE = "The system should be fast and easy, etc.\n" * 100


def exercise(kind: ExerciseKind) -> Exercise:
    options = [] if kind is ExerciseKind.WRITE else OPTIONS
    return Exercise(id="e", title="E", prompt="", kind=kind, options=options, rubric=[], hints=[], skill=None)


@pytest.mark.parametrize(
    ("answer", "right", "score"),
    [
        ("ab", "ab", 100),
        ("a", "ab", 50),
        ("abc", "ab", 50),
        ("abcd", "ab", 0),
        ("cd", "ab", 0),
        ("", "ab", 0),
        ("", "", 100),
        ("a", "", 0),
    ],
)
def test_what_is_chosen_by_mistake_counts_against_what_is_chosen_rightly(answer: str, right: str, score: float) -> None:
    assert grade(exercise(ExerciseKind.CHECKLIST), [*answer], [*right], phase=None).score == score


def test_a_choice_is_right_or_not() -> None:
    assert [grade(exercise(ExerciseKind.CHOICE), [one], ["b"], phase=None).score for one in OPTIONS] == [0, 100, 0, 0]


@pytest.mark.parametrize(
    ("kind", "answer", "at"),
    [
        (ExerciseKind.CHOICE, [], "answer"),
        (ExerciseKind.CHOICE, ["a", "b"], "answer"),
        (ExerciseKind.CHECKLIST, ["a", "e"], "answer.1"),
        (ExerciseKind.CHECKLIST, ["a", "a"], "answer"),
        (ExerciseKind.WRITE, ["\u2003"], "answer"),
    ],
)
def test_what_is_no_answer_is_refused_at_its_place(kind: ExerciseKind, answer: list[str], at: str) -> None:
    with pytest.raises(BadInput) as refused:
        grade(exercise(kind), answer, [], phase=None)
    assert refused.value.at == at


@pytest.mark.parametrize("phase", [None, *SpecificationPhase])
def test_a_text_is_reviewed_as_one_of_the_phase_of_its_module(phase: SpecificationPhase | None) -> None:
    found = grade(exercise(ExerciseKind.WRITE), [VAGUE], [], phase=phase)
    reviewed = review(phase or SpecificationPhase.REQUIREMENTS, VAGUE)
    assert found.score == reviewed.overall_score
    assert set(found.feedback.split("\n")) <= {finding.message for finding in reviewed.findings}


def test_feedback_says_a_thing_once_and_not_too_much() -> None:
    told = grade(exercise(ExerciseKind.WRITE), [VAGUE], [], phase=None).feedback.split("\n")
    assert len(told) == len(set(told)) <= TOLD

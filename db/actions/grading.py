"""Answers to the exercises of learning modules, and how good they are: told by the right options, or by a review."""

from collections.abc import Sequence
from typing import NamedTuple

from db.errors import BadInput
from db.reviewing import review
from db.tables import Exercise, ExerciseKind, SpecificationPhase

TOLD = 20
"""Findings of a review that feedback tells of."""


class Grade(NamedTuple):
    """How good an answer is, from 0 to 100, and why."""

    score: float
    feedback: str


def grade(
    exercise: Exercise, answer: Sequence[str], right: Sequence[str], *, phase: SpecificationPhase | None
) -> Grade:
    """The grade of an answer to an exercise whose right options are known. Raises BadInput for what is no answer."""
    if exercise.kind is ExerciseKind.WRITE:
        return _written(answer, phase or SpecificationPhase.REQUIREMENTS)
    for index, option in enumerate(answer):
        if option not in exercise.options:
            raise BadInput("This is none of the options.", at=f"answer.{index}")
    if len(set(answer)) < len(answer):
        raise BadInput("Name every option once.", at="answer")
    if exercise.kind is ExerciseKind.CHOICE:
        return _chosen(answer, right)
    return _checked(set(answer), set(right))


def _chosen(answer: Sequence[str], right: Sequence[str]) -> Grade:
    if len(answer) != 1:
        raise BadInput("Choose one option.", at="answer")
    return Grade(100, "This is right.") if answer[0] in right else Grade(0, "This is not right: choose another option.")


def _checked(answer: set[str], right: set[str]) -> Grade:
    """Mistakes count against what is chosen rightly, or to choose all would be best."""
    found, wrong, missing = len(answer & right), len(answer - right), len(right - answer)
    score = 100 * max(0, found - wrong) / len(right) if right else 100 * (not wrong)
    return Grade(score, f"{found} chosen rightly.\n{wrong} chosen that do not hold.\n{missing} missing.")


def _written(answer: Sequence[str], phase: SpecificationPhase) -> Grade:
    if len(answer) != 1 or not answer[0].strip():
        raise BadInput("Write one text.", at="answer")
    reviewed = review(phase, answer[0])
    told = dict.fromkeys(finding.message for finding in reviewed.findings)
    return Grade(reviewed.overall_score, "\n".join([*told][:TOLD]) or "The rules find nothing to mend.")

"""Answers to questions of quizzes: the texts that are taken for the same, and the share of points."""

import pytest

from db.actions.quiz_scoring import is_right, score
from db.tables import CorrectAnswer, QuestionType


@pytest.mark.parametrize(
    ("text", "is_same"),
    [
        ("rustup", True),
        ("  RUSTUP\n", True),
        ("\uff52ustup", True),
        ("rust  up", False),
        ("rust up!", False),
        ("", False),
    ],
)
def test_a_short_answer_is_compared_without_case_and_space_around_it(text: str, is_same: bool) -> None:
    right = CorrectAnswer(question_id="que_1", texts=["Rustup"])  # type: ignore[arg-type]
    assert is_right({"type": QuestionType.SHORT_ANSWER}, right, {"text": text}) is is_same


def test_space_within_a_text_is_one_space() -> None:
    right = CorrectAnswer(question_id="que_1", texts=["git  commit"])  # type: ignore[arg-type]
    assert is_right({"type": QuestionType.SHORT_ANSWER}, right, {"text": "git\tcommit"})


def test_nothing_chosen_is_not_right() -> None:
    right = CorrectAnswer(question_id="que_1", option_ids=["a"])  # type: ignore[arg-type]
    assert not is_right({"type": QuestionType.MULTIPLE_SELECT}, right, {})


def test_the_score_is_the_share_of_points() -> None:
    assert score([{"points": 3}, {"points": 1}, {"points": 4}], [3, 2.5]) == 100 * 5.5 / 8

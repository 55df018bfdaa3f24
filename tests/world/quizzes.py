"""The quizzes of Logic: Syllogisms, and Paradoxes, which is not published. Sam has made an attempt at the first before
it got an essay, another waits to be graded, and a third goes on.
"""

from typing import Any

from db import tables
from db.actions import correct_answers
from db.base import new_id
from db.tables import CorrectAnswer, QuestionType, QuizAttemptStatus
from db.write import Work
from tests.world import NOON, World

NEEDS = ("courses",)

OPTIONS = [{"id": "a", "text": "Socrates is mortal."}, {"id": "b", "text": "Socrates is a cat."}]


async def make(world: World, work: Work) -> None:
    for name, title, is_published in (("quiz", "Syllogisms", True), ("draft_quiz", "Paradoxes", False)):
        quiz = tables.Quiz(
            course_id=world.logic.id,
            module_id=world.logic_1.id,
            lesson_id=world.logic_1_1.id,
            title=title,
            is_published=is_published,
            time_limit=30,
        )
        world.rows[name] = await work.add(quiz)
        choice = {"type": QuestionType.MULTIPLE_CHOICE, "options": OPTIONS, "order": 1}
        question = _question(work, quiz, question=f"What follows of {title.lower()}?", **choice)
        world.rows[f"{name}_question"] = await work.add(question)
    essay = _question(work, world.quiz, type=QuestionType.ESSAY, question="Why is that so?", order=2)
    world.rows["essay_question"] = await work.add(essay)
    graded = {"score": 0, "passed": False, "completed_at": NOON, "graded_at": NOON}
    world.rows["attempt"] = await work.add(_attempt(world, work, 1, QuizAttemptStatus.GRADED, **graded))
    world.rows["answer"] = await work.add(
        tables.QuizAnswer(
            attempt_id=world.attempt.id,
            question_id=world.quiz_question.id,
            answer={"option_ids": ["b"]},
            is_correct=False,
            points=0,
            graded_by_id=world.ines.id,
            graded_at=NOON,
        )
    )
    waiting = _attempt(world, work, 2, QuizAttemptStatus.SUBMITTED, essay, completed_at=NOON)
    world.rows["waiting_attempt"] = await work.add(waiting)
    world.rows["essay"] = await work.add(_written(waiting, essay, "Because all people are."))
    world.rows["open_attempt"] = await work.add(_attempt(world, work, 3, QuizAttemptStatus.IN_PROGRESS, essay))
    world.rows["open_answer"] = await work.add(_written(world.open_attempt, essay, "So"))


def right(question: tables.Question) -> CorrectAnswer:
    """The right answer to a question."""
    return CorrectAnswer(
        question_id=question.public_id,  # type: ignore[arg-type]
        option_ids=["a"] if question.options else [],
        explanation="All people are mortal.",
    )


def _question(work: Work, quiz: tables.Quiz, **columns: Any) -> tables.Question:
    question = tables.Question(id=new_id(), quiz_id=quiz.id, **columns)
    question.correct_answer = correct_answers.seal(work.keyring, question, [right(question)])
    return question


def _attempt(
    world: World, work: Work, number: int, status: QuizAttemptStatus, *more: tables.Question, **columns: Any
) -> tables.QuizAttempt:
    """An attempt of Sam's at Syllogisms, with its first question and more."""
    questions = [world.quiz_question, *more]
    asked = [
        {"id": one.public_id, "type": one.type, "question": one.question, "options": one.options, "points": 1}
        for one in questions
    ]
    attempt = tables.QuizAttempt(
        id=new_id(),
        quiz_id=world.quiz.id,
        user_id=world.sam.id,
        number=number,
        status=status,
        questions=asked,
        **columns,
    )
    attempt.correct_answers = correct_answers.seal(work.keyring, attempt, [right(one) for one in questions])
    return attempt


def _written(attempt: tables.QuizAttempt, question: tables.Question, text: str) -> tables.QuizAnswer:
    return tables.QuizAnswer(attempt_id=attempt.id, question_id=question.id, answer={"text": text}, sequence=1)

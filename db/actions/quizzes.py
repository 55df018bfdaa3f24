"""Writing quizzes: their questions with the right answers, in an order, and publishing them once they can be taken."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import delete, select, text

from db import tables
from db.actions import correct_answers
from db.actions.progress import alone, recount
from db.actions.quiz_scoring import WRITTEN
from db.base import new_id
from db.errors import BadInput, Conflict, NotFound, Refusal, Refusals
from db.records import fill_defaults
from db.tables import CorrectAnswer, QuestionType
from db.tables.quizzes import QUESTIONS
from db.write import Work

_question = tables.Question


class NewOption(Protocol):
    """An option to write, which has an id if it is in the question already."""

    id: str | None
    text: str
    is_correct: bool


class NewQuestion(Protocol):
    """A question to write, which has an id if it is in the quiz already."""

    id: str | None
    type: QuestionType
    question: str
    accepted_texts: list[str]
    explanation: str | None
    points: int

    @property
    def options(self) -> Sequence[NewOption]: ...


async def create_quiz(
    work: Work, quiz: tables.Quiz, questions: Sequence[NewQuestion]
) -> tuple[tables.Quiz, list[tables.Question]]:
    """A new quiz of a course, which is a draft, and its questions in their order."""
    await _check_place(work, quiz.course_id, quiz)
    fill_defaults(quiz)
    _check([*_unfit(questions)])
    rows = [(_written(work, _new(quiz), question, order), question) for order, question in enumerate(questions, 1)]
    await work.add_all([(quiz, None), *rows])
    work.audit("quiz_created", quiz)
    await work.changed(quiz)
    return quiz, [row for row, _ in rows]


async def update_quiz(
    work: Work, quiz: tables.Quiz, values: Mapping[str, Any], *, version: int, questions: Sequence[NewQuestion] | None
) -> tables.Quiz:
    """The quiz with other values of these columns, and with these questions alone; None leaves them as they are.

    It must be locked. Attempts that have begun keep what they began with. Raises Conflict where it has another version.
    """
    if quiz.version != version:
        raise Conflict(at="expectedVersion", current=quiz)
    work.change(quiz, {**values, "version": version + 1})
    await _check_place(work, quiz.course_id, quiz)
    work.audit("quiz_changed", quiz)
    if questions is not None:
        _check([*_unfit(questions), *(_unanswerable(questions) if quiz.is_published else ())])
        await _replace(work, quiz, questions)
    await work.changed(quiz)
    return quiz


async def publish_quiz(work: Work, quiz: tables.Quiz) -> tables.Quiz:
    """The quiz as students can take it. It must be locked.

    Raises Conflict where it has no question, or one without the right answer that its type needs.
    """
    of_quiz = select(_question).where(_question.quiz_id == quiz.id).order_by(_question.order)
    questions = (await work.scalars(of_quiz)).all()
    if not questions:
        raise Conflict("Write a question first.", at="quizId", current=quiz)
    for row in questions:
        (right,) = correct_answers.opened(work.keyring, row).values()
        if row.type is not QuestionType.ESSAY and not right.option_ids and not right.texts:
            raise Conflict(f"Question {row.order} has no right answer.", at="quizId", current=quiz)
    if work.change(quiz, {"is_published": True}):
        work.audit("quiz_published", quiz)
        await work.changed(quiz)
    return quiz


async def unpublish_quiz(work: Work, quiz: tables.Quiz) -> tables.Quiz:
    """The quiz as a draft, which nobody begins; who is at it ends it. It must be locked, behind its course."""
    if work.change(quiz, {"is_published": False}):
        work.audit("quiz_unpublished", quiz)
        await work.changed(quiz)
        await recount(work, quiz.course_id)
    return quiz


async def delete_quiz(work: Work, quiz: tables.Quiz) -> tables.Course:
    """Delete a quiz with all attempts at it; returns its course. It must be locked, behind its course."""
    course = (await work.scalars(select(tables.Course).where(tables.Course.id == quiz.course_id))).one()
    work.audit("quiz_deleted", quiz)
    await work.changed(quiz)
    await work.delete(quiz)
    await recount(work, course.id)
    return course


async def lock_course(work: Work, quiz: tables.Quiz) -> None:
    """Lock the course of a quiz, before the quiz: what students have to do to complete it is to change."""
    await alone(work, quiz.course_id)


async def _check_place(work: Work, course_id: UUID, quiz: tables.Quiz) -> None:
    """Raise NotFound for a chapter or a lesson of another course."""
    module, lesson = tables.CourseModule, tables.Lesson
    of_course = select(module.id).where(module.course_id == course_id)
    if quiz.module_id and not await work.scalar(of_course.where(module.id == quiz.module_id)):
        raise NotFound(at="moduleId")
    of_lesson = of_course.join(lesson, lesson.module_id == module.id).where(lesson.id == quiz.lesson_id)
    if quiz.lesson_id and not await work.scalar(of_lesson):
        raise NotFound(at="lessonId")


async def _replace(work: Work, quiz: tables.Quiz, questions: Sequence[NewQuestion]) -> None:
    """Let a quiz have these questions, in this order, and no others."""
    of_quiz = select(_question).where(_question.quiz_id == quiz.id)
    before = {row.public_id: row for row in await work.scalars(of_quiz)}
    _check([*_unknown(questions, before, "questions"), *_unknown_options(questions, before)])
    kept = [before[question.id].id for question in questions if question.id]
    await work.execute(text("SET CONSTRAINTS uq_questions_quiz_id_order DEFERRED"))  # several change their places
    await work.execute(delete(_question).where(_question.quiz_id == quiz.id, _question.id.not_in(kept)))
    added = []
    for order, question in enumerate(questions, 1):
        row = _written(work, before.get(question.id or "") or _new(quiz), question, order)
        added += [] if question.id else [(row, question)]
    await work.add_all(added)


def _new(quiz: tables.Quiz) -> tables.Question:
    return _question(id=new_id(), quiz_id=quiz.id)


def _written(work: Work, row: tables.Question, question: NewQuestion, order: int) -> tables.Question:
    """A question as its row, with the right answer sealed."""
    options = [(option.id or uuid4().hex, option) for option in question.options]
    row.type, row.question, row.points, row.order = question.type, question.question, question.points, order
    row.options = [{"id": key, "text": option.text} for key, option in options]
    right = CorrectAnswer(
        question_id=row.public_id,  # type: ignore[arg-type]
        option_ids=[key for key, option in options if option.is_correct],
        texts=question.accepted_texts,
        explanation=question.explanation,
    )
    row.correct_answer = correct_answers.seal(work.keyring, row, [right])
    return row


def _unknown(parts: Iterable[Any], known: Iterable[str], at: str) -> Iterator[Refusal]:
    """A refusal for each id that nothing there has, or that a part before has."""
    left = set(known)
    for index, part in enumerate(parts):
        if part.id is not None and part.id not in left:
            yield NotFound(at=f"{at}.{index}.id")
        left.discard(part.id)


def _unknown_options(questions: Sequence[NewQuestion], before: Mapping[str, tables.Question]) -> Iterator[Refusal]:
    for index, question in enumerate(questions):
        row = before.get(question.id or "")
        known = [option["id"] for option in row.options] if row else []
        yield from _unknown(question.options, known, f"questions.{index}.options")


def _unfit(questions: Sequence[NewQuestion]) -> Iterator[Refusal]:
    """A refusal for each question that has not what its type is answered with."""
    if len(questions) > QUESTIONS:
        yield BadInput(f"A quiz has at most {QUESTIONS} questions.", at="questions")
    for index, question in enumerate(questions):
        if says := _unfit_options(question):
            yield BadInput(says, at=f"questions.{index}.options")
        if question.accepted_texts and question.type is not QuestionType.SHORT_ANSWER:
            yield BadInput("Only a short answer is compared with texts.", at=f"questions.{index}.acceptedTexts")
        for place, accepted in enumerate(question.accepted_texts):
            if not accepted.strip():
                yield BadInput("This must not be empty.", at=f"questions.{index}.acceptedTexts.{place}")


def _unfit_options(question: NewQuestion) -> str | None:
    """The fault in the options of a question; None where there is none."""
    options = question.options
    if question.type in WRITTEN:
        return "Where a text is written there are no options." if options else None
    if len(options) < 2 or (question.type is QuestionType.TRUE_FALSE and len(options) > 2):
        return "There are two options at least, and two of what is true or false."
    if len({option.text for option in options}) < len(options):
        return "Name every option once."
    is_one = question.type is not QuestionType.MULTIPLE_SELECT
    return "One of the options is right." if is_one and sum(option.is_correct for option in options) > 1 else None


def _unanswerable(questions: Sequence[NewQuestion]) -> Iterator[Refusal]:
    """A refusal for each question without the right answer that its type needs, in a quiz that is published."""
    if not questions:
        yield BadInput("A quiz that is published has a question.", at="questions")
    for index, question in enumerate(questions):
        is_answered = question.accepted_texts or any(option.is_correct for option in question.options)
        if question.type is not QuestionType.ESSAY and not is_answered:
            field = "acceptedTexts" if question.type in WRITTEN else "options"
            yield BadInput("In a quiz that is published this has a right answer.", at=f"questions.{index}.{field}")


def _check(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise Refusals(refusals)

"""Generated quizzes, and what students answered. They lack the right answers: to seal one takes a secret."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from db import tables
from db.base import Base
from db.demo.learning import Study, Syllabus
from db.demo.rows import Batch, Row, as_json, dice, key, row
from db.demo.scale.courses import Catalogue
from db.demo.scale.texts import groups
from db.tables import QuestionType, QuizAttemptStatus

QUESTIONS = 4
PASSING = 70
BATCH = 4_000
OPTIONS = [{"id": letter, "text": f"Answer {letter.upper()}"} for letter in "abcd"]
TAKING = timedelta(minutes=12)


@dataclass(frozen=True, slots=True)
class Paper:
    """A quiz of a course."""

    number: int
    syllabus: Syllabus

    @property
    def name(self) -> str:
        """A name that no other quiz has."""
        return f"{self.syllabus.course_id.hex}/{self.number}"

    @property
    def id(self) -> UUID:
        """Its key."""
        return key(tables.Quiz, self.name, at=self.syllabus.since)

    @property
    def questions(self) -> list[Row]:
        """Its questions."""
        return [
            row(
                tables.Question,
                f"{self.name}/{order}",
                at=self.syllabus.since,
                quiz_id=self.id,
                type=QuestionType.MULTIPLE_CHOICE,
                question=f"Question {order} of {self.syllabus.title}?",
                options=as_json(OPTIONS),
                order=order,
            )
            for order in range(1, QUESTIONS + 1)
        ]


class Quizzes:
    """All generated quizzes, with one attempt each of some of the students."""

    def __init__(self, catalogue: Catalogue, *, counts: Mapping[type[Base], int]) -> None:
        random = dice("quizzes")
        taken = list({study.syllabus.course_id: study.syllabus for study in catalogue.studies}.values())
        self._papers = [Paper(number, taken[number % len(taken)]) for number in range(counts[tables.Quiz])]
        of_courses: dict[UUID, list[Paper]] = defaultdict(list)
        for paper in self._papers:
            of_courses[paper.syllabus.course_id].append(paper)
        studies = [study for study in catalogue.studies if study.syllabus.course_id in of_courses]
        self._attempts = [
            (study, random.choice(of_courses[study.syllabus.course_id]))
            for study in random.sample(studies, min(len(studies), counts[tables.QuizAttempt]))
        ]

    @property
    def row_count(self) -> int:
        """How many rows all of it makes."""
        return (1 + QUESTIONS) * (len(self._papers) + len(self._attempts))

    def batches(self) -> Iterator[Batch]:
        """Quizzes with questions, then some attempts after the other."""
        yield Batch(tables.Quiz, [_quiz(paper) for paper in self._papers])
        yield Batch(tables.Question, [question for paper in self._papers for question in paper.questions])
        for attempts in groups(self._attempts, BATCH):
            sat = [_attempt(study, paper) for study, paper in attempts]
            yield Batch(tables.QuizAttempt, [attempt for attempt, _ in sat])
            yield Batch(tables.QuizAnswer, [answer for _, answers in sat for answer in answers])


def _quiz(paper: Paper) -> Row:
    return row(
        tables.Quiz,
        paper.name,
        at=paper.syllabus.since,
        course_id=paper.syllabus.course_id,
        title=f"Quiz {paper.number + 1}",
        passing_score=PASSING,
        is_published=True,
    )


def _attempt(study: Study, paper: Paper) -> tuple[Row, Sequence[Row]]:
    """An attempt with its answers; the points follow from these."""
    name, at, questions = f"{study.name}/{paper.number}", study.enrolled_at + TAKING, paper.questions
    chosen = dice(name).choices([option["id"] for option in OPTIONS], weights=(4, 1, 1, 1), k=QUESTIONS)
    right = [one == "a" for one in chosen]
    score = 100 * sum(right) / QUESTIONS
    asked: list[dict[str, Any]] = [
        {
            "id": f"{tables.Question.prefix}_{question['id'].hex}",
            "type": question["type"],
            "question": question["question"],
            "options": OPTIONS,
            "points": 1,
        }
        for question in questions
    ]
    attempt = row(
        tables.QuizAttempt,
        name,
        at=at,
        quiz_id=paper.id,
        user_id=study.student.id,
        number=1,
        status=QuizAttemptStatus.GRADED,
        questions=as_json(asked),
        score=score,
        passed=score >= PASSING,
        started_at=at,
        completed_at=at + TAKING,
        graded_at=at + TAKING,
        updated_at=at + TAKING,
    )
    answers = zip(questions, chosen, right, strict=True)
    return attempt, [_answer(attempt, question, option, is_right, at) for question, option, is_right in answers]


def _answer(attempt: Row, question: Row, option: str, is_right: bool, at: datetime) -> Row:
    return row(
        tables.QuizAnswer,
        f"{attempt['id'].hex}/{question['order']}",
        at=at,
        attempt_id=attempt["id"],
        question_id=question["id"],
        answer=as_json({"option_ids": [option]}),
        is_correct=is_right,
        points=float(is_right),
        graded_at=at + TAKING,
    )

"""The quizzes of Logic: Syllogisms, in which Sam has made an attempt, and Paradoxes, which is not published."""

from db import tables
from db.tables import QuestionType, QuizAttemptStatus
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
        question = tables.Question(
            quiz_id=quiz.id,
            type=QuestionType.MULTIPLE_CHOICE,
            question=f"What follows of {title.lower()}?",
            options=OPTIONS,
            explanation="All people are mortal.",
            order=1,
        )
        world.rows[f"{name}_question"] = await work.add(question)
    asked = world.quiz_question
    attempt = tables.QuizAttempt(
        quiz_id=world.quiz.id,
        user_id=world.sam.id,
        number=1,
        status=QuizAttemptStatus.GRADED,
        questions=[
            {"id": asked.public_id, "type": asked.type, "question": asked.question, "options": OPTIONS, "points": 1}
        ],
        score=0,
        passed=False,
        completed_at=NOON,
        graded_at=NOON,
    )
    world.rows["attempt"] = await work.add(attempt)
    answer = tables.QuizAnswer(
        attempt_id=attempt.id,
        question_id=asked.id,
        answer={"option_ids": ["b"]},
        is_correct=False,
        points=0,
        graded_by_id=world.ines.id,
        graded_at=NOON,
    )
    world.rows["answer"] = await work.add(answer)

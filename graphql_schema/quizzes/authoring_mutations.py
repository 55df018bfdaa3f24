"""Writing quizzes."""

import strawberry

from db import tables
from db.actions import quizzes
from db.permissions import EDIT, MANAGE, Permission
from db.write import Work
from graphql_schema.core import mutation, references
from graphql_schema.core.updates import changes
from graphql_schema.quizzes.inputs import (
    PARTS,
    CreateQuizInput,
    DeleteQuizInput,
    PublishQuizInput,
    UnpublishQuizInput,
    UpdateQuizInput,
)


@mutation(
    values=10 * PARTS,
    quiz=tables.Quiz,
    questions=references(tables.Question, "Its questions, in their order.", most="questions"),
)
async def create_quiz(work: Work, input: CreateQuizInput) -> tuple[tables.Quiz, list[tables.Question]]:
    """Write a quiz of a course: a draft, which students do not see. For the teacher of the course.

    All of it is made, or nothing.
    """
    course = await work.get(tables.Course, input.course_id, at="courseId", may=EDIT)
    module = await work.get(tables.CourseModule, input.module_id, at="moduleId") if input.module_id else None
    lesson = await work.get(tables.Lesson, input.lesson_id, at="lessonId") if input.lesson_id else None
    quiz = tables.Quiz(
        course_id=course.id,
        module_id=module and module.id,
        lesson_id=lesson and lesson.id,
        title=input.title,
        description=input.description,
        passing_score=input.passing_score,
        time_limit=input.time_limit,
        max_attempts=input.max_attempts,
        reveal=input.reveal,
    )
    return await quizzes.create_quiz(work, quiz, input.questions)


@mutation(values=10 * PARTS, quiz=tables.Quiz)
async def update_quiz(work: Work, input: UpdateQuizInput) -> tables.Quiz:
    """Change a quiz; fields that are left out stay as they are. For the teacher of the course.

    Attempts that have begun go on with the questions and the right answers that they began with. When somebody has
    changed the quiz since the version that you changed, the error is `CONFLICT` and `quiz` is the quiz as it stands.
    """
    quiz = await work.get(tables.Quiz, input.quiz_id, at="quizId", may=EDIT, lock=True)
    values = await changes(work, input)
    return await quizzes.update_quiz(work, quiz, values, version=input.expected_version, questions=input.questions)


@mutation(quiz=tables.Quiz)
async def publish_quiz(work: Work, input: PublishQuizInput) -> tables.Quiz:
    """Let students take a quiz. For the teacher of the course.

    It needs a question, and every question but an essay needs its right answer: else it is a `CONFLICT`.
    """
    return await quizzes.publish_quiz(
        work, await work.get(tables.Quiz, input.quiz_id, at="quizId", may=EDIT, lock=True)
    )


@mutation(quiz=tables.Quiz)
async def unpublish_quiz(work: Work, input: UnpublishQuizInput) -> tables.Quiz:
    """Make a quiz a draft again: nobody begins it any more, and who is at it ends it. For the teacher of the course."""
    return await quizzes.unpublish_quiz(work, await _behind_course(work, input.quiz_id, EDIT))


@mutation(course=tables.Course, deleted_quiz_id=strawberry.ID)
async def delete_quiz(work: Work, input: DeleteQuizInput) -> tuple[tables.Course, str]:
    """Delete a quiz with all attempts at it. For the teacher of the course."""
    return await quizzes.delete_quiz(work, await _behind_course(work, input.quiz_id, MANAGE)), input.quiz_id


async def _behind_course(work: Work, quiz_id: str, may: Permission) -> tables.Quiz:
    """The quiz, locked behind its course."""
    await quizzes.lock_course(work, await work.get(tables.Quiz, quiz_id, at="quizId", may=may))
    return await work.get(tables.Quiz, quiz_id, at="quizId", may=may, lock=True)

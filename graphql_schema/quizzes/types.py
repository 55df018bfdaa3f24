"""Quizzes, their questions, and the attempts of students."""

from db import tables
from graphql_schema.core import column, many, node, one, shaped


@node(tables.Quiz, orders=("created_at", "title"), filters=("is_published",))
class Quiz:
    """A quiz of a course. You see its questions in an attempt."""

    title = column("The title to show.")
    description = column("What it asks about, in Markdown.")
    passing_score = column("The score with which an attempt passes: 0 to 100.")
    time_limit = column("The minutes that an attempt has; null for as many as you like.")
    max_attempts = column("How many attempts everybody has.")
    is_published = column("Whether students can take it.")
    reveal = column("When you see the right answers.")
    version = column("Grows with each change, for `expectedVersion`.")
    created_at = column("When it was made.")
    updated_at = column("When it was last changed.")
    course = one(tables.Quiz.course_id, "The course.")
    module = one(tables.Quiz.module_id, "The chapter that it belongs to; null if it belongs to none.")
    lesson = one(tables.Quiz.lesson_id, "The lesson that it belongs to; null if it belongs to none.")
    questions = many(tables.Question.quiz_id, "Its questions, in their order, as far as you see them: if you teach it.")
    attempts = many(
        tables.QuizAttempt.quiz_id, "The attempts, as far as you see them: your own, or all if you teach it."
    )


@node(tables.Question, orders=("order",))
class Question:
    """A question of a quiz. For who teaches the course; students see it in their attempts."""

    type = column("The way in which it is answered.")
    question = column("The question, in Markdown.")
    options = shaped("The options to choose from; empty for what is written.")
    explanation = column("Why the right answer is right, in Markdown.")
    points = column("The points that a right answer gives.")
    order = column("Its place in the quiz, from 1.")
    quiz = one(tables.Question.quiz_id, "The quiz.")
    answers = many(tables.QuizAnswer.question_id, "What was answered to it.")


@node(tables.QuizAttempt, orders=("-started_at",), filters=("status",))
class QuizAttempt:
    """A student's attempt at a quiz."""

    number = column("Which attempt of this student it is, from 1.")
    status = column("How far it is.")
    is_expired = column("Whether its time was over before it was submitted.")
    questions = shaped("Its questions, as they were when it began, in the order of this attempt.")
    score = column("From 0 to 100; null until it is graded.")
    passed = column("Whether the score is enough; null until it is graded.")
    started_at = column("When it began.")
    deadline_at = column("Until when it can be answered; null for ever.")
    completed_at = column("When it was submitted; null until then.")
    graded_at = column("When it was graded; null until then.")
    quiz = one(tables.QuizAttempt.quiz_id, "The quiz, if you see it.")
    user = one(tables.QuizAttempt.user_id, "The student.")
    answers = many(tables.QuizAnswer.attempt_id, "What the student has answered.")


@node(tables.QuizAnswer)
class QuizAnswer:
    """An answer in an attempt."""

    answer = shaped("What was answered.")
    is_correct = column("Whether it is right; null until the attempt is graded, and for what a person grades.")
    points = column("The points that it got; null until it is graded.")
    feedback = column("What the instructor says of it.")
    created_at = column("When it was first answered.")
    updated_at = column("When it was last changed.")
    graded_at = column("When it was graded; null until then.")
    attempt = one(tables.QuizAnswer.attempt_id, "The attempt.")
    question = one(tables.QuizAnswer.question_id, "The question as it is today, if you see it.")
    graded_by = one(tables.QuizAnswer.graded_by_id, "The instructor who graded it; null if the server did.")

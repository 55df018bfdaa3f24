"""Who sees a quiz, its questions, and what others answered."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("quiz_attempts", "user_id"), ("quiz_answers", "graded_by_id"))


def quizzes(world: Oracle, who: UUID | None, what: str, quiz: Row) -> bool:
    """One that is not published is for those alone who teach the course."""
    needed = what if quiz.is_published or what not in ("see", "learn") else "manage"
    return world.inherits(who, needed, "courses", quiz.course_id)


def questions(world: Oracle, who: UUID | None, what: str, question: Row) -> bool:
    needed = "manage" if what == "see" else what
    return world.inherits(who, needed, "quizzes", question.quiz_id)


def quiz_attempts(world: Oracle, who: UUID | None, what: str, attempt: Row) -> bool:
    if who is not None and attempt.user_id == who and what in ("see", "own"):
        return True
    needed = "manage" if what == "see" else what
    return world.inherits(who, needed, "quizzes", attempt.quiz_id)


def quiz_answers(world: Oracle, who: UUID | None, what: str, answer: Row) -> bool:
    return world.inherits(who, what, "quiz_attempts", answer.attempt_id)

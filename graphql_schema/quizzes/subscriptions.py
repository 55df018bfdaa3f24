"""Hearing of one's own attempts at a quiz, wherever they are made, and of when they are graded."""

from db import tables
from db.tables import QuizAttemptEventKind, quiz_attempts_topic
from graphql_schema.core import events

quiz_attempt_events = events(
    "What happens to your attempts at a quiz, from now on, on whichever of your devices.",
    "QuizAttemptEvent",
    QuizAttemptEventKind,
    of=tables.Quiz,
    own=quiz_attempts_topic,
    attempt=tables.QuizAttempt,
    answer=tables.QuizAnswer,
)

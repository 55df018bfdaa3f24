"""Right answers: sealed for their place, revealed by the rule of the quiz, and sealed anew when secrets change."""

import pytest
from sqlalchemy import select

from db import tables
from db.actions.correct_answers import opened, seal
from db.engine import Database
from db.keyring import Keyring, Unreadable
from tests.conftest import KEYRING, SECRET
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import change
from tests.world import World

NEW = "n" * 32


def test_what_is_sealed_has_no_word_of_it(world: World) -> None:
    assert b"mortal" not in world.quiz_question.correct_answer
    (right,) = opened(KEYRING, world.quiz_question).values()
    assert right.explanation == "All people are mortal."


@pytest.mark.parametrize("place", ["id", "quiz_id"])
def test_in_another_place_it_cannot_be_opened(world: World, place: str) -> None:
    kept = {"id": world.quiz_question.id, "quiz_id": world.quiz.id} | {place: world.draft_quiz.id}
    with pytest.raises(Unreadable):
        opened(KEYRING, tables.Question(correct_answer=world.quiz_question.correct_answer, **kept))


async def test_an_older_secret_can_be_taken_away_once_all_is_sealed_anew(database: Database, world: World) -> None:
    kept = world.draft_quiz_question
    broken = seal(Keyring(["x" * 32]), kept, list(opened(KEYRING, kept).values()))
    await change(database, kept, correct_answer=broken)
    database.keyring = Keyring([NEW, SECRET])
    await run(database, "seal_answers_anew")
    only_new = Keyring([NEW])
    async with database.read() as session:
        questions = (await session.scalars(select(tables.Question))).all()
        attempts = (await session.scalars(select(tables.QuizAttempt))).all()
    assert len(attempts) == 3
    for row in questions:
        if row.id == kept.id:  # whose secret nobody knows: it stays as it is
            assert row.correct_answer == broken
        else:
            assert opened(only_new, row)
    assert all(opened(only_new, attempt) for attempt in attempts)

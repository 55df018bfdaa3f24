"""Hearing of one's own attempts at a quiz, and of nobody else's."""

from tests.conftest import Graph
from tests.graphql_schema.asking import done
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.quizzes.asking import CAPITAL, GRADE, WHY, answer, quiz, start, submit

EVENTS = """
    subscription ($quiz: ID!) {
      quizAttemptEvents(quizId: $quiz) { kind attempt { number status score user { name } } answer { points } }
    }
"""


async def test_every_step_of_an_attempt_is_heard_up_to_its_grade(graph: Graph, listen: Listen) -> None:
    made = await quiz(graph, CAPITAL, WHY, WHY | {"question": "How?"})
    async with listen("sam", EVENTS, quiz=made["id"]) as ear:
        attempt = await start(graph, "sam", made)
        essays = [await answer(graph, "sam", attempt, question, text="So.") for question in ("Why?", "How?")]
        await submit(graph, "sam", attempt)
        for essay in essays:
            await done(graph, "ines", GRADE, answerId=essay["id"], points=5)
        heard = [(await ear.hear())["data"]["quizAttemptEvents"] for _ in range(6)]
    assert [event["kind"] for event in heard] == [
        "QUIZ_ATTEMPT_STARTED",
        "QUIZ_ANSWER_SAVED",
        "QUIZ_ANSWER_SAVED",
        "QUIZ_ATTEMPT_SUBMITTED",
        "QUIZ_ANSWER_GRADED",
        "QUIZ_ATTEMPT_GRADED",
    ]
    assert heard[-1]["attempt"]["status"] == "GRADED"
    assert heard[-2]["answer"] == {"points": 5}


async def test_what_others_do_is_not_heard_even_by_who_teaches(graph: Graph, listen: Listen) -> None:
    made = await quiz(graph, CAPITAL)
    async with listen("ines", EVENTS, quiz=made["id"]) as ear:
        await start(graph, "sam", made)
        await start(graph, "ines", made)
        heard = (await ear.hear())["data"]["quizAttemptEvents"]
    assert heard["attempt"]["user"] == {"name": "Ines"}

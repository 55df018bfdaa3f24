"""No learner gets a right answer to a quiz before the end of their attempt, by whatever the graph can be asked.

All that can be asked is found in the schema. Words that stand in right answers alone are looked for in everything that
learners are answered; and which of the options are right must make no difference to it.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from db import tables
from db.access import GUEST
from db.actions import correct_answers
from graphql_schema.execution import Executor, Request, RequestError
from graphql_schema.schema import executor
from tests.conftest import UNLIMITED, Graph, NotingDatabase
from tests.graphql_schema.asking import done
from tests.graphql_schema.conftest import Listen, listen
from tests.graphql_schema.quizzes.asking import SUBMIT, answer, choice, quiz, start, taken
from tests.invariants.asking import questions, shown
from tests.invariants.crawler import crawl
from tests.invariants.schema import ROOTS, Edge, edges, object_type, others
from tests.invariants.test_search import SEARCHES, searched
from tests.world import World

__all__ = ["listen"]

SECRETS = ["zirconium", "xylophone", "quicksilver", "obsidian"]
"""Words that stand in right answers alone."""
ASKED = [
    choice("tomato", "potato", right=("tomato",), explanation="zirconium"),
    choice("red", "green", "blue", right=("red", "blue"), type="MULTIPLE_SELECT", question="Colours?"),
    {"type": "SHORT_ANSWER", "question": "Word?", "acceptedTexts": ["xylophone"], "explanation": "quicksilver"},
    {"type": "ESSAY", "question": "Why?", "explanation": "obsidian"},
]
LEARNERS = ["sam", "olga", None]
ENDS = {"submitQuizAttempt"}
"""The mutations with which an attempt ends."""
QUIZZES = tables.Quiz, tables.Question, tables.QuizAttempt, tables.QuizAnswer
Ids = dict[str, str]
DEEP = 5


UNBOUNDED = Executor(executor.schema, limits=UNLIMITED)
RESOLVED = Executor(executor.schema, limits=UNLIMITED, compiles=False)


@pytest.fixture
def graph(database: NotingDatabase, world: World) -> Graph:
    """The graph for who may ask for as much as they like."""
    return Graph(database, world, UNBOUNDED)


@pytest.fixture
async def ids(graph: Graph) -> Ids:
    """The ids of a quiz at which Sam is for the second time: right answers are revealed when that has ended."""
    made = await quiz(graph, *ASKED, reveal="AFTER_ATTEMPT")
    first = await taken(graph, "sam", made, ("Which?", "tomato"), ("Colours?", "green"))
    attempt = await start(graph, "sam", made)
    given = await answer(graph, "sam", attempt, "Which?", "tomato")
    await answer(graph, "sam", attempt, "Word?", text="A guess")
    return {
        "quiz": made["id"],
        "question": attempt["questions"][0]["id"],
        "attempt": attempt["id"],
        "first": first["id"],
        "answer": given["id"],
        "marked": first["answers"]["nodes"][0]["id"],
    }


async def test_nothing_that_can_be_read_tells_a_right_answer(graph: Graph, ids: Ids) -> None:
    for asking in (graph, replace(graph, executor=RESOLVED)):
        for who in LEARNERS:
            assert secrets([text async for text in read(asking, who, ids)]) == []


async def test_which_options_are_right_makes_no_difference_to_what_can_be_read(graph: Graph, ids: Ids) -> None:
    before = {who: [text async for text in read(graph, who, ids)] for who in LEARNERS}
    await turn_round(graph)
    for who in LEARNERS:
        assert [text async for text in read(graph, who, ids)] == before[who]


async def test_no_id_that_can_be_sent_anywhere_gets_a_right_answer(graph: Graph, ids: Ids) -> None:
    heard = []
    for root in ("Query", "Mutation"):
        for question in questions(root):
            if not any(f"{name}." in question.place for name in ENDS):
                heard += [str(await asked(graph, "sam", question.text, id=id_)) for id_ in ids.values()]
    assert secrets(heard) == []
    state = await graph.data(
        "sam", "query ($id: ID!) { node(id: $id) { ... on QuizAttempt { status } } }", id=ids["attempt"]
    )
    assert state == {"node": {"status": "IN_PROGRESS"}}


async def test_no_payload_tells_a_right_answer(graph: Graph, ids: Ids) -> None:
    given = {"attemptId": ids["attempt"], "questionId": ids["question"]}
    tried: dict[str, list[dict[str, Any]]] = {
        "saveAnswer": [
            given | {"sequence": 9},
            given | {"optionIds": ["none"], "sequence": 9},
            given | {"sequence": 0},
        ],
        "startQuizAttempt": [{"quizId": ids["quiz"]}],
        "gradeAnswer": [{"answerId": ids["answer"], "points": 1}],
        "updateQuiz": [{"quizId": ids["quiz"], "expectedVersion": version} for version in (1, 7)],
        "publishQuiz": [{"quizId": ids["quiz"]}],
        "deleteQuiz": [{"quizId": ids["quiz"]}],
    }
    heard = []
    for name, inputs in tried.items():
        payload = shown(object_type("Mutation").fields[name].type, DEEP)
        text = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {payload} }}"
        for who in ("sam", "olga"):
            heard += [str(await asked(graph, who, text, input=input)) for input in inputs]
    assert any("sequence" in one for one in heard)
    assert secrets(heard) == []


async def test_no_event_tells_a_right_answer(graph: Graph, ids: Ids, listen: Listen) -> None:
    event = shown(object_type("Subscription").fields["quizAttemptEvents"].type, DEEP)
    text = f"subscription ($id: ID!) {{ quizAttemptEvents(quizId: $id) {event} }}"
    async with listen("sam", text, id=ids["quiz"]) as ear:
        attempt = await attempt_of(graph, ids)
        await answer(graph, "sam", attempt, "Which?", "potato", sequence=2)
        await answer(graph, "sam", attempt, "Why?", text="So", sequence=3)
        heard = [str(await ear.hear()) for _ in range(2)]
    assert all("QUIZ_ANSWER_SAVED" in one for one in heard)
    assert secrets(heard) == []


async def test_no_search_finds_a_quiz_by_its_right_answers(graph: Graph, ids: Ids) -> None:
    lists = [edge for edge in ROOTS if edge.is_list and searched(edge) and edge.is_for(graph.world.viewer("sam"))]
    for secret in SECRETS:
        counted = [edge.page("totalCount", filter=f'{{search: "{secret}"}}') for edge in lists]
        counted += [f'{name}(query: "{secret}") {{ totalCount }}' for name in SEARCHES]
        for one in counted:
            (found,) = (await graph.data("sam", f"{{ {one} }}")).values()
            assert found == {"totalCount": 0}


async def test_what_is_deferred_tells_no_right_answer(graph: Graph, ids: Ids) -> None:
    for id_ in ids.values():
        for type_ in ("Quiz", "QuizAttempt", "QuizAnswer", "Question"):
            parts = " ".join(f"... @defer {{ {one} }}" for one in everything(type_)[:20])
            text = f"query ($id: ID!) {{ node(id: $id) {{ ... on {type_} {{ {parts} }} }} }}"
            operation = graph.executor.prepare(Request(text, variables={"id": id_}))
            found = [one async for one in graph.executor.execute_in_parts(operation, graph.context("sam"))]
            assert secrets([str([(one.answer, [kept.value for kept in one.kept]) for one in found])]) == []


async def test_once_the_attempt_has_ended_all_of_it_is_read(graph: Graph, ids: Ids) -> None:
    """So the tests above look where right answers are."""
    await done(graph, "sam", SUBMIT, attemptId=ids["attempt"])
    heard = [text async for text in read(graph, "sam", ids)]
    assert secrets(heard) == sorted(SECRETS)
    await turn_round(graph)
    assert [text async for text in read(graph, "sam", ids)] != heard
    for who in ("olga", None):
        assert secrets([text async for text in read(graph, who, ids)]) == []


async def read(graph: Graph, who: str | None, ids: Ids) -> AsyncIterator[str]:
    """What somebody is answered who asks for all fields of all that they find, and of what they have the ids of."""
    found = await crawl(graph, who)
    for type_name in sorted({*found, *(table.__name__ for table in QUIZZES)}):
        public_ids = sorted({*found[type_name], *ids.values()})[:100]
        selection = " ".join(everything(type_name))
        text = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on {type_name} {{ {selection} }} }} }}"
        yield orjson.dumps(await graph(who, text, ids=public_ids)).decode()


def everything(type_name: str) -> list[str]:
    """All fields of a type as selections, and those of what it leads to."""
    return [*others(type_name), *(one for edge in edges(type_name) for one in _beyond(edge))]


def _beyond(edge: Edge) -> Iterable[str]:
    if edge.target in {table.__name__ for table in QUIZZES}:
        yield edge.select(" ".join(["id", *others(edge.target)]))


async def asked(graph: Graph, who: str | None, text: str, **variables: Any) -> Any:
    """The answer to an operation, or why it is none."""
    try:
        return await graph(who, text, **variables)
    except RequestError as error:
        return error.errors


async def attempt_of(graph: Graph, ids: Ids) -> dict[str, Any]:
    """The attempt that goes on, with its questions."""
    text = (
        "query ($id: ID!) { node(id: $id) { ... on QuizAttempt { id questions { id question options { id text } } } } }"
    )
    found: dict[str, Any] = (await graph.data("sam", text, id=ids["attempt"]))["node"]
    return found


async def turn_round(graph: Graph) -> None:
    """Let the other options be right, in the quiz and in all attempts at it."""
    keyring = graph.database.keyring
    async with graph.database.work(GUEST) as work:
        for table, column in correct_answers.COLUMNS.items():
            for row in (await work.scalars(select(table))).all():
                right = correct_answers.opened(keyring, row).values()
                for one in right:
                    one.option_ids = [f"not {option}" for option in one.option_ids]
                setattr(row, column, correct_answers.seal(keyring, row, list(right)))


def secrets(heard: Iterable[str]) -> list[str]:
    """The words of right answers that were heard."""
    whole = "\n".join(heard)
    assert whole
    return sorted(secret for secret in SECRETS if secret in whole)

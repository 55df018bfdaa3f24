"""JSON of columns as objects of the graph, by both ways to answer: selected, hidden, deferred, or missing."""

import json
from collections.abc import AsyncIterator
from random import Random
from typing import Annotated, Any

import orjson
import pytest
from pydantic import AwareDatetime, BaseModel, Field, create_model
from sqlalchemy import Text, cast, literal, update
from sqlalchemy.dialects.postgresql import JSONB
from strawberry.schema.config import StrawberryConfig

from db import tables
from db.access import GUEST
from db.columns import HIDDEN, JsonOf, PublicId
from db.enums import Words
from db.permissions import MANAGE
from graphql_schema.core import NODES, embedded_in, shaped
from graphql_schema.core.fields import graph_type, object_type
from graphql_schema.core.roots import Lookup
from graphql_schema.core.scalars import SCALARS
from graphql_schema.core.strawberry_seam import TYPES, Schema
from graphql_schema.execution import Executor, Request
from tests.conftest import Graph, NotingDatabase
from tests.deadline import DEADLINE
from tests.fitting import fitting
from tests.graphql_schema.execution.rows import TEXTS
from tests.graphql_schema.execution.test_deferring import increments, together
from tests.world import World


class Mood(Words):
    """How somebody feels."""

    GOOD = "GOOD", "Well."
    BAD = "BAD", "Not so well."


class Choice(BaseModel):
    """Something to choose."""

    text: str = Field(description="What it says.")
    is_right: Annotated[bool, HIDDEN] = False


class Riddle(BaseModel):
    """Something that is asked."""

    title: str = Field(description="The question.")
    answer_key: Annotated[str, HIDDEN] = Field("", description="What is right.")
    points: int = Field(3, description="What it counts.", ge=0, le=1_000_000)
    share: float | None = Field(None, description="Its share of all points.")
    mood: Mood = Field(Mood.GOOD, description="How it makes one feel.")
    asked_at: AwareDatetime | None = Field(None, description="When it was asked.")
    author_id: PublicId | None = Field(None, description="Who asks.")
    is_open: bool = Field(True, description="Whether it can be answered.")
    words: list[str] = Field([], description="What it is about.", max_length=5)
    choices: list[Choice] | None = Field(None, description="What can be chosen.", max_length=4)
    best: Choice | None = Field(None, description="What most people choose.")
    first: Choice = Field(description="What stands first.")


FULL = {
    "title": 'A "quoted" \\ title\n漢字',
    "answer_key": "42",
    "points": 7,
    "share": 1,
    "mood": Mood.BAD,
    "asked_at": "2026-01-02T03:04:05.120+02:00",
    "author_id": "usr_1",
    "is_open": False,
    "words": ["a", "b"],
    "choices": [{"text": "yes", "is_right": True}, {"text": "no"}],
    "best": {"text": "yes"},
    "first": {"text": "no"},
}
FIRST = {"text": ""}
EMPTY = {
    "title": "",
    "points": 3,
    "share": None,
    "mood": "GOOD",
    "askedAt": None,
    "authorId": None,
    "isOpen": True,
    "words": [],
    "choices": None,
    "best": None,
    "first": FIRST,
}
"""What is answered where nothing is there."""
CONFIG = StrawberryConfig(scalar_map=SCALARS, enable_experimental_incremental_execution=True)
MISTAKEN = [
    {},
    [],
    "text",
    1,
    None,
    dict.fromkeys(FULL),
    {key: [[]] for key in FULL} | {"words": "a", "choices": "b"},
    {key: {} for key in FULL} | {"best": []},
    {"title": 1, "mood": "NONE", "points": "7", "share": "1", "is_open": 0, "asked_at": 0, "author_id": True},
]
"""What is not what it should be."""
QUESTION = """
    title points share mood askedAt authorId isOpen words
    choices { __typename text } best { text } first { text }
"""
ASKED = f"query ($id: ID!) {{ shown(id: $id) {{ questions {{ {QUESTION} }} question {{ {QUESTION} }} }} }}"


class Asking:
    """A graph that shows a review with JSON of both forms, by both its ways."""

    def __init__(self, database: NotingDatabase, world: World, review: tables.DocumentReview) -> None:
        schema = Schema(query=TYPES["Query"], types=list(NODES.values()), config=CONFIG)
        ways = [Executor(schema.core, compiles=compiles, deadline=DEADLINE) for compiles in (True, False)]
        self.graphs = [Graph(database, world, way) for way in ways]
        self.schema, self.database, self.review = schema, database, review

    async def write(self, **columns: Any) -> None:
        """Write to the review. What is no expression is checked."""
        async with self.database.work(GUEST) as work:
            await work.execute(update(tables.DocumentReview).values(columns))

    async def __call__(self, query: str, who: str = "ada", **variables: Any) -> Any:
        """The review, which is the same by both ways, and by one of them one statement."""
        resolved, compiled = [
            orjson.dumps(await graph(who, query, id=self.review.public_id, **variables))
            for graph in reversed(self.graphs)
        ]
        assert compiled == resolved
        assert len(self.graphs[0].statements) == 1
        answer = orjson.loads(compiled)
        assert "errors" not in answer, answer
        return answer["data"]["shown"]


class Shown(Lookup):
    """A row of a table as another type than its node."""

    def annotation(self, table: Any, name: str) -> Any:
        return "Shown | None"


@pytest.fixture
async def asking(database: NotingDatabase, world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asking]:
    """Two columns have shapes, for the time of a test."""
    before, columns = dict(TYPES), tables.DocumentReview.__table__.c
    monkeypatch.setattr(columns.completeness, "type", JsonOf(Riddle, "completeness"))
    monkeypatch.setattr(columns.quality_metrics, "type", JsonOf(Riddle, "qualityMetrics", 3))
    monkeypatch.setattr(columns.quality_metrics, "nullable", False)

    @embedded_in(tables.DocumentReview)
    class Shown_:  # noqa: N801  (the type has a name of its own)
        """A review."""

        question = shaped("The one question.", source="completeness")
        secret = shaped("The same, for those who lead the project.", source="completeness", needs=MANAGE)
        questions = shaped("All questions.", source="quality_metrics")

    TYPES["Shown"] = TYPES["Shown_"]
    object_type("Query", "What can be read.", shown=Shown("A review.", tables.DocumentReview, ()))
    review = tables.DocumentReview(document_id=world.requirements.id, document_version=1, reviewer="rules/1")
    async with database.work(world.viewer("ada")) as work:
        await work.add(review)
    yield Asking(database, world, review)
    TYPES.clear()
    TYPES.update(before)


def raw(value: Any) -> Any:
    """JSON as it is, whether it fits or not."""
    return cast(literal(orjson.dumps(value).decode(), Text()), JSONB)


async def test_what_is_selected_of_json_is_answered_and_nothing_else(asking: Asking) -> None:
    await asking.write(completeness=FULL, quality_metrics=[FULL, {"title": "", "first": {"text": ""}}])
    found = await asking(ASKED)
    assert (
        found["question"]
        == found["questions"][0]
        == {
            "title": FULL["title"],
            "points": 7,
            "share": 1.0,
            "mood": "BAD",
            "askedAt": "2026-01-02T01:04:05.12+00:00",
            "authorId": "usr_1",
            "isOpen": False,
            "words": ["a", "b"],
            "choices": [{"__typename": "Choice", "text": "yes"}, {"__typename": "Choice", "text": "no"}],
            "best": {"text": "yes"},
            "first": {"text": "no"},
        }
    )
    assert found["questions"][1] == EMPTY


async def test_json_is_selected_with_aliases_fragments_and_conditions(asking: Asking) -> None:
    await asking.write(completeness=FULL, quality_metrics=[FULL])
    query = """
        query ($id: ID!, $points: Boolean!) {
          shown(id: $id) { question { b: title ...Rest mood @skip(if: $points) } questions { ...Rest } }
        }
        fragment Rest on Riddle { points @include(if: $points) choices { text } ... on Riddle { a: isOpen } }
    """
    choices = [{"text": "yes"}, {"text": "no"}]
    found = await asking(query, points=True)
    assert list(found["question"].items()) == [("b", FULL["title"]), ("points", 7), ("choices", choices), ("a", False)]
    assert await asking(query, points=False) == {
        "question": {"b": FULL["title"], "choices": choices, "a": False, "mood": "BAD"},
        "questions": [{"choices": choices, "a": False}],
    }


async def test_a_column_without_json_is_null_or_an_empty_list(asking: Asking) -> None:
    assert await asking(ASKED) == {"question": None, "questions": []}


@pytest.mark.parametrize("value", MISTAKEN, ids=str)
async def test_what_does_not_fit_is_null_or_the_default(asking: Asking, value: Any) -> None:
    await asking.write(completeness=raw(value), quality_metrics=raw([value, value]))
    found = await asking(ASKED)
    assert found["question"] == (EMPTY if isinstance(value, dict) else None)
    assert found["questions"] == [EMPTY] * 2


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 1.5, 10**400, "1", [1], True])
async def test_a_number_that_is_no_int_is_the_default(asking: Asking, number: Any) -> None:
    await asking.write(completeness=cast(literal(f'{{"points": {json.dumps(number)}}}', Text()), JSONB))
    assert (await asking("query ($id: ID!) { shown(id: $id) { question { points } } }"))["question"] == {"points": 3}


@pytest.mark.parametrize(
    "moment",
    ["", "now", "infinity", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "0000-01-01T00:00:00Z"],
)
async def test_a_text_that_is_no_moment_is_null(asking: Asking, moment: str) -> None:
    await asking.write(completeness=raw({"asked_at": moment}))
    assert (await asking("query ($id: ID!) { shown(id: $id) { question { askedAt } } }"))["question"] == {
        "askedAt": None
    }


async def test_both_ways_agree_about_whatever_fits(asking: Asking) -> None:
    columns: Any = tables.DocumentReview.__table__.c
    random = Random(1)
    for _ in range(30):
        one, many = (fitting(columns[name].type, random, TEXTS) for name in ("completeness", "quality_metrics"))
        await asking.write(completeness=one, quality_metrics=many)
        await asking(ASKED)


async def test_json_that_needs_a_permission_is_null_for_others(asking: Asking) -> None:
    await asking.write(completeness=FULL)
    query = "query ($id: ID!) { shown(id: $id) { question { points } secret { points } } }"
    assert await asking(query) == {"question": {"points": 7}, "secret": {"points": 7}}
    assert await asking(query, "vera") == {"question": {"points": 7}, "secret": None}


async def test_what_is_hidden_is_not_in_the_schema(asking: Asking) -> None:
    printed = asking.schema.as_str()
    assert "answerKey" not in printed
    assert "isRight" not in printed
    assert '"""What it counts."""\n  points: Int!\n' in printed
    assert "  share: Float\n" in printed
    assert "  choices: [Choice!]\n" in printed
    assert "  questions: [Riddle!]!\n" in printed
    assert '"""Something that is asked."""\ntype Riddle {\n' in printed


@pytest.mark.parametrize("most", [None, 3])
def test_json_that_hides_something_is_not_shown_whole(most: int | None) -> None:
    with pytest.raises(TypeError, match="shaped"):
        graph_type(JsonOf(create_model("Quiz", questions=list[Riddle]), "quiz", most))


def test_a_list_of_json_costs_as_much_as_it_may_have(asking: Asking) -> None:
    query = "query ($id: ID!) { shown(id: $id) { questions { choices { text } } } }"
    operation = asking.graphs[0].executor.prepare(Request(query, variables={"id": asking.review.public_id}))
    assert operation.estimate.weight == 1 + 3 * (1 + 4)


@pytest.mark.parametrize("part", ["question", "questions"])
async def test_a_part_of_json_can_be_deferred(asking: Asking, part: str) -> None:
    await asking.write(completeness=FULL, quality_metrics=[FULL, FULL])
    query = f"""query ($id: ID!) {{ shown(id: $id) {{ {part} {{
        title words choices {{ text ... @defer {{ __typename }} }} ... @defer {{ points best {{ text }} }}
    }} }} }}"""
    found = await increments(asking.graphs[0], query, id=asking.review.public_id)
    assert b"points" not in orjson.dumps(found[0].answer["data"])
    assert together(found)["shown"] == await asking(query)


def refused(annotation: Any, **options: Any) -> type[BaseModel]:
    """A model with one field."""
    return create_model("Refused", field=(annotation, Field(**options)))


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (refused(str), "description"),
        (refused(list[str], description="Words."), "max_length"),
        (refused(int | str, description="One or the other."), "one type"),
        (refused(dict[str, str], description="Anything."), "no values of this type"),
        (refused(list[str], description="Words.", max_length=2, default=["a"]), "empty"),
        (create_model("User"), "named User"),
    ],
)
def test_a_model_that_the_graph_cannot_show_is_refused(
    monkeypatch: pytest.MonkeyPatch, model: type[BaseModel], why: str
) -> None:
    monkeypatch.setattr(tables.DocumentReview.__table__.c.completeness, "type", JsonOf(model, "completeness"))
    with pytest.raises(TypeError, match=why):
        shaped("A review.").annotation(tables.DocumentReview, "completeness")


def test_a_column_without_a_model_has_no_shape() -> None:
    with pytest.raises(TypeError, match="model"):
        shaped("Its settings.").annotation(tables.SpecificationProject, "settings")

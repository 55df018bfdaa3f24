"""Learning modules are found, recommended and read by whoever may; right options by those who wrote them alone."""

import pytest

from db import tables
from db.tables import ModuleProgressStatus, SpecificationPhase
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change, filtered, listed, ordered
from tests.graphql_schema.learning.asking import START, progress
from tests.world import NOON, World
from tests.world.learning import ANSWERS, EXERCISES

MODULES = "{ learningModules(%s) { nodes { slug } } }"
EVERYTHING = """
    {
      learningModules {
        nodes {
          exercises { id title prompt kind options hints skill rubric { text } }
          answers { totalCount nodes { exerciseId options } }
        }
      }
    }
"""


@pytest.mark.parametrize(
    ("who", "slugs"),
    [(None, ["advanced", "basics"]), ("sam", ["advanced", "basics"]), ("ines", ["sketch", "advanced", "basics"])],
)
async def test_published_modules_are_seen_by_everybody_and_drafts_by_their_author(
    graph: Graph, who: str | None, slugs: list[str]
) -> None:
    assert [node["slug"] for node in await listed(graph, who, MODULES % "first: 9")] == slugs


async def test_modules_are_found_by_phase_difficulty_and_words(graph: Graph) -> None:
    filters = ("phase: [REQUIREMENTS]", "difficulty: [EXPERT]", 'search: "sket"', "isPublished: false")
    assert await filtered(graph, "ines", MODULES, filters) == {
        "phase: [REQUIREMENTS]": ["basics"],
        "difficulty: [EXPERT]": [],
        'search: "sket"': ["sketch"],
        "isPublished: false": ["sketch"],
    }
    assert await ordered(graph, "ines", MODULES, "TITLE") == ["advanced", "basics", "sketch"]


async def test_a_module_is_found_by_its_name_in_addresses_and_by_search(graph: Graph) -> None:
    asked = """{
      learningModule(slug: "advanced") {
        author { name }
        prerequisites { nodes { slug requiredBy { nodes { slug } } } }
      }
      search(query: "basics", types: [LEARNING_MODULE]) { nodes { ... on LearningModule { slug } } }
    }"""
    assert await graph.data(None, asked) == {
        "learningModule": {
            "author": {"name": "Ines"},
            "prerequisites": {"nodes": [{"slug": "basics", "requiredBy": {"nodes": [{"slug": "advanced"}]}}]},
        },
        "search": {"nodes": [{"slug": "basics"}]},
    }


@pytest.mark.parametrize(
    ("who", "sees"), [("ines", True), ("root", True), ("sam", False), ("ada", False), (None, False)]
)
async def test_right_options_are_seen_by_who_may_change_the_module_alone(
    graph: Graph, world: World, who: str | None, sees: bool
) -> None:
    modules = await listed(graph, who, EVERYTHING)
    answers = {one["exerciseId"]: one["options"] for module in modules for one in module["answers"]["nodes"]}
    assert answers == (ANSWERS if sees else {})
    assert sum(module["answers"]["totalCount"] for module in modules) == len(answers)
    by_id = await graph.data(who, "query ($id: ID!) { node(id: $id) { id } }", id=world.right_answer.public_id)
    assert bool(by_id["node"]) is sees


async def test_nothing_that_learners_see_of_an_exercise_tells_the_right_options(graph: Graph) -> None:
    (basics,) = [module for module in await listed(graph, "sam", EVERYTHING) if module["exercises"]]
    assert [exercise["options"] for exercise in basics["exercises"]] == [one["options"] for one in EXERCISES]
    for exercise in basics["exercises"]:
        assert exercise.keys() == {"id", "title", "prompt", "kind", "options", "hints", "skill", "rubric"}


async def test_a_project_recommends_the_modules_of_its_phase_and_first_those_not_completed(
    graph: Graph, world: World
) -> None:
    asked = "query ($id: ID!) { project(id: $id) { recommendedModules { nodes { slug isCompleted } } } }"
    await change(graph.database, world.advanced, phase=SpecificationPhase.REQUIREMENTS)
    await change(graph.database, world.sketch, phase=SpecificationPhase.REQUIREMENTS)
    completed = tables.ModuleProgress(
        user_id=world.ben.id, module_id=world.basics.id, status=ModuleProgressStatus.COMPLETED, completed_at=NOON
    )
    await add(graph.database, completed)
    for who, slugs in (("ada", ["basics", "advanced"]), ("ben", ["advanced", "basics"])):
        found = await listed(graph, who, asked, id=world.atlas.public_id)
        assert [node["slug"] for node in found] == slugs
        assert [node["isCompleted"] for node in found] == [False, who == "ben"]
    await change(graph.database, world.atlas, current_phase=SpecificationPhase.TASKS)
    assert await listed(graph, "ada", asked, id=world.atlas.public_id) == []


async def test_progress_is_seen_by_its_person_and_by_who_wrote_the_module(graph: Graph, world: World) -> None:
    asked = (
        '{ learningModule(slug: "basics") { viewerProgress { progressPercent } progress { nodes { user { name } } } } }'
    )
    await progress(graph, "olga", START, "basics")
    for who, percent, names in (
        ("sam", 40, ["Sam"]),
        ("olga", 0, ["Olga"]),
        ("ines", None, ["Olga", "Sam"]),
        (None, None, []),
    ):
        found = (await graph.data(who, asked))["learningModule"]
        assert found["viewerProgress"] == (None if percent is None else {"progressPercent": percent})
        assert sorted(node["user"]["name"] for node in found["progress"]["nodes"]) == names

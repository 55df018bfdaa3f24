"""Hearing of one's own progress in a learning module, and of nobody else's."""

from tests.conftest import Graph
from tests.graphql_schema.conftest import Listen
from tests.graphql_schema.learning.asking import ASSESS, COMPLETE, SKIP, START, SUBMIT, progress
from tests.world import World

EVENTS = """
    subscription ($module: ID!) {
      moduleProgressEvents(moduleId: $module) { kind progress { status progressPercent user { name } } }
    }
"""


async def test_every_step_through_a_module_is_heard(graph: Graph, world: World, listen: Listen) -> None:
    async with listen("ines", EVENTS, module=world.advanced.public_id) as ear:
        await progress(graph, "ines", SKIP, "basics")
        for mutation, given in (
            (ASSESS, {"skill": "Patience", "level": 1}),
            (SKIP, {}),
            (START, {}),
            (COMPLETE, {"lessonId": "lesson-words"}),
        ):
            await progress(graph, "ines", mutation, "advanced", **given)
        heard = [(await ear.hear())["data"]["moduleProgressEvents"] for _ in range(5)]
    kinds = ["SKILL_ASSESSED", "MODULE_SKIPPED", "MODULE_STARTED", "MODULE_LESSON_COMPLETED", "MODULE_COMPLETED"]
    assert [event["kind"] for event in heard] == kinds
    assert heard[-1]["progress"] == {"status": "COMPLETED", "progressPercent": 100, "user": {"name": "Ines"}}


async def test_what_others_do_is_not_heard_even_by_who_wrote_the_module(
    graph: Graph, world: World, listen: Listen
) -> None:
    async with listen("ines", EVENTS, module=world.basics.public_id) as ear:
        await progress(graph, "sam", COMPLETE, "basics", lessonId="lesson-forms")
        await progress(graph, "ines", START, "basics")
        await progress(graph, "ines", SUBMIT, "basics", exerciseId="exercise-list", answer=[])
        heard = [(await ear.hear())["data"]["moduleProgressEvents"] for _ in range(2)]
    assert [(event["kind"], event["progress"]["user"]["name"]) for event in heard] == [
        ("MODULE_STARTED", "Ines"),
        ("EXERCISE_SUBMITTED", "Ines"),
    ]

"""The mutations of learning modules, with what the tests look at of their answers."""

from typing import Any

from tests.conftest import Graph
from tests.graphql_schema.asking import done, with_ids
from tests.world import World

ERRORS = "errors { code message path }"
PROGRESS = """
    progress {
      status progressPercent completedLessons score completedAt
      exerciseResults { exerciseId attempt answer score feedback }
      skillAssessments { skill level source }
    }
"""
MODULE = """
    module {
      id slug title phase version isPublished
      lessons { id title kind body videoUrl durationMinutes }
      exercises { id title kind options hints skill rubric { id text points } }
      answers { nodes { exerciseId options } }
      prerequisites { nodes { slug } }
    }
"""


def asked(mutation: str, selected: str) -> str:
    """The operation of a mutation that answers with this, and with its errors."""
    name = mutation[0].upper() + mutation[1:]
    return f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {selected} {ERRORS} }} }}"


START, COMPLETE, SUBMIT, ASSESS, SKIP = (
    asked(mutation, PROGRESS)
    for mutation in ("startModule", "completeModuleLesson", "submitExercise", "assessSkill", "skipModule")
)
CREATE, UPDATE, PUBLISH = (
    asked(mutation, MODULE) for mutation in ("createLearningModule", "updateLearningModule", "publishLearningModule")
)


async def progress(graph: Graph, who: str, mutation: str, module: str, **given: Any) -> Any:
    """The progress that a mutation which was not refused answers with; `module` is a name of the world."""
    found = await done(graph, who, mutation, moduleId=getattr(graph.world, module).public_id, **given)
    return found["progress"]


def written(world: World, **given: Any) -> dict[str, Any]:
    """The input of a new module with these fields."""
    needed: dict[str, Any] = {
        "slug": "new",
        "title": "New",
        "description": "All of it",
        "difficulty": "EXPERT",
        "estimatedDuration": 5,
    }
    return {**needed, **with_ids(world, given)}

"""Progress in learning modules, against a slow count in Python: whatever is done, and however its module is edited."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from db import tables
from db.actions import learning
from db.tables import ModuleProgressStatus
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.graphql_schema.asking import change
from tests.world import World

PARTS = [f"part-{number}" for number in range(6)]
PROGRESS = """{
  learningModule(slug: "advanced") { viewerProgress { status progressPercent completedLessons score } }
}"""


def lesson(id_: str) -> dict[str, Any]:
    return {"id": id_, "title": id_, "kind": "TEXT", "body": "", "duration_minutes": 1}


def exercise(id_: str) -> dict[str, Any]:
    return {
        "id": id_,
        "title": id_,
        "prompt": "",
        "kind": "CHECKLIST",
        "options": ["a", "b"],
        "rubric": [],
        "hints": [],
    }


class Slow:
    """One person's progress, counted anew from all that they did."""

    def __init__(self) -> None:
        self.lessons: Sequence[str] = ()
        self.exercises: Sequence[str] = ()
        self.read: list[str] = []
        self.answered: dict[str, list[float]] = {}
        self.is_completed = False

    def look(self) -> None:
        """Note whether nothing is left, which it stays."""
        self.is_completed |= self.done == len(self.lessons) + len(self.exercises) > 0

    @property
    def done(self) -> int:
        return sum(one in self.read for one in self.lessons) + sum(one in self.answered for one in self.exercises)

    @property
    def seen(self) -> dict[str, Any]:
        parts = len(self.lessons) + len(self.exercises)
        best = [max(self.answered[one]) for one in self.exercises if one in self.answered]
        return {
            "status": "COMPLETED" if self.is_completed else "IN_PROGRESS",
            "progressPercent": 100 if self.is_completed else 100 * self.done // parts,
            "completedLessons": [one for one in self.lessons if one in self.read],
            "score": pytest.approx(sum(best) / len(best)) if best else None,
        }


@pytest.mark.parametrize("seed", range(6))
async def test_progress_is_what_a_slow_count_says(graph: Graph, world: World, seed: int) -> None:
    random, slow, module = Random(seed), Slow(), world.advanced
    await change(graph.database, module, author_id=world.sam.id)
    for step in range(25):
        kind = random.choice(["edit", "read", "answer", "read", "answer"]) if step else "edit"
        if kind == "edit":
            slow.lessons = random.sample(PARTS, random.randint(1, 4))
            slow.exercises = random.sample(PARTS, random.randint(0, 3))
            lessons, exercises = [*map(lesson, slow.lessons)], [*map(exercise, slow.exercises)]
            await change(graph.database, module, lessons=lessons, exercises=exercises)
            await run(graph.database, "complete_edited", module=module.public_id)
        async with graph.database.work(world.viewer("sam")) as work:
            if step == 0:
                await work.add(
                    tables.ModuleProgress(
                        user_id=world.sam.id, module_id=module.id, status=ModuleProgressStatus.IN_PROGRESS
                    )
                )
            elif kind == "read":
                slow.read.append(random.choice(slow.lessons))
                await learning.complete_lesson(work, module, slow.read[-1])
            elif kind == "answer" and slow.exercises:
                one, answer = random.choice(slow.exercises), random.choice([[], ["a"], ["a", "b"]])
                slow.answered.setdefault(one, []).append(0 if answer else 100)
                await learning.submit(work, module, one, answer)
        slow.look()
        assert (await graph.data("sam", PROGRESS))["learningModule"]["viewerProgress"] == slow.seen, step

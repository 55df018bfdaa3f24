"""The learning modules that Ines wrote: Basics, Advanced, which requires it, and Sketch, a draft. Sam takes Basics."""

from typing import Any

from db import tables
from db.tables import Difficulty, ExerciseKind, ModuleLessonKind, ModuleProgressStatus, SpecificationPhase
from db.write import Work
from tests.world import NOON, World

NEEDS = ("accounts",)

LESSONS = [
    {"id": f"lesson-{name}", "title": name.capitalize(), "kind": kind, "body": f"# {name}", "duration_minutes": 5}
    for name, kind in (("words", ModuleLessonKind.TEXT), ("forms", ModuleLessonKind.INTERACTIVE))
]
NOTHING: dict[str, list[str]] = {"options": [], "rubric": [], "hints": []}
EXERCISES: list[dict[str, Any]] = [
    {
        **NOTHING,
        "id": "exercise-choice",
        "title": "Which is clear?",
        "prompt": "Choose.",
        "kind": ExerciseKind.CHOICE,
        "options": ["WHEN asked, the map SHALL open.", "The map opens fast."],
        "hints": ["Look for the word SHALL."],
        "skill": "Phrasing",
    },
    {
        **NOTHING,
        "id": "exercise-list",
        "title": "What belongs to it?",
        "prompt": "Check all.",
        "kind": ExerciseKind.CHECKLIST,
        "options": ["A condition", "A subject", "A colour", "A guess"],
    },
    {
        **NOTHING,
        "id": "exercise-text",
        "title": "Write one",
        "prompt": "Write requirements.",
        "kind": ExerciseKind.WRITE,
        "rubric": [{"id": "form", "text": "It has a form of EARS.", "points": 2}],
        "skill": "Writing",
    },
]
ANSWERS = {"exercise-choice": ["WHEN asked, the map SHALL open."], "exercise-list": ["A condition", "A subject"]}


async def make(world: World, work: Work) -> None:
    await modules(world, work)
    progress = tables.ModuleProgress(
        user_id=world.sam.id,
        module_id=world.basics.id,
        status=ModuleProgressStatus.IN_PROGRESS,
        completed_lessons=["lesson-words"],
        exercise_results=[
            {
                "exercise_id": "exercise-choice",
                "attempt": 1,
                "answer": ["The map opens fast."],
                "score": 0,
                "feedback": "This is not right: choose another option.",
                "submitted_at": NOON,
            }
        ],
        skill_assessments=[{"skill": "Phrasing", "level": 2, "source": "SELF", "assessed_at": NOON}],
    )
    world.rows["module_progress"] = await work.add(progress)


async def modules(world: World, work: Work) -> None:
    given = (("basics", True, SpecificationPhase.REQUIREMENTS), ("advanced", True, None), ("sketch", False, None))
    for slug, is_published, phase in given:
        module = tables.LearningModule(
            slug=slug,
            title=slug.capitalize(),
            description=f"All of {slug}",
            phase=phase,
            difficulty=Difficulty.BEGINNER,
            estimated_duration=45,
            lessons=LESSONS if slug != "advanced" else LESSONS[:1],
            exercises=EXERCISES if slug == "basics" else [],
            is_published=is_published,
            author_id=world.ines.id,
        )
        world.rows[slug] = await work.add(module)
    for exercise, options in ANSWERS.items():
        answer = tables.ExerciseAnswer(module_id=world.basics.id, exercise_id=exercise, options=options)
        world.rows.setdefault("right_answer", await work.add(answer))
    link = tables.LearningModulePrerequisite(module_id=world.advanced.id, required_id=world.basics.id)
    world.rows["prerequisite"] = await work.add(link)

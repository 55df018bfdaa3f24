"""Learning modules about the phases of specifications, written for Trellis, and generated progress in them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from uuid import UUID

from db import tables
from db.actions.grading import grade
from db.demo import seeds
from db.demo.people import People
from db.demo.rows import Batch, Row, as_json, dice, key, row
from db.demo.sources import Record, moment
from db.tables import (
    Difficulty,
    Exercise,
    ExerciseKind,
    ExerciseResult,
    ModuleProgressStatus,
    SpecificationPhase,
)

PUBLISHED = moment("2025-01-13")
LAST = moment("2026-02-01")
LEARNERS = 60
BASICS = "requirements-basics"
PURSUITS = {  # of the people whom the demo introduces: modules and the share of them that is done
    "Vadim Pavlov": {"requirements-basics": 1.0, "requirements-with-ears": 0.6},
    "Patrick Arminio": {"requirements-basics": 0.5},
    "Gregor Martynus": {"requirements-basics": 1.0, "design-decisions": 1.0, "tasks-that-finish": 0.4},
}
BEGUN = PUBLISHED + timedelta(days=30)
BETWEEN = timedelta(minutes=20)
WRITTEN = "## Requirements\n\n1. WHEN a person signs in, THE SYSTEM SHALL show their projects.\n"


@dataclass(frozen=True, slots=True)
class Taking:
    """Somebody's way through a module: the first `done` of its lessons and exercises are done."""

    user_id: UUID
    module: Row
    record: Record
    since: datetime
    done: int


def rows(records: list[Record], people: People) -> Iterator[Batch]:
    """The modules, with what they require, and the progress of real people in them."""
    author = seeds.ADMINISTRATORS[0].id
    modules = {record["slug"]: module(record, author, at=PUBLISHED) for record in records}
    yield from written(records, modules.values())
    links = [(modules[one["slug"]], modules[required]) for one in records for required in one["prerequisites"]]
    yield Batch(tables.LearningModulePrerequisite, [_link(*pair) for pair in links])
    random, of = dice("modules"), {record["slug"]: record for record in records}
    pursued = [
        Taking(people.known(name).id, modules[slug], of[slug], BEGUN, round(share * parts(modules[slug])))
        for name, pursuits in PURSUITS.items()
        for slug, share in pursuits.items()
    ]
    known = {one.user_id for one in pursued}
    others = sorted((one for one in people if one.first < LAST and one.id not in known), key=lambda one: one.identity)
    basics = modules[BASICS]
    drawn = [
        taking(one.id, basics, of[BASICS], since=one.first, random=random) for one in random.sample(others, LEARNERS)
    ]
    yield progress([*pursued, *drawn], random)


def written(records: Sequence[Record], modules: Iterable[Row]) -> Iterator[Batch]:
    """Modules as rows, with JSON as PostgreSQL takes it, and the right options of their exercises."""
    made = list(modules)
    json = ("lessons", "exercises")
    yield Batch(tables.LearningModule, [one | {name: as_json(one[name]) for name in json} for one in made])
    answers = [
        row(
            tables.ExerciseAnswer,
            exercise["id"],
            at=one["created_at"],
            module_id=one["id"],
            exercise_id=exercise["id"],
            options=answered["answer"],
        )
        for record, one in zip(records, made, strict=True)
        for answered, exercise in zip(record["exercises"], one["exercises"], strict=True)
        if exercise["kind"] != ExerciseKind.WRITE
    ]
    yield Batch(tables.ExerciseAnswer, answers)


def module(record: Record, author_id: UUID, *, at: datetime, name: str = "") -> Row:
    """The row of a module, with its lessons and exercises as they are in Python; `name` is its slug if not its own."""
    slug = name or record["slug"]

    def id_of(kind: str, number: int) -> str:
        return key(tables.LearningModule, f"{slug}/{kind}/{number}", at=at).hex

    return row(
        tables.LearningModule,
        slug,
        at=at,
        slug=slug,
        title=record["title"],
        description=record["description"],
        phase=SpecificationPhase[record["phase"]],
        difficulty=Difficulty[record["difficulty"]],
        lessons=[_lesson(id_of("lesson", number), one) for number, one in enumerate(record["lessons"])],
        exercises=[_exercise(id_of("exercise", number), one) for number, one in enumerate(record["exercises"])],
        estimated_duration=record["minutes"],
        is_published=True,
        author_id=author_id,
    )


def parts(module: Row) -> int:
    """How many lessons and exercises a module has."""
    return len(module["lessons"]) + len(module["exercises"])


def taking(user_id: UUID, module: Row, record: Record, *, since: datetime, random: Random) -> Taking:
    """Draw a way through a module: many end where they begin."""
    earliest = max(since, module["created_at"])
    at = earliest + max(LAST - earliest, BETWEEN) * random.random()
    return Taking(user_id, module, record, at, min(parts(module), int(1.4 * parts(module) * random.random())))


def progress(takings: Iterable[Taking], random: Random) -> Batch:
    """The progress of people, which follows from what they have done."""
    return Batch(tables.ModuleProgress, [_progress(one, random) for one in takings])


def _progress(one: Taking, random: Random) -> Row:
    lessons, exercises = one.module["lessons"], one.module["exercises"]
    steps = accumulate(BETWEEN * (0.5 + random.random()) for _ in range(one.done))
    times = [one.since, *(one.since + step for step in steps)]
    answered = zip(exercises, one.record["exercises"], times[len(lessons) + 1 :], strict=False)
    phase = one.module["phase"]
    is_completed = one.done == parts(one.module)
    return row(
        tables.ModuleProgress,
        f"{one.user_id.hex}/{one.module['slug']}",
        at=one.since,
        user_id=one.user_id,
        module_id=one.module["id"],
        status=ModuleProgressStatus.COMPLETED if is_completed else ModuleProgressStatus.IN_PROGRESS,
        completed_lessons=[lesson["id"] for lesson in lessons[: one.done]],
        exercise_results=as_json(
            [_result(shown, of["answer"], at, phase=phase, random=random) for shown, of, at in answered]
        ),
        last_accessed_at=times[-1],
        completed_at=times[-1] if is_completed else None,
        updated_at=times[-1],
    )


def _result(exercise: Record, right: list[str], at: datetime, *, phase: SpecificationPhase, random: Random) -> Record:
    """An answer to an exercise, right or not, and graded as any other."""
    options = exercise["options"]
    answer = random.choice([right, right, options[:1]]) if options else [WRITTEN]
    found = grade(Exercise(**exercise), answer, right, phase=phase)
    result = ExerciseResult(
        exercise_id=exercise["id"],
        attempt=1,
        answer=answer,
        score=found.score,
        feedback=found.feedback,
        submitted_at=at,
    )
    return result.model_dump(mode="json")


def _lesson(id_: str, lesson: Record) -> Record:
    of_lesson = {name: lesson[name] for name in ("title", "kind", "body")}
    return {"id": id_, **of_lesson, "duration_minutes": lesson["minutes"]}


def _exercise(id_: str, exercise: Record) -> Record:
    shown = {name: exercise[name] for name in ("title", "prompt", "kind", "options", "hints", "skill")}
    rubric = [{"id": f"{id_}-{number}", **line} for number, line in enumerate(exercise["rubric"])]
    return {"id": id_, **shown, "rubric": rubric}


def _link(module: Row, required: Row) -> Row:
    name = f"{module['slug']}/{required['slug']}"
    of_both = {"module_id": module["id"], "required_id": required["id"]}
    return row(tables.LearningModulePrerequisite, name, at=module["created_at"], **of_both)

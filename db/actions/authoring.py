"""Writing learning modules: lessons, exercises with their right options, and what is to be done before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import delete, select

from db import tables
from db.actions.accounts import check_instructor
from db.base import Base
from db.errors import BadInput, Conflict, NotFound, Refusal, Refusals
from db.guards import turn
from db.outbox import viewer_topic
from db.records import fill_defaults
from db.tables import ExerciseKind, ModuleEventKind, ModuleLessonKind
from db.write import Work


class Part(Protocol):
    """A lesson or an exercise, which has an id if it is in the module already."""

    id: str | None


class NewLesson(Part, Protocol):
    """A lesson to write."""

    title: str
    kind: ModuleLessonKind
    body: str
    video_url: str | None
    duration_minutes: int


class NewCriterion(Protocol):
    """A line of a rubric."""

    text: str
    points: int


class NewExercise(Part, Protocol):
    """An exercise to write, with its right options."""

    title: str
    prompt: str
    kind: ExerciseKind
    options: list[str]
    answer: list[str]
    hints: list[str]
    skill: str | None

    @property
    def rubric(self) -> Sequence[NewCriterion]: ...


async def create_module(
    work: Work,
    module: tables.LearningModule,
    lessons: Sequence[NewLesson],
    *,
    exercises: Sequence[NewExercise],
    required: Sequence[tables.LearningModule],
) -> tables.LearningModule:
    """A new module of the viewer, which is a draft. Raises Forbidden for whoever is no instructor or administrator."""
    await check_instructor(work)
    module.author_id = work.viewer_id
    fill_defaults(module)
    module.lessons = _lessons(lessons, ())
    module.exercises, answers = _exercises(module, exercises, ())
    links = [_link(module, one.id) for one in _requirable(required)]
    rows: list[Base] = [module, *answers, *links]
    await work.add_all([(row, None) for row in rows])
    work.audit("module_created", module)
    await work.changed(module)
    work.touch(viewer_topic(work.viewer_id))
    return module


async def update_module(
    work: Work,
    module: tables.LearningModule,
    values: Mapping[str, Any],
    *,
    version: int,
    lessons: Sequence[NewLesson] | None,
    exercises: Sequence[NewExercise] | None,
    required: Sequence[tables.LearningModule] | None,
) -> tables.LearningModule:
    """The module with other values of these columns, and another content; what is None stays as it is.

    It must be locked. Raises Conflict where it has another version than that.
    """
    if module.version != version:
        raise Conflict(at="expectedVersion", current=module)
    before = [*module.lessons], [*module.exercises]
    new = dict(values) | {"version": version + 1}
    if lessons is not None:
        new["lessons"] = _lessons(lessons, module.lessons)
    if exercises is not None:
        new["exercises"], answers = _exercises(module, exercises, module.exercises)
        await work.execute(delete(tables.ExerciseAnswer).where(tables.ExerciseAnswer.module_id == module.id))
        await work.add_all([(row, None) for row in answers])
    if required is not None:
        await _require(work, module, _requirable(required, module))
    work.change(module, new)
    work.audit("module_changed", module)
    if (module.lessons, module.exercises) == before:
        await work.changed(module)
    else:
        await work.happened(ModuleEventKind.MODULE_EDITED, module)
    return module


async def publish_module(work: Work, module: tables.LearningModule) -> tables.LearningModule:
    """The module as everybody sees it. It must be locked. Raises Conflict for one in which nothing is to be done."""
    if not module.lessons and not module.exercises:
        raise Conflict("Write a lesson or an exercise first.", at="moduleId", current=module)
    if work.change(module, {"is_published": True}):
        work.audit("module_published", module)
        await work.changed(module)
    return module


async def change_prerequisites(work: Work) -> None:
    """Wait until nobody else changes what modules require.

    It comes before the lock of a module: two that are to require each other would wait for one another.
    """
    await work.execute(turn("module"))


async def _require(work: Work, module: tables.LearningModule, required: Sequence[tables.LearningModule]) -> None:
    """Let a module require these modules, and no others."""
    link = tables.LearningModulePrerequisite
    keys = [one.id for one in required]
    others = delete(link).where(link.module_id == module.id, link.required_id.not_in(keys))
    await work.execute(others)
    known = set(await work.scalars(select(link.required_id).where(link.module_id == module.id)))
    await work.add_all([(_link(module, key), None) for key in keys if key not in known])


def _requirable(
    required: Sequence[tables.LearningModule], module: tables.LearningModule | None = None
) -> Sequence[tables.LearningModule]:
    """The modules, if they can be required: what is a draft nobody could do before. Raises Refusals."""
    faults = [(index, one) for index, one in enumerate(required) if not one.is_published and one is not module]
    if faults:
        says = "This is not published, and nobody could do it before."
        raise Refusals([BadInput(says, at=f"prerequisiteIds.{index}") for index, _ in faults])
    return list(dict.fromkeys(required))


def _link(module: tables.LearningModule, required_id: UUID) -> tables.LearningModulePrerequisite:
    return tables.LearningModulePrerequisite(module_id=module.id, required_id=required_id)


def _lessons(lessons: Sequence[NewLesson], before: Iterable[Any]) -> list[Any]:
    """The lessons as the column has them."""
    _check([*_unknown(lessons, before, "lessons"), *_unplayable(lessons)])
    return [
        {
            "id": lesson.id or uuid4().hex,
            "title": lesson.title,
            "kind": lesson.kind,
            "body": lesson.body,
            "video_url": lesson.video_url,
            "duration_minutes": lesson.duration_minutes,
        }
        for lesson in lessons
    ]


def _exercises(
    module: tables.LearningModule, exercises: Sequence[NewExercise], before: Iterable[Any]
) -> tuple[list[Any], list[tables.ExerciseAnswer]]:
    """The exercises as the column has them, and their right options as rows."""
    _check([*_unknown(exercises, before, "exercises"), *_unanswerable(exercises)])
    made, answers = [], []
    for exercise in exercises:
        key = exercise.id or uuid4().hex
        rubric = [{"id": uuid4().hex, "text": one.text, "points": one.points} for one in exercise.rubric]
        made.append(
            {
                "id": key,
                "title": exercise.title,
                "prompt": exercise.prompt,
                "kind": exercise.kind,
                "options": exercise.options,
                "rubric": rubric,
                "hints": exercise.hints,
                "skill": exercise.skill,
            }
        )
        if exercise.kind is not ExerciseKind.WRITE:
            answers.append(tables.ExerciseAnswer(module_id=module.id, exercise_id=key, options=exercise.answer))
    return made, answers


def _unknown(parts: Sequence[Part], before: Iterable[Any], at: str) -> Iterator[Refusal]:
    """A refusal for each id that nothing in the module has, or that something before has."""
    known = {one["id"] for one in before}
    for index, part in enumerate(parts):
        if part.id is not None and part.id not in known:
            yield NotFound(at=f"{at}.{index}.id")
        known.discard(part.id)


def _unplayable(lessons: Sequence[NewLesson]) -> Iterator[Refusal]:
    """A refusal for each film without an address on the web."""
    for index, lesson in enumerate(lessons):
        is_needed = lesson.kind is ModuleLessonKind.VIDEO or lesson.video_url is not None
        if is_needed and not (lesson.video_url or "").startswith(("https://", "http://")):
            yield BadInput("A film needs its address, which begins with https://.", at=f"lessons.{index}.videoUrl")


def _unanswerable(exercises: Sequence[NewExercise]) -> Iterator[Refusal]:
    """A refusal for each exercise that has no right answer, or that cannot be told from a wrong one."""
    for index, exercise in enumerate(exercises):
        options, answer = exercise.options, exercise.answer
        is_written = exercise.kind is ExerciseKind.WRITE
        if is_written and options:
            yield BadInput("Where a text is written there are no options.", at=f"exercises.{index}.options")
        elif len(set(options)) < len(options):
            yield BadInput("Name every option once.", at=f"exercises.{index}.options")
        elif not is_written and not options:
            yield BadInput("There must be options to choose from.", at=f"exercises.{index}.options")
        elif not set(answer) <= set(options) or len(set(answer)) < len(answer):
            yield BadInput("The answer is some of the options, each once.", at=f"exercises.{index}.answer")
        elif exercise.kind is ExerciseKind.CHOICE and len(answer) != 1:
            yield BadInput("One of the options is right.", at=f"exercises.{index}.answer")


def _check(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise Refusals(refusals)

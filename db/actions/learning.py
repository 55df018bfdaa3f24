"""Taking learning modules: begin one, finish its lessons, answer its exercises, assess what one can, or leave it out.

The module is locked against edits first and then the progress, here as everywhere: so what is counted is the module as
it is, and nothing is lost of what happens at the same time.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, any_, column, func, join, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from db import tables
from db.actions.grading import grade
from db.errors import BadInput, Conflict, NotFound
from db.ids import key_of
from db.outbox import viewer_topic
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import (
    AssessmentSource,
    Exercise,
    ExerciseKind,
    ExerciseResult,
    ModuleEventKind,
    ModuleProgressEventKind,
    ModuleProgressStatus,
    SkillAssessment,
)
from db.tables.learning_shapes import ATTEMPTS, RESULTS, SKILLS
from db.transitions import may_become, transition
from db.write import Work

LEVELS = range(6)
AT_A_TIME = 100
DONE = ModuleProgressStatus.COMPLETED, ModuleProgressStatus.SKIPPED
"""The states in which a module counts as done where another requires it."""

_progress = tables.ModuleProgress
_module = tables.LearningModule
_BOTH = join(_progress, _module)
Found = tuple[tables.ModuleProgress, bool]


def parts(module: Any) -> ColumnElement[int]:
    """How many lessons and exercises a module has."""
    lengths = (func.jsonb_array_length(one, type_=Integer) for one in (module.lessons, module.exercises))
    return sum(lengths, start=literal_column("0", Integer()))


def done(progress: Any, module: Any) -> ColumnElement[int]:
    """How many of the lessons and exercises of a module, as it is now, somebody has done."""
    lesson, exercise = items(module.lessons), items(module.exercises)
    lessons = select(func.count()).where(lesson.c.value["id"].astext == any_(progress.completed_lessons))
    result = func.jsonb_build_array(func.jsonb_build_object("exercise_id", exercise.c.value["id"]))
    exercises = select(func.count()).where(progress.exercise_results.op("@>")(result))
    return lessons.correlate_except(lesson).scalar_subquery() + exercises.correlate_except(exercise).scalar_subquery()


def items(list_: Any) -> Any:
    """The items of a JSON list as rows, each a `value` with its `ordinal`."""
    rows = func.jsonb_array_elements(list_)
    return rows.table_valued(column("value", JSONB), with_ordinality="ordinal").render_derived()


async def start(work: Work, module: tables.LearningModule) -> tables.ModuleProgress:
    """The viewer's progress in a module, which they begin, or begin again after they have left it out.

    Raises Conflict, which names them, where modules that it requires are neither completed nor left out.
    """
    module = await _kept(work, module)
    progress, is_new = await _own(work, module, status=ModuleProgressStatus.IN_PROGRESS)
    if is_new or transition(progress, ModuleProgressStatus.IN_PROGRESS, at="moduleId"):
        work.audit("module_started", progress)
        if titles := await _lacking(work, module):
            first = f"Complete these modules first, or skip them: {', '.join(titles)}."
            raise Conflict(first, at="moduleId", current=None if is_new else progress)
        await _happened(work, ModuleProgressEventKind.MODULE_STARTED, progress, is_new=is_new)
        await _advance(work, module, progress)
    return progress


async def complete_lesson(work: Work, module: tables.LearningModule, lesson_id: str) -> tables.ModuleProgress:
    """The viewer's progress in a module with one lesson more; one that is done already changes nothing."""
    module = await _kept(work, module)
    _item(module.lessons, lesson_id, at="lessonId")
    progress = await _begun(work, module)
    if lesson_id not in progress.completed_lessons:
        progress.completed_lessons = [*progress.completed_lessons, lesson_id]
        work.audit("module_lesson_completed", progress)
        await _happened(work, ModuleProgressEventKind.MODULE_LESSON_COMPLETED, progress)
        await _advance(work, module, progress)
    return progress


async def submit(
    work: Work, module: tables.LearningModule, exercise_id: str, answer: Sequence[str]
) -> tables.ModuleProgress:
    """The viewer's progress in a module with one result more. Raises BadInput for what is no answer."""
    module = await _kept(work, module)
    exercise = Exercise.model_validate(_item(module.exercises, exercise_id, at="exerciseId"))
    found = grade(exercise, answer, await _right(work, module, exercise_id), phase=module.phase)
    progress = await _begun(work, module)
    before = [result for result in progress.exercise_results if result["exercise_id"] == exercise_id]
    others = [result for result in progress.exercise_results if result["exercise_id"] != exercise_id]
    result = ExerciseResult(
        exercise_id=exercise_id,
        attempt=max((one["attempt"] for one in before), default=0) + 1,
        answer=list(answer),
        score=found.score,
        feedback=found.feedback,
        submitted_at=datetime.now(UTC),
    ).model_dump(mode="json")
    results = _best_and_newest([*before, result])
    progress.exercise_results = [*others, *results][-RESULTS:]
    if exercise.skill:
        is_written = exercise.kind is ExerciseKind.WRITE
        source = AssessmentSource.REVIEW if is_written else AssessmentSource.EXERCISE
        best = max(one["score"] for one in results)
        progress.skill_assessments = _assessed(progress.skill_assessments, exercise.skill, round(best / 20), source)
    work.audit("exercise_submitted", progress, attempt=result["attempt"], score=result["score"])
    await _happened(work, ModuleProgressEventKind.EXERCISE_SUBMITTED, progress)
    await _advance(work, module, progress)
    return progress


async def assess(work: Work, module: tables.LearningModule, skill: str, level: int) -> tables.ModuleProgress:
    """The viewer's progress in a module, with what they say of a skill of theirs instead of what they said before."""
    if level not in LEVELS:
        raise BadInput(f"A level is from {LEVELS[0]} to {LEVELS[-1]}.", at="level")
    if not skill.strip():
        raise BadInput("This must not be empty.", at="skill")
    said = skill.strip(), level, AssessmentSource.SELF
    progress, is_new = await _own(work, await _kept(work, module), skill_assessments=_assessed([], *said))
    if not is_new:
        progress.skill_assessments = _assessed(progress.skill_assessments, *said)
    if len(progress.skill_assessments) > SKILLS:
        raise BadInput(f"At most {SKILLS} assessments of a module are kept.", at="skill")
    work.audit("skill_assessed", progress, level=level)
    await _happened(work, ModuleProgressEventKind.SKILL_ASSESSED, progress, is_new=is_new)
    return progress


async def skip(work: Work, module: tables.LearningModule) -> tables.ModuleProgress:
    """The viewer's progress in a module that they leave out."""
    progress, is_new = await _own(work, await _kept(work, module), status=ModuleProgressStatus.SKIPPED)
    if is_new or transition(progress, ModuleProgressStatus.SKIPPED, at="moduleId"):
        work.audit("module_skipped", progress)
        await _happened(work, ModuleProgressEventKind.MODULE_SKIPPED, progress, is_new=is_new)
    return progress


@job(on=(ModuleEventKind.MODULE_EDITED,), lock=("module",))
async def complete_edited(steps: Steps, module: str) -> None:
    """Complete the progress of those who have done all that is left in a module, as something was taken out of it."""
    of_module = _progress.module_id == key_of(tables.LearningModule, module)
    some = select(_progress).select_from(_BOTH).where(of_module, _is_complete()).order_by(_progress.id).limit(AT_A_TIME)
    completed = AT_A_TIME
    while completed == AT_A_TIME:
        async with steps.work() as work:
            found = (await work.scalars(some.with_for_update(of=_progress))).all()
            for progress in found:
                await _complete(work, progress)
        completed = len(found)


async def _kept(work: Work, module: tables.LearningModule) -> tables.LearningModule:
    """The module as it is, which nobody edits until the end of the transaction."""
    found = await work.scalar(select(_module).where(_module.id == module.id).with_for_update(read=True))
    if found is None:
        raise NotFound(at="moduleId")
    return found


async def _own(work: Work, module: tables.LearningModule, **values: Any) -> Found:
    """The viewer's progress in a module, locked; made with these values if there is none, and whether it was made."""
    added = insert(_progress).values(user_id=work.viewer_id, module_id=module.id, **values)
    if made := await work.scalar(added.on_conflict_do_nothing().returning(_progress)):
        work.touch(viewer_topic(work.viewer_id))
        return made, True
    return (await work.scalars(_of_viewer(work, module))).one(), False


async def _begun(work: Work, module: tables.LearningModule) -> tables.ModuleProgress:
    """The viewer's progress in a module that they have begun, locked. Raises Conflict where they have not."""
    progress = (await work.scalars(_of_viewer(work, module))).one_or_none()
    if progress is None or progress.status in (ModuleProgressStatus.NOT_STARTED, ModuleProgressStatus.SKIPPED):
        raise Conflict("Start the module first.", at="moduleId", current=progress)
    return progress


def _of_viewer(work: Work, module: tables.LearningModule) -> Select[tables.ModuleProgress]:
    mine = select(_progress).where(_progress.user_id == work.viewer_id, _progress.module_id == module.id)
    return mine.with_for_update()


async def _lacking(work: Work, module: tables.LearningModule) -> Sequence[str]:
    """The titles of the modules that are to be done before this one, and that the viewer has not done."""
    link = tables.LearningModulePrerequisite
    mine = _progress.user_id == work.viewer_id, _progress.module_id == _module.id, _progress.status.in_(DONE)
    required = select(_module.title).join(link, link.required_id == _module.id).where(link.module_id == module.id)
    lacking = required.where(_module.is_published, ~select(_progress.id).where(*mine).exists())
    return (await work.scalars(lacking.order_by(_module.title, _module.id))).all()


def _item(list_: Sequence[Any], id_: str, *, at: str) -> Any:
    """The lesson or exercise with this id; raises NotFound."""
    found = next((item for item in list_ if item["id"] == id_), None)
    if found is None:
        raise NotFound(at=at)
    return found


async def _right(work: Work, module: tables.LearningModule, exercise_id: str) -> list[str]:
    """The right options of an exercise."""
    answer = tables.ExerciseAnswer
    right = select(answer.options).where(answer.module_id == module.id, answer.exercise_id == exercise_id)
    return await work.scalar(right) or []


def _best_and_newest(results: list[Any]) -> list[Any]:
    """The results of one exercise that are kept, in the order of the attempts."""
    best = max(results, key=lambda result: result["score"])
    newest = [result for result in results if result is not best][-(ATTEMPTS - 1) :]
    return [result for result in results if result is best or result in newest]


def _assessed(before: Sequence[Any], skill: str, level: int, source: AssessmentSource) -> list[Any]:
    """The assessments with a new one, instead of that of the same skill from the same source."""
    made = SkillAssessment(skill=skill, level=level, source=source, assessed_at=datetime.now(UTC))
    others = [one for one in before if (one["skill"], one["source"]) != (skill, source)]
    return [*others, made.model_dump(mode="json")]


async def _happened(
    work: Work, kind: ModuleProgressEventKind, progress: tables.ModuleProgress, *, is_new: bool = False
) -> None:
    if not is_new:
        progress.last_accessed_at = datetime.now(UTC)
    await work.happened(kind, progress)


async def _advance(work: Work, module: tables.LearningModule, progress: tables.ModuleProgress) -> None:
    """Complete a progress when nothing is left to do."""
    await (await work.session()).flush()
    if await work.scalar(select(_is_complete()).select_from(_BOTH).where(_progress.id == progress.id)):
        await _complete(work, progress)


def _is_complete() -> ColumnElement[bool]:
    """Whether nothing is left to do in a module that was begun, and is not completed yet."""
    is_under_way = may_become(_progress, ModuleProgressStatus.COMPLETED)
    return and_(is_under_way, parts(_module) > 0, done(_progress, _module) == parts(_module))


async def _complete(work: Work, progress: tables.ModuleProgress) -> None:
    transition(progress, ModuleProgressStatus.COMPLETED)
    progress.completed_at = datetime.now(UTC)
    work.audit("module_completed", progress)
    await work.happened(ModuleProgressEventKind.MODULE_COMPLETED, progress)

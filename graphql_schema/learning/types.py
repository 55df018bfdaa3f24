"""Learning modules with their lessons and exercises, and the progress in them."""

from typing import Any

from sqlalchemy import Float, Integer, and_, any_, case, cast, func, select, true

from db import tables
from db.access import any_row, viewer_id
from db.actions.learning import done, items, parts
from db.tables import ModuleProgressStatus
from graphql_schema.core import column, many, many_to_many, node, one, shaped, sql

modules = tables.LearningModule.__table__
progresses = tables.ModuleProgress.__table__


def _is_completed(module: Any) -> Any:
    """Whether the viewer has completed a module."""
    return any_row(
        progresses,
        progresses.c.module_id == module.id,
        progresses.c.user_id == viewer_id(),
        progresses.c.status == ModuleProgressStatus.COMPLETED,
    )


def _percent(progress: Any) -> Any:
    """How much of its module a progress has done, or 100 once that was completed."""
    module = modules.alias()
    share = 100 * done(progress, module.c) // func.nullif(parts(module.c), 0, type_=Integer)
    found = select(func.coalesce(share, 0)).where(module.c.id == progress.module_id)
    counted = found.correlate_except(module).scalar_subquery()
    return case((progress.status == ModuleProgressStatus.COMPLETED, 100), else_=counted)


def _completed_lessons(progress: Any) -> Any:
    """The ids of the lessons that are done, of those that the module has now, in their order."""
    module = modules.alias()
    lesson = items(module.c.lessons)
    key = lesson.c.value["id"].astext
    found = select(key).select_from(module.join(lesson, true())).where(module.c.id == progress.module_id)
    of_progress = found.where(key == any_(progress.completed_lessons)).order_by(lesson.c.ordinal)
    return func.array(of_progress.correlate_except(module, lesson).scalar_subquery())


def _score(progress: Any) -> Any:
    """The mean of the best results, of the exercises that the module has now."""
    module = modules.alias()
    exercise, result = items(module.c.exercises), items(progress.exercise_results)
    of_exercise = result.c.value["exercise_id"].astext == exercise.c.value["id"].astext
    score = cast(result.c.value["score"].astext, Float)
    best = select(func.max(score).label("score")).select_from(module.join(exercise, true()).join(result, of_exercise))
    each = best.where(module.c.id == progress.module_id).group_by(exercise.c.ordinal)
    bests = each.correlate_except(module, exercise, result).lateral()
    return select(func.avg(bests.c.score)).scalar_subquery()


@node(
    tables.LearningModule,
    orders=("-created_at", "title", "estimated_duration", "is_completed"),
    filters=("search", "phase", "difficulty", "is_published", "author_id"),
)
class LearningModule:
    """Lessons and exercises about one thing. Everybody sees published ones; a draft is seen by its author alone."""

    slug = column("The name in addresses; unique.")
    title = column("The title to show.")
    description = column("What it teaches, in Markdown.")
    phase = column("The phase of specifications that it is about; null for all.")
    difficulty = column("How much it asks of those who take it.")
    estimated_duration = column("How many minutes it takes.")
    lessons = shaped("Its lessons, in their order.")
    exercises = shaped("Its exercises, in their order.")
    is_published = column("Whether everybody sees it. What is published stays so.")
    version = column("Grows by one with every change. Send it back as `expectedVersion` when you change it.")
    created_at = column("When it was begun.")
    updated_at = column("When it was last changed.")
    is_completed = sql(bool, "Whether you have completed it.", _is_completed)

    author = one(tables.LearningModule.author_id, "Who wrote it.")
    answers = many(
        tables.ExerciseAnswer.module_id, "The right options of its exercises; empty unless you may change the module."
    )
    prerequisites = many_to_many(
        tables.LearningModulePrerequisite.module_id,
        tables.LearningModulePrerequisite.required_id,
        "The modules that are to be completed or skipped before.",
        order="title",
    )
    required_by = many_to_many(
        tables.LearningModulePrerequisite.required_id,
        tables.LearningModulePrerequisite.module_id,
        "The modules before which it is to be completed or skipped, as far as you see these.",
        order="title",
    )
    progress = many(
        tables.ModuleProgress.module_id, "How far people are, as far as you see it: you alone, or all if you wrote it."
    )
    viewer_progress = one(
        tables.ModuleProgress,
        "How far you are; null if you have not begun.",
        on=lambda module, progress: and_(progress.module_id == module.id, progress.user_id == viewer_id()),
    )


@node(tables.ExerciseAnswer)
class ExerciseAnswer:
    """The right options of an exercise, for whoever may change its module."""

    exercise_id = column("The id of the exercise.")
    options = column("The options that are right.")
    module = one(tables.ExerciseAnswer.module_id, "The module.")


@node(
    tables.ModuleProgress,
    orders=("-last_accessed_at", "completed_at", "progress_percent"),
    filters=("status", "completed_at", "last_accessed_at"),
)
class ModuleProgress:
    """How far a person is in a learning module."""

    status = column("Whether they have begun, completed or skipped it.")
    progress_percent = sql(
        int,
        "How many of its lessons and exercises are done, of those that it has now: 0 to 100, rounded down; 100 once "
        "it is completed.",
        _percent,
    )
    completed_lessons = sql(
        list[str], "The ids of the lessons that they have finished, of those that it has now.", _completed_lessons
    )
    exercise_results = shaped("What they answered to its exercises, the last answer to an exercise last.")
    score = sql(
        float | None,
        "The mean of their best results in its exercises, from 0 to 100; null before the first.",
        _score,
    )
    skill_assessments = shaped("How well they have the skills that it is about.")
    created_at = column("When they began.")
    last_accessed_at = column("When they were last at it.")
    completed_at = column("When nothing was left to do; null until then.")
    user = one(tables.ModuleProgress.user_id, "The person.")
    module = one(tables.ModuleProgress.module_id, "The module.")

"""Learning modules about the phases of specifications, with lessons and exercises; and how far people are in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, count, flag, refers, state, string
from db.columns import json_list
from db.constraints import check, not_blank, unique
from db.enums import Words
from db.guards import acyclic
from db.outbox import Topic, topic
from db.permissions import LEARN, MANAGE, SEE
from db.roots import narrow
from db.rules import everyone, owned_by, through
from db.search import searchable
from db.tables.courses import SLUG
from db.tables.courses_enums import Difficulty
from db.tables.learning_shapes import (
    EXERCISES,
    LESSONS,
    RESULTS,
    SKILLS,
    Exercise,
    ExerciseResult,
    ModuleLesson,
    SkillAssessment,
)
from db.tables.specs_enums import SpecificationPhase


class ModuleProgressStatus(Words):
    """How far a person is in a learning module. A module that is completed stays completed."""

    NOT_STARTED = "NOT_STARTED", "Not begun."
    IN_PROGRESS = "IN_PROGRESS", "Begun."
    COMPLETED = "COMPLETED", "All lessons are done, and all exercises have a result."
    SKIPPED = "SKIPPED", "Left out, which counts as done where another module requires it."


class ModuleEventKind(Words):
    """Something that happened to a learning module, which is heard of by jobs alone."""

    MODULE_EDITED = "MODULE_EDITED", "Its lessons or exercises are others."


class ModuleProgressEventKind(Words):
    """Something that happened to your progress in a learning module."""

    MODULE_STARTED = "MODULE_STARTED", "You began the module, or began it again."
    MODULE_LESSON_COMPLETED = "MODULE_LESSON_COMPLETED", "You finished a lesson."
    EXERCISE_SUBMITTED = "EXERCISE_SUBMITTED", "You answered an exercise."
    SKILL_ASSESSED = "SKILL_ASSESSED", "You assessed a skill of yours."
    MODULE_SKIPPED = "MODULE_SKIPPED", "You left the module out."
    MODULE_COMPLETED = "MODULE_COMPLETED", "Nothing is left to do in the module."


PROGRESS_TRANSITIONS = {
    ModuleProgressStatus.NOT_STARTED: [ModuleProgressStatus.IN_PROGRESS, ModuleProgressStatus.SKIPPED],
    ModuleProgressStatus.IN_PROGRESS: [ModuleProgressStatus.COMPLETED, ModuleProgressStatus.SKIPPED],
    ModuleProgressStatus.SKIPPED: [ModuleProgressStatus.IN_PROGRESS],
}

published_modules = everyone(SEE, LEARN, where=lambda module: module.is_published)


class LearningModule(Updated, Base, access=published_modules | owned_by("author_id"), prefix="lmo"):
    """Lessons and exercises about one thing. Drafts are seen by their author alone; what is published stays so."""

    __tablename__ = "learning_modules"

    slug: Mapped[str] = string(100)
    title: Mapped[str] = string(200)
    description: Mapped[str] = string(20_000)
    phase: Mapped[SpecificationPhase | None]
    difficulty: Mapped[Difficulty]
    lessons: Mapped[list[Any]] = json_list("lessons", ModuleLesson, most=LESSONS)
    exercises: Mapped[list[Any]] = json_list("exercises", Exercise, most=EXERCISES)
    estimated_duration: Mapped[int]
    is_published: Mapped[bool] = flag(default=False)
    version: Mapped[int] = count(1)
    author_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True, index=True)
    search_vector: Mapped[str] = searchable(A="title", B="description")

    __table_args__ = (
        unique("slug", says="Another module has this name in addresses."),
        check(f"slug ~ '{SLUG}'", at="slug", says="A name in addresses is small letters, digits and single hyphens."),
        not_blank("title"),
        check("version >= 1", at="version", says="Versions are counted from 1."),
        check(
            "estimated_duration BETWEEN 1 AND 100000",
            at="estimated_duration",
            says="A module takes 1 to 100,000 minutes.",
        ),
        check(
            "NOT is_published OR jsonb_array_length(lessons) + jsonb_array_length(exercises) > 0",
            at="lessons",
            says="A module that is published has a lesson or an exercise.",
        ),
        Index(None, "phase", "difficulty"),
        Index(None, "created_at", "id"),
        Index(None, "title", "id"),
        Index(None, "estimated_duration", "id"),
        Index(None, "search_vector", postgresql_using="gin"),
    )


class ExerciseAnswer(Base, access=through("module_id", see=MANAGE), prefix="exa"):
    """The right options of an exercise, which only who manages its module sees."""

    __tablename__ = "exercise_answers"

    module_id: Mapped[UUID] = refers("learning_modules")
    exercise_id: Mapped[str] = string(100)
    options: Mapped[list[str]]

    __table_args__ = (unique("module_id", "exercise_id", says="The exercise has right options already."),)


class LearningModulePrerequisite(Base, access=through("module_id"), prefix="lmp"):
    """A module that is to be done before another."""

    __tablename__ = "learning_module_prerequisites"

    module_id: Mapped[UUID] = refers("learning_modules")
    required_id: Mapped[UUID] = refers("learning_modules", index=True)

    __table_args__ = (unique("module_id", "required_id", says="The module requires this one already."),)


class ModuleProgress(Updated, Base, access=owned_by("user_id") | through("module_id", see=MANAGE), prefix="mpr"):
    """How far a person is in a learning module."""

    __tablename__ = "module_progress"

    user_id: Mapped[UUID] = refers("users", reveals=True)
    module_id: Mapped[UUID] = refers(
        "learning_modules", ondelete="RESTRICT", says="Somebody has progress in this module.", index=True
    )
    status: Mapped[ModuleProgressStatus] = state(ModuleProgressStatus.NOT_STARTED, transitions=PROGRESS_TRANSITIONS)
    completed_lessons: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    exercise_results: Mapped[list[Any]] = json_list("exercise_results", ExerciseResult, most=RESULTS)
    skill_assessments: Mapped[list[Any]] = json_list("skill_assessments", SkillAssessment, most=SKILLS)
    last_accessed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    completed_at: Mapped[datetime | None]

    __table_args__ = (
        unique("user_id", "module_id", says="This person has progress in this module already."),
        Index(None, "user_id", "status"),
        Index(None, "user_id", "last_accessed_at", "id"),
        check(
            "(status = 'COMPLETED') = (completed_at IS NOT NULL)",
            name="completed",
            says="A module that is completed says when, and no other.",
        ),
    )


narrow(ModuleProgress, "module_progress", "user_id", "module_id")


def module_progress_topic(user_id: UUID, module_id: UUID) -> Topic:
    """The topic of one person's progress in one learning module."""
    return topic("module_progress", user_id, module_id)


acyclic("learning_module_prerequisites", "module", "required_id", at="prerequisite_ids")

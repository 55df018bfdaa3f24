"""The inputs of mutations that write learning modules."""

import strawberry

from db import tables
from db.tables import Difficulty, ExerciseKind, ModuleLessonKind, SpecificationPhase
from db.tables.learning_shapes import (
    EXERCISES,
    LESSONS,
    LONGEST_BODY,
    LONGEST_LINE,
    LONGEST_TITLE,
    OPTIONS,
)
from graphql_schema.core.bulk import items
from graphql_schema.core.strawberry_seam import enumeration
from graphql_schema.core.texts import text
from graphql_schema.core.updates import change

enumeration(Difficulty)
enumeration(ExerciseKind)
enumeration(ModuleLessonKind)
enumeration(SpecificationPhase)

PARTS = 500
"""Exercises of a module with their options, right options, hints and criteria."""
PREREQUISITES = 20
KEPT = "Its id, if it is in the module already: who has done it has done it still. Left out, it is new."


@strawberry.input(description="A lesson of a learning module to write.")
class ModuleLessonInput:
    """A lesson."""

    id: str | None = text(100, KEPT, default=None)
    title: str = text(LONGEST_TITLE, "The title to show; not empty.")
    kind: ModuleLessonKind = strawberry.field(
        default=ModuleLessonKind.TEXT, description="Whether it is read, watched or tried out."
    )
    body: str = text(LONGEST_BODY, "The lesson, in Markdown.", default="")
    video_url: str | None = text(2_000, "The lesson as a film: an address. A film needs one.", default=None)
    duration_minutes: int = strawberry.field(default=0, description="How many minutes it takes, 10,000 at most.")


@strawberry.input(description="A line of a rubric to write.")
class CriterionInput:
    """A criterion."""

    text: str = text(LONGEST_LINE, "What is looked at; not empty.")
    points: int = strawberry.field(default=1, description="How much it counts, beside the others; 1,000 at most.")


@strawberry.input(description="An exercise of a learning module to write.")
class ExerciseInput:
    """An exercise."""

    id: str | None = text(100, KEPT, default=None)
    title: str = text(LONGEST_TITLE, "The title to show; not empty.")
    prompt: str = text(LONGEST_BODY, "What to do, in Markdown.")
    kind: ExerciseKind = strawberry.field(description="How it is answered.")
    options: list[str] = items(
        "What to choose from, where no text is written.", most=OPTIONS, longest=LONGEST_LINE, default_factory=list
    )
    answer: list[str] = items(
        "The options that are right, one of a choice. Learners do not see them.",
        most=OPTIONS,
        longest=LONGEST_LINE,
        default_factory=list,
    )
    rubric: list[CriterionInput] = items("What makes a good answer.", most=OPTIONS, default_factory=list)
    hints: list[str] = items(
        "Help, to be shown one after the other.", most=OPTIONS, longest=LONGEST_LINE, default_factory=list
    )
    skill: str | None = text(LONGEST_TITLE, "The skill that it trains: a result assesses it.", default=None)


@strawberry.input(description="A learning module to write.")
class CreateLearningModuleInput:
    """A new module."""

    slug: str = text(
        tables.LearningModule.slug,
        "The name in addresses, which no other module has: small letters, digits, single hyphens.",
    )
    title: str = text(tables.LearningModule.title, "The title to show; not empty.")
    description: str = text(tables.LearningModule.description, "What it teaches, in Markdown.")
    phase: SpecificationPhase | None = strawberry.field(
        default=None, description="The phase of specifications that it is about; null for all."
    )
    difficulty: Difficulty = strawberry.field(description="How much it asks of those who take it.")
    estimated_duration: int = strawberry.field(description="How many minutes it takes, from 1 to 100,000.")
    lessons: list[ModuleLessonInput] = items("Its lessons, the first one first.", most=LESSONS, default_factory=list)
    exercises: list[ExerciseInput] = items(
        f"Its exercises, {EXERCISES} of them. All in their lists count too.", most=PARTS, default_factory=list
    )
    prerequisite_ids: list[strawberry.ID] = items(
        "The published modules that are to be done before.", most=PREREQUISITES, default_factory=list
    )


@strawberry.input(description="What to change of a learning module.")
class UpdateLearningModuleInput:
    """Changes of a module."""

    module_id: strawberry.ID = strawberry.field(description="A module that you wrote.")
    expected_version: int = strawberry.field(description="The version that you changed.")
    slug: str | None = change(
        tables.LearningModule.slug,
        "The name in addresses, which no other module has: small letters, digits, single hyphens.",
    )
    title: str | None = change(tables.LearningModule.title, "The title to show; not empty.")
    description: str | None = change(tables.LearningModule.description, "What it teaches, in Markdown.")
    phase: SpecificationPhase | None = change(
        tables.LearningModule.phase, "The phase of specifications that it is about."
    )
    difficulty: Difficulty | None = change(tables.LearningModule.difficulty, "How much it asks of those who take it.")
    estimated_duration: int | None = change(
        tables.LearningModule.estimated_duration, "How many minutes it takes, from 1 to 100,000."
    )
    lessons: list[ModuleLessonInput] | None = items(
        "All its lessons, the first one first. Left out, they stay as they are.",
        most=LESSONS,
        default_factory=lambda: None,
    )
    exercises: list[ExerciseInput] | None = items(
        f"All its exercises, {EXERCISES} of them, with their right options. All in their lists count too. Left out, "
        "they stay as they are.",
        most=PARTS,
        default_factory=lambda: None,
    )
    prerequisite_ids: list[strawberry.ID] | None = items(
        "All published modules that are to be done before. Left out, they stay as they are.",
        most=PREREQUISITES,
        default_factory=lambda: None,
    )


@strawberry.input(description="A learning module to publish.")
class PublishLearningModuleInput:
    """A draft."""

    module_id: strawberry.ID = strawberry.field(description="A module that you wrote.")

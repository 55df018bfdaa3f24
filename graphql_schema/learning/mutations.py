"""Taking learning modules."""

import strawberry

from db import tables
from db.actions import learning
from db.permissions import LEARN
from db.tables.learning_shapes import LONGEST_ANSWER, LONGEST_TITLE, OPTIONS
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.bulk import items
from graphql_schema.core.texts import text


@strawberry.input(description="A learning module to take.")
class StartModuleInput:
    """A module."""

    module_id: strawberry.ID = strawberry.field(description="A published module.")


@strawberry.input(description="A lesson of a learning module that is done.")
class CompleteModuleLessonInput:
    """A lesson."""

    module_id: strawberry.ID = strawberry.field(description="A module that you have begun.")
    lesson_id: str = text(100, "The id of one of its lessons.")


@strawberry.input(description="An answer to an exercise.")
class SubmitExerciseInput:
    """An answer."""

    module_id: strawberry.ID = strawberry.field(description="A module that you have begun.")
    exercise_id: str = text(100, "The id of one of its exercises.")
    answer: list[str] = items(
        "The option of a choice, all that hold of a checklist, or the one text that is written.",
        most=OPTIONS,
        longest=LONGEST_ANSWER,
    )


@strawberry.input(description="What you say of a skill of yours.")
class AssessSkillInput:
    """An assessment."""

    module_id: strawberry.ID = strawberry.field(description="The module that it is about.")
    skill: str = text(LONGEST_TITLE, "The skill; not empty.")
    level: int = strawberry.field(description="How well, from 0 for not at all to 5 for as well as one can.")


@strawberry.input(description="A learning module to leave out.")
class SkipModuleInput:
    """A module."""

    module_id: strawberry.ID = strawberry.field(description="A published module that you have not completed.")


@mutation(progress=tables.ModuleProgress)
async def start_module(work: Work, input: StartModuleInput) -> tables.ModuleProgress:
    """Begin a learning module, or go on with one that you skipped. One that you have begun stays as it is.

    While there are modules that it requires and that you have neither completed nor skipped it is a `CONFLICT`, which
    names them. So it is for a module that you have completed.
    """
    return await learning.start(work, await _module(work, input.module_id))


@mutation(progress=tables.ModuleProgress)
async def complete_module_lesson(work: Work, input: CompleteModuleLessonInput) -> tables.ModuleProgress:
    """Mark a lesson of a learning module as done. With all lessons and exercises done the module is completed.

    Before you have started the module it is a `CONFLICT`.
    """
    return await learning.complete_lesson(work, await _module(work, input.module_id), input.lesson_id)


@mutation(progress=tables.ModuleProgress)
async def submit_exercise(work: Work, input: SubmitExerciseInput) -> tables.ModuleProgress:
    """Answer an exercise of a learning module; the last of its results in `exerciseResults` says how good that was.

    A choice and a checklist are compared with the right options, a text is reviewed by a set of rules. You can answer
    as often as you like: the best result counts. Ten results of an exercise are kept, the best and the newest.
    Before you have started the module it is a `CONFLICT`.
    """
    return await learning.submit(work, await _module(work, input.module_id), input.exercise_id, input.answer)


@mutation(progress=tables.ModuleProgress)
async def assess_skill(work: Work, input: AssessSkillInput) -> tables.ModuleProgress:
    """Say how well you have a skill that a learning module is about, instead of what you said before."""
    return await learning.assess(work, await _module(work, input.module_id), input.skill, input.level)


@mutation(progress=tables.ModuleProgress)
async def skip_module(work: Work, input: SkipModuleInput) -> tables.ModuleProgress:
    """Leave a learning module out: where others require it, it counts as done. Start it, and you go on with it."""
    return await learning.skip(work, await _module(work, input.module_id))


async def _module(work: Work, public_id: str) -> tables.LearningModule:
    return await work.get(tables.LearningModule, public_id, at="moduleId", may=LEARN)

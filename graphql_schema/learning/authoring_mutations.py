"""Writing learning modules."""

from collections.abc import Sequence

from db import tables
from db.actions import authoring
from db.errors import Refusal, Refusals
from db.permissions import EDIT
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.updates import changes
from graphql_schema.learning.inputs import (
    PARTS,
    CreateLearningModuleInput,
    PublishLearningModuleInput,
    UpdateLearningModuleInput,
)


@mutation(values=10 * PARTS, module=tables.LearningModule)
async def create_learning_module(work: Work, input: CreateLearningModuleInput) -> tables.LearningModule:
    """Write a learning module: a draft, which nobody else sees. For instructors.

    All of it is made, or nothing.
    """
    module = tables.LearningModule(
        slug=input.slug,
        title=input.title,
        description=input.description,
        phase=input.phase,
        difficulty=input.difficulty,
        estimated_duration=input.estimated_duration,
    )
    required = await _required(work, input.prerequisite_ids)
    return await authoring.create_module(work, module, input.lessons, exercises=input.exercises, required=required)


@mutation(values=10 * PARTS, module=tables.LearningModule)
async def update_learning_module(work: Work, input: UpdateLearningModuleInput) -> tables.LearningModule:
    """Change a learning module; fields that are left out stay as they are. For its author.

    Progress is counted against the module as it is now: a lesson that is taken out counts no more, one that keeps its
    id stays done, and who has completed the module has completed it. When somebody has changed the module since the
    version that you changed, the error is `CONFLICT` and `module` is the module as it stands.
    """
    if input.prerequisite_ids is not None:
        await authoring.change_prerequisites(work)
    module = await work.get(tables.LearningModule, input.module_id, at="moduleId", may=EDIT, lock=True)
    return await authoring.update_module(
        work,
        module,
        await changes(work, input),
        version=input.expected_version,
        lessons=input.lessons,
        exercises=input.exercises,
        required=None if input.prerequisite_ids is None else await _required(work, input.prerequisite_ids),
    )


@mutation(module=tables.LearningModule)
async def publish_learning_module(work: Work, input: PublishLearningModuleInput) -> tables.LearningModule:
    """Let everybody see a learning module, for good. For its author."""
    module = await work.get(tables.LearningModule, input.module_id, at="moduleId", may=EDIT, lock=True)
    return await authoring.publish_module(work, module)


async def _required(work: Work, public_ids: Sequence[str]) -> list[tables.LearningModule]:
    """The modules with these ids; raises Refusals."""
    found = await work.get_all(tables.LearningModule, public_ids, at="prerequisiteIds.{}")
    if refusals := [one for one in found if isinstance(one, Refusal)]:
        raise Refusals(refusals)
    return [one for one in found if not isinstance(one, Refusal)]

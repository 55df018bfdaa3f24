"""Moving specification projects from phase to phase."""

from db import tables
from db.actions import phases
from db.permissions import MANAGE
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.specs.inputs import TransitionPhaseInput


@mutation(project=tables.SpecificationProject, document=tables.SpecificationDocument)
async def transition_phase(
    work: Work, input: TransitionPhaseInput
) -> tuple[tables.SpecificationProject, tables.SpecificationDocument]:
    """Bring a project to the next phase once the document of the current one is approved, or back to any before it. For
    its owner and members who lead it.

    The document of that phase, which is `document`, is a draft from then on; that of the implementation is made. When
    the project is in another phase than you saw, or the document is not approved, the error is `CONFLICT` and `project`
    is the project as it stands.
    """
    project = await work.get(tables.SpecificationProject, input.project_id, at="projectId", may=MANAGE, lock=True)
    document = await phases.transition_phase(work, project, input.phase, expected=input.expected_phase)
    return project, document

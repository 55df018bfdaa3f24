"""Moving specification projects from phase to phase: forward by one that is approved, or back."""

from sqlalchemy import select

from db import tables
from db.actions.approval import UNAPPROVED
from db.actions.specs import INITIAL_CONTENT, first_version
from db.errors import BadInput, Conflict
from db.records import fill_defaults
from db.tables import DocumentEventKind, DocumentStatus, ProjectEventKind, SpecificationPhase
from db.transitions import transition
from db.write import Work

PHASES = list(SpecificationPhase)


async def transition_phase(
    work: Work, project: tables.SpecificationProject, phase: SpecificationPhase, *, expected: SpecificationPhase
) -> tables.SpecificationDocument:
    """Bring a project, which must be locked, to another phase; returns the document of that, which is a draft.

    Raises Conflict if it is in another phase than expected, or the document of this one is not approved, and BadInput
    for a phase that is not the next one nor before it.
    """
    now = project.current_phase
    if now is not expected:
        raise Conflict(
            f"The project is in {now} by now; you saw it in {expected}.", at="expectedPhase", current=project
        )
    steps = PHASES.index(phase) - PHASES.index(now)
    if steps == 0:
        raise BadInput(f"The project is in {now} already.", at="phase")
    if steps > 1:
        raise BadInput(f"No phase is skipped: after {now} comes {PHASES[PHASES.index(now) + 1]}.", at="phase")
    documents = await _locked(work, project, now, phase)
    status = documents[now].status if now in documents else None
    if steps == 1 and status is not DocumentStatus.APPROVED:
        raise Conflict(f"{now} is {status or 'missing'}, not APPROVED.", at="phase", current=project)
    work.change(project, {"current_phase": phase})
    work.audit("phase_transition", project, fromPhase=now, toPhase=phase)
    await work.happened(ProjectEventKind.PHASE_CHANGED, project)
    if phase not in documents:
        return await _begin(work, project, phase)
    if transition(documents[phase], DocumentStatus.DRAFT):
        work.change(documents[phase], UNAPPROVED)
        work.audit("document_status_changed", documents[phase])
        await work.happened(DocumentEventKind.DOCUMENT_STATUS_CHANGED, documents[phase])
    return documents[phase]


async def _locked(
    work: Work, project: tables.SpecificationProject, *phases: SpecificationPhase
) -> dict[SpecificationPhase, tables.SpecificationDocument]:
    """The documents of phases, which nobody saves or approves until this is done."""
    document = tables.SpecificationDocument
    found = select(document).where(document.project_id == project.id, document.phase.in_(phases))
    rows = await work.scalars(found.order_by(document.id).with_for_update(key_share=True))
    return {row.phase: row for row in rows}


async def _begin(
    work: Work, project: tables.SpecificationProject, phase: SpecificationPhase
) -> tables.SpecificationDocument:
    """A new document of a project."""
    document = fill_defaults(
        tables.SpecificationDocument(project_id=project.id, phase=phase, content=INITIAL_CONTENT[phase])
    )
    await work.add_all([(document, None), (first_version(work, document), None)])
    return document

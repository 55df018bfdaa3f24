"""Calls of what people do with specification projects, their documents and the talk about them."""

from sqlalchemy import select

from db import tables
from db.actions import documents, notifications, phases, projects, reviews, suggestions, threads
from db.tables import NotificationType, ProjectStatus, SpecificationPhase
from db.texts.places import Place
from db.write import Work
from tests.db.calls import Call


async def opened(work: Work, document: tables.SpecificationDocument) -> None:
    about = await threads.seen(work, document, Place(0, 0), None, None)
    await threads.open_thread(work, document, about, content="Opened", replacement=None)


async def over(work: Work) -> None:
    project = await work.add(tables.SpecificationProject(name="Over", owner_id=work.viewer_id))
    await projects.delete_project(work, project, "Over")


CALLS = (
    Call(
        documents.save,
        "ben",
        ("design",),
        lambda work, design: documents.save(work, design, "# Saved\n", "Saved"),
        "SELECT count(*) = 1 FROM document_versions WHERE summary = 'Saved'",
    ),
    Call(
        notifications.notify_all,
        "ada",
        ("vera",),
        lambda work, vera: notifications.notify_all(
            work,
            select(tables.User.id).where(tables.User.id == vera.id),
            type=NotificationType.SYSTEM_UPDATE,
            title="Told",
            message="All of you",
        ),
        "SELECT count(*) = 1 FROM notifications WHERE title = 'Told'",
    ),
    Call(
        phases.transition_phase,
        "olga",
        ("island",),
        lambda work, island: phases.transition_phase(
            work, island, SpecificationPhase.DESIGN, expected=SpecificationPhase.REQUIREMENTS
        ),
        "SELECT current_phase = 'DESIGN' FROM specification_projects WHERE name = 'Island'",
    ),
    Call(
        projects.change_status,
        "olga",
        ("island",),
        lambda work, island: projects.change_status(work, island, ProjectStatus.COMPLETED),
        "SELECT status = 'COMPLETED' FROM specification_projects WHERE name = 'Island'",
    ),
    Call(
        projects.change_owner,
        "ada",
        ("bens_place",),
        projects.change_owner,
        "SELECT u.name = 'Ben' FROM specification_projects p JOIN users u ON u.id = owner_id WHERE p.name = 'Atlas'",
    ),
    Call(
        projects.delete_project,
        "sam",
        (),
        over,
        "SELECT count(*) = 1 FROM audit_logs WHERE action = 'project_deleted'",
    ),
    Call(
        reviews.request,
        "ben",
        ("design",),
        reviews.request,
        "SELECT count(*) = 1 FROM document_reviews r JOIN specification_documents d ON d.id = document_id "
        "WHERE phase = 'DESIGN' AND document_version > 1",
    ),
    Call(
        suggestions.apply,
        "ada",
        ("proposal",),
        lambda work, proposal: suggestions.apply(work, proposal.public_id, expected_version=2),
        "SELECT applied_version = 3 FROM suggestions WHERE replacement = 'traveller'",
    ),
    Call(
        threads.open_thread,
        "ben",
        ("design",),
        opened,
        "SELECT count(*) = 1 FROM comments WHERE content = 'Opened'",
    ),
)

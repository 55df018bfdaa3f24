"""Specification projects, their documents and the history of these.

The sources keep who changed a file when and why, but no older text, so older versions have no content. A proposal is
one file that holds all phases: its history is that of the design document, where most of the text is. What a document
says now was taken over after its last revision, so it is the version after those, of nobody in particular. Nor do the
sources say who approved one.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from db import tables
from db.demo import reviews
from db.demo.people import People, Person, logins, revisions
from db.demo.rows import Batch, Row, as_json, key, row
from db.demo.sources import Record, moment
from db.tables import DocumentStatus, ProjectStatus, SpecificationPhase
from db.texts import rows as rows_of_threads
from db.texts.places import Place, Text

PHASES = (SpecificationPhase.REQUIREMENTS, SpecificationPhase.DESIGN, SpecificationPhase.TASKS)
NOW_IN = {  # what the sources call the state of a project → its status, its phase, and how that phase's document stands
    "provisional": (ProjectStatus.ACTIVE, SpecificationPhase.DESIGN, DocumentStatus.REVIEW),
    "in_progress": (ProjectStatus.ACTIVE, SpecificationPhase.TASKS, DocumentStatus.DRAFT),
    "implementable": (ProjectStatus.ACTIVE, SpecificationPhase.IMPLEMENTATION, DocumentStatus.DRAFT),
    "implemented": (ProjectStatus.COMPLETED, SpecificationPhase.IMPLEMENTATION, DocumentStatus.APPROVED),
    "completed": (ProjectStatus.COMPLETED, SpecificationPhase.IMPLEMENTATION, DocumentStatus.APPROVED),
    "withdrawn": (ProjectStatus.ARCHIVED, SpecificationPhase.DESIGN, DocumentStatus.ARCHIVED),
}
ABOUT_PROJECT = ("kind", "status", "owner_team", "participating_teams", "stage", "latest_milestone", "task_counts")
ABOUT_ORIGIN = ("source", "source_commit", "license", "mapping")
ABOUT_DOCUMENT = ("source_paths", "truncated", "word_count")


def rows(projects: list[Record], people: People) -> Iterator[Batch]:
    """Projects, documents, versions and reviews."""
    made = [_project(project, people) for project in projects]
    yield Batch(tables.SpecificationProject, made)
    phases = [(project, phase) for project in projects for phase in PHASES]
    documents = [_document(*phase) for phase in phases]
    yield Batch(tables.SpecificationDocument, documents)
    yield Batch(tables.DocumentVersion, [version for phase in phases for version in _versions(*phase, people)])
    yield from reviews.rows(documents, {project["id"]: project["owner_id"] for project in made})


def project_id(project: Record) -> UUID:
    """The key of a project's row."""
    return key(tables.SpecificationProject, project["id"], at=created_at(project))


def document_id(project: Record, phase: SpecificationPhase) -> UUID:
    """The key of the row of one of a project's documents."""
    return key(tables.SpecificationDocument, f"{project['id']}/{phase}", at=_lifetime(project, phase)[0])


def owner(project: Record, people: People) -> Person:
    """The first author, or the author of the first revision."""
    names = [*logins(project)["authors"], revisions(project)[0]["author"]]
    return people.known(names[0])


def created_at(project: Record) -> datetime:
    """The day in its own metadata, or its first revision if that is older."""
    first = moment(revisions(project)[0]["date"])
    return min(first, moment(project["created"])) if "created" in project else first


def content(project: Record, phase: SpecificationPhase) -> str:
    """The text of the document."""
    return str(project["phases"][phase.lower()]["content"])


def version(project: Record, phase: SpecificationPhase) -> int:
    """The version of that text: the one after all that are known of."""
    return len(history_of(project, phase)) + 1


def anchored(project: Record, phase: SpecificationPhase, line: int) -> Row:
    """The columns of a thread about a line of the text."""
    return rows_of_threads.anchored(Text(content(project, phase)), Place(line, 0), version=version(project, phase))


def _project(project: Record, people: People) -> Row:
    status, phase, _ = NOW_IN[project["status"]]
    return row(
        tables.SpecificationProject,
        project["id"],
        at=created_at(project),
        name=project["title"],
        description=project["summary"],
        owner_id=owner(project, people).id,
        current_phase=phase,
        status=status,
        settings=as_json({"origin": {name: project[name] for name in ABOUT_PROJECT if name in project}}),
        updated_at=max(created_at(project), moment(revisions(project)[-1]["date"])),
    )


def _document(project: Record, phase: SpecificationPhase) -> Row:
    text = project["phases"][phase.lower()]
    about = {name: project[name] for name in ABOUT_ORIGIN} | {name: text[name] for name in ABOUT_DOCUMENT}
    created, updated = _lifetime(project, phase)
    return row(
        tables.SpecificationDocument,
        f"{project['id']}/{phase}",
        at=created,
        project_id=project_id(project),
        phase=phase,
        content=content(project, phase),
        version=version(project, phase),
        status=(status := _document_status(project, phase)),
        approved_at=updated if status is DocumentStatus.APPROVED else None,
        approved_by_id=None,
        metadata=as_json(about),
        updated_at=updated,
    )


def _versions(project: Record, phase: SpecificationPhase, people: People) -> list[Row]:
    """One for each revision of the source, and the text of today."""
    history = [
        row(
            tables.DocumentVersion,
            f"{project['id']}/{phase}/{revision['sha']}",
            at=moment(revision["date"]),
            document_id=document_id(project, phase),
            version=number,
            content=None,
            summary=revision["subject"],
            author_id=people.id_of(revision["author"]),
        )
        for number, revision in enumerate(history_of(project, phase), start=1)
    ]
    return [*history, _taken_over(project, phase, number=len(history) + 1)]


def _taken_over(project: Record, phase: SpecificationPhase, *, number: int) -> Row:
    return row(
        tables.DocumentVersion,
        f"{project['id']}/{phase}/taken over",
        at=_lifetime(project, phase)[1],
        document_id=document_id(project, phase),
        version=number,
        content=content(project, phase),
        summary=None,
        author_id=None,
    )


def _document_status(project: Record, phase: SpecificationPhase) -> DocumentStatus:
    """Phases before the current one are approved, those after it are drafts; nothing of an archived project is open."""
    status, now, at_it = NOW_IN[project["status"]]
    if status is ProjectStatus.ARCHIVED or phase is now:
        return at_it
    before = list(SpecificationPhase).index(phase) < list(SpecificationPhase).index(now)
    return DocumentStatus.APPROVED if before else DocumentStatus.DRAFT


def _lifetime(project: Record, phase: SpecificationPhase) -> tuple[datetime, datetime]:
    """When the file that holds a phase was begun, and when it last changed."""
    own = project["phases"][phase.lower()].get("revisions")
    dates = [moment(revision["date"]) for revision in own or revisions(project)]
    return (min(dates) if own else created_at(project)), max(*dates, created_at(project))


def history_of(project: Record, phase: SpecificationPhase) -> list[Record]:
    """The revisions of a document, oldest first."""
    of_project = project.get("revisions", []) if phase is SpecificationPhase.DESIGN else []
    history: list[Record] = project["phases"][phase.lower()].get("revisions", of_project)
    return sorted(history, key=lambda revision: str(revision["date"]))

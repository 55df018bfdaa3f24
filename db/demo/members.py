"""The members of a specification project beside its owner, with their roles.

The first author owns it, the others work on it; approvers lead it, for they decide; people who wrote a revision could
edit; reviewers comment, and so does everybody who speaks in a thread that we attached to it. Teams are not people.

Two people to sign in as share a project, so that they can be seen at work together: that is our doing.
"""

from collections.abc import Iterator

from db import tables
from db.demo.people import People, Person, logins, participants, revisions
from db.demo.rows import Batch, Row, row
from db.demo.sources import Record, Sources
from db.demo.specs import created_at, owner, project_id
from db.demo.talk import Placed, placed, remarker
from db.tables import ProjectRole

SHARED = "Custom Period", "Patrick Arminio"
"""The project of the page `/demo`, and who works there with its owner."""

Memberships = dict[str, tuple[Person, ProjectRole]]


def rows(sources: Sources, people: People) -> Batch:
    """Every membership. A person who belongs in several ways has the role that comes first."""
    reviews = placed(sources)
    return Batch(
        tables.ProjectMember,
        [
            member
            for project in sources.projects
            for member in _members(project, reviews, sources=sources, people=people)
        ],
    )


def _members(project: Record, reviews: list[Placed], *, sources: Sources, people: People) -> list[Row]:
    memberships: Memberships = {}
    for person, role in _ways(project, reviews, sources=sources, people=people):
        if person is not owner(project, people):
            memberships.setdefault(person.identity, (person, role))
    return [_member(project, person, role) for person, role in memberships.values()]


def _ways(
    project: Record, reviews: list[Placed], *, sources: Sources, people: People
) -> Iterator[tuple[Person, ProjectRole]]:
    named = logins(project)
    editors = [revision["author"] for revision in revisions(project) if people.id_of(revision["author"])]
    speakers = [name for review in reviews if review.project is project for name in participants(review.record)]
    yield from ((people.known(name), ProjectRole.LEAD) for name in named["approvers"])
    yield from ((people.known(name), ProjectRole.MEMBER) for name in (*named["authors"], *editors))
    yield from ((people.known(name), ProjectRole.REVIEWER) for name in (*named["reviewers"], *speakers))
    project_title, colleague = SHARED
    if project["title"] == project_title:
        yield people.known(colleague), ProjectRole.MEMBER
    for remark in sources.remarks:
        if remark["project_id"] == project["id"]:
            yield remarker(remark, project, people=people), ProjectRole.REVIEWER


def _member(project: Record, person: Person, role: ProjectRole) -> Row:
    name = f"{project['id']}/{person.identity}"
    return row(
        tables.ProjectMember,
        name,
        at=created_at(project),
        project_id=project_id(project),
        user_id=person.id,
        role=role,
    )

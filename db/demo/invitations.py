"""Some invitations between the people to sign in as, one of them to be answered: all of them are our doing."""

from datetime import datetime, timedelta

from db import tables
from db.demo.members import SHARED
from db.demo.people import People
from db.demo.repositories import organization_id
from db.demo.rows import Batch, Row, row
from db.demo.sources import Record, Sources, moment
from db.demo.specs import project_id
from db.tables import InvitationStatus, OrganizationRole, ProjectRole
from db.tokens import token_hash

LEAD, OWNER = "Vadim Pavlov", "Patrick Arminio"
STRANGER = "newcomer@example.com"
SENT = moment("2025-06-01")
OPEN = timedelta(days=36_500)
"""How long those wait that are to be answered: whenever the data are loaded."""


def rows(sources: Sources, people: People) -> Batch:
    """The invitations."""
    project = next(project for project in sources.projects if project["title"] == SHARED[0])
    repository = next(one for one in sources.repositories if one["organization"] == "strawberry-graphql")
    accepted = _to_project(project, people.known(OWNER).email, ProjectRole.MEMBER, people, InvitationStatus.ACCEPTED)
    return Batch(
        tables.Invitation,
        [
            accepted,
            _to_project(project, STRANGER, ProjectRole.REVIEWER, people, InvitationStatus.PENDING),
            _to_organization(repository, people.known(LEAD).email, people),
        ],
    )


def _to_project(project: Record, email: str, role: ProjectRole, people: People, status: InvitationStatus) -> Row:
    return _invitation(email, LEAD, people, status) | {"project_id": project_id(project), "project_role": role}


def _to_organization(repository: Record, email: str, people: People) -> Row:
    to = {"organization_id": organization_id(repository), "organization_role": OrganizationRole.VIEWER}
    return _invitation(email, OWNER, people, InvitationStatus.PENDING) | to


def _invitation(email: str, inviter: str, people: People, status: InvitationStatus) -> Row:
    """An invitation without what it is to. Nobody has its token, as no mail was sent."""
    at: datetime = SENT
    lasts = OPEN if status is InvitationStatus.PENDING else timedelta(days=7)
    return row(
        tables.Invitation,
        f"{inviter}/{email}",
        at=at,
        email=email.lower(),
        status=status,
        token_hash=token_hash(f"{inviter}/{email}"),
        invited_by_id=people.known(inviter).id,
        expires_at=at + lasts,
        organization_id=None,
        organization_role=None,
        project_id=None,
        project_role=None,
    )

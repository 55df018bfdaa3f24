"""The accounts and organizations that the five older services began with. They are examples, and nobody real.

None of them has a password: an operator signs in as one by a token.
"""

from collections.abc import Iterator
from dataclasses import replace

from db import tables
from db.demo.people import Person
from db.demo.rows import Batch, Row, key, row
from db.demo.sources import moment
from db.tables import OrganizationPlan, OrganizationRole, UserRole

SINCE = moment("2025-01-06")

ALICE, BOB, CHARLIE = (
    Person(email, name, email, SINCE, SINCE, username=name.lower())
    for name, email in (("Alice", "alice@example.com"), ("Bob", "bob@example.com"), ("Charlie", "charlie@example.com"))
)
ADMINISTRATORS = [
    # Whoever has the address of another host gets its mail, and would sign in by a link in one.
    Person(email, name, email, SINCE, SINCE, role=UserRole.ADMIN, is_active=email.endswith("@example.com"))
    for name, email in (
        ("CodeMentor AI", "admin@codementor-ai.com"),
        ("AI Whisperers", "admin@aiwhisperers.com"),
        ("Administrator", "admin@example.com"),
    )
]
PEOPLE = [*ADMINISTRATORS, ALICE, BOB, CHARLIE]
ORGANIZATIONS = {
    ("TechCorp", "techcorp", OrganizationPlan.PRO): {
        ALICE.email: OrganizationRole.OWNER,
        BOB.email: OrganizationRole.ADMIN,
        CHARLIE.email: OrganizationRole.MEMBER,
    },
    ("Startup Inc", "startup-inc", OrganizationPlan.FREE): {
        BOB.email: OrganizationRole.OWNER,
        ALICE.email: OrganizationRole.VIEWER,
    },
    ("Personal", "personal", OrganizationPlan.FREE): {CHARLIE.email: OrganizationRole.OWNER},
}
"""The organizations by name, address and plan, each with the roles of its members, by their addresses."""


def beside(batch: Batch) -> Batch:
    """A batch with what the seeds have of its table."""
    added = {tables.Organization: _organizations, tables.OrganizationMember: _members}.get(batch.table)
    return replace(batch, rows=[*batch.rows, *added()]) if added else batch


def _organizations() -> Iterator[Row]:
    for name, slug, plan in ORGANIZATIONS:
        yield row(tables.Organization, slug, at=SINCE, name=name, slug=slug, plan=plan)


def _members() -> Iterator[Row]:
    ids = {person.email: person.id for person in PEOPLE}
    for (_, slug, _), roles in ORGANIZATIONS.items():
        organization = key(tables.Organization, slug, at=SINCE)
        for email, role in roles.items():
            yield row(
                tables.OrganizationMember,
                f"{slug}/{email}",
                at=SINCE,
                organization_id=organization,
                user_id=ids[email],
                role=role,
            )

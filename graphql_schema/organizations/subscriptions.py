"""Hearing what happens to an organization."""

from strawberry import ID

from db import tables
from db.tables import OrganizationEventKind
from graphql_schema.core import events

organization_events = events(
    """Events of an organization itself, from now on.

    If you select the `organization`, the first event is a `SNAPSHOT` of it: no change can happen between the two.
    """,
    "OrganizationEvent",
    OrganizationEventKind,
    of=tables.Organization,
    begins=OrganizationEventKind.SNAPSHOT,
    organization=tables.Organization,
    member=tables.OrganizationMember,
    deleted_member_id=ID,
)

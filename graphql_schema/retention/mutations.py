"""Saying how long an organization keeps what grows by itself."""

import strawberry

from db import tables
from db.permissions import MANAGE
from db.tables import RetentionKind
from db.tables.retention import WORDS
from graphql_schema.core import add
from graphql_schema.core.strawberry_seam import enumeration

enumeration(RetentionKind)


@strawberry.input(description="How long an organization is to keep something.")
class UpdateRetentionInput:
    """Days for a kind."""

    organization_id: strawberry.ID = strawberry.field(description="The organization.")
    kind: RetentionKind = strawberry.field(description="What is kept.")
    days: int = strawberry.field(description=f"For how many days. {WORDS}.")


update_retention = add(
    "Say for how many days an organization keeps something. What is older is deleted within a day, and cannot be had "
    "back. For those who manage the organization.",
    UpdateRetentionInput,
    at=tables.Organization,
    may=MANAGE,
    row=lambda organization, input, viewer: tables.RetentionPolicy(
        organization_id=organization.id, kind=input.kind, days=input.days
    ),
    renews=lambda old, new: {"days": new.days},
    policy=tables.RetentionPolicy,
)

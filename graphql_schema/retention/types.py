"""How long organizations keep what grows by itself."""

from db import tables
from graphql_schema.core import column, node, one


@node(tables.RetentionPolicy, orders=("kind",), filters=("kind",))
class RetentionPolicy:
    """How long an organization keeps something. Where it says nothing, that is as long as possible."""

    kind = column("What is kept.")
    days = column("For how many days. A job deletes what is older, each night.")
    created_at = column("When the organization first said so.")
    updated_at = column("When that was last changed.")
    organization = one(tables.RetentionPolicy.organization_id, "The organization.")

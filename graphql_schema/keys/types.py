"""API keys, without what they are made of."""

from sqlalchemy import Text, cast

from db import tables
from graphql_schema.core import column, node, one, sql
from graphql_schema.core.scalars import BigInt


@node(tables.ApiKey, orders=("-created_at", "name", "last_used_at"), filters=("is_active", "revoked_at"))
class ApiKey:
    """A key with which a program acts as its owner, as far as its scopes allow. It is sent in place of a token."""

    name = column("What its owner calls it.")
    prefix = column("The first characters of its secret, to know it by.", source="secret_prefix")
    scopes = column("What it allows of what its owner may do.")
    rate_limit = column("How many operations it allows an hour.")
    usage_count = sql(
        BigInt,
        "How many operations it was used for, but for those of the last seconds.",
        lambda key: cast(key.usage_count, Text),
    )
    last_used_at = column("When it was used last, to a few seconds; null until then.")
    is_active = column("Whether its owner lets it hold at the moment.")
    expires_at = column("When it ends by itself; null if never.")
    previous_until = column("Until when the secret before the last rotation holds, too; null without a rotation.")
    revoked_at = column("When it was revoked; null while it was not.")
    created_at = column("When it was made.")
    user = one(tables.ApiKey.user_id, "Who made it: programs act as them.")
    organization = one(
        tables.ApiKey.organization_id,
        "The organization that it is for, if it is for one: it holds while its owner is a member there.",
    )

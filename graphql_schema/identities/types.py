"""Addresses and logins by which people are known, and those that may be theirs, too."""

from sqlalchemy import Boolean, cast

from db import tables
from graphql_schema.core import column, node, one, sql


@node(tables.Identity, orders=("created_at", "value"), filters=("kind",))
class Identity:
    """An e-mail address or a login of a person. It decides whose a commit, a pull request, a review or an issue is."""

    kind = column("What it is.")
    value = column("The address or the login, in small letters.")
    is_proven = sql(
        bool,
        "Whether the person has shown that it is theirs. If not, an organization says so, and it counts there alone.",
        lambda identity: cast(identity.organization_id.is_(None), Boolean),
    )
    created_at = column("Since when it counts.")
    user = one(tables.Identity.user_id, "The person.")
    organization = one(tables.Identity.organization_id, "The organization that merged it; null for what is proven.")


@node(tables.IdentitySuggestion, orders=("-commits", "created_at"), filters=("is_dismissed", "reason"))
class IdentitySuggestion:
    """An e-mail address or a login of nobody yet that may be a member's, found in the commits of an organization."""

    kind = column("What it is.")
    value = column("The address or the login, in small letters.")
    reason = column("Why it may be theirs.")
    author_name = column("The name under which they wrote last.")
    commits = column("How many commits it would give them.")
    is_dismissed = column("Whether somebody has said that it is not theirs.")
    created_at = column("When it was found.")
    member = one(tables.IdentitySuggestion.member_id, "The member whose it may be.")
    organization = one(tables.IdentitySuggestion.organization_id, "The organization.")

"""Making API keys, changing them and taking them back. A program with a key can do none of it."""

from datetime import datetime

import strawberry
from sqlalchemy import func

from db import tables
from db.actions import keys
from db.permissions import MANAGE
from db.tables import ApiKeyEventKind
from db.write import Work
from graphql_schema.core import mutation, update
from graphql_schema.core.bulk import LARGEST_INPUT, items
from graphql_schema.core.texts import text
from graphql_schema.core.updates import change, changes

SCOPES = f"What the key allows of what you may do, some of: {', '.join(f'`{scope}`' for scope in keys.SCOPES)}."


@strawberry.input(description="An API key to create.")
class CreateApiKeyInput:
    """A new key."""

    name: str = text(tables.ApiKey.name, "What you call it; not empty.")
    scopes: list[str] = items(SCOPES, longest=100)
    rate_limit: int = strawberry.field(default=1_000, description="How many operations it allows an hour.")
    expires_at: datetime | None = strawberry.field(default=None, description="When it ends by itself; null for never.")
    organization_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The organization that it is for, which you manage: it counts there, and holds while you are a "
        "member. Null for a key of your own.",
    )


@strawberry.input(description="What to change of an API key.")
class UpdateApiKeyInput:
    """Changes of a key."""

    key_id: strawberry.ID = strawberry.field(description="A key of yours.")
    name: str | None = change(tables.ApiKey.name, "What you call it; not empty.")
    scopes: list[str] | None = change(tables.ApiKey.scopes, SCOPES, most=LARGEST_INPUT)
    rate_limit: int | None = change(tables.ApiKey.rate_limit, "How many operations it allows an hour.")
    expires_at: datetime | None = change(tables.ApiKey.expires_at, "When it ends by itself.")
    is_active: bool | None = change(tables.ApiKey.is_active, "Whether it holds at the moment.")


@strawberry.input(description="An API key that is to have another secret.")
class RotateApiKeyInput:
    """A key."""

    key_id: strawberry.ID = strawberry.field(description="A key of yours.")


@strawberry.input(description="An API key to revoke.")
class RevokeApiKeyInput:
    """A key."""

    key_id: strawberry.ID = strawberry.field(description="A key of yours, or of an organization that you manage.")


@mutation(alone=True, api_key=tables.ApiKey, secret=str)
async def create_api_key(work: Work, input: CreateApiKeyInput) -> tuple[tables.ApiKey, str]:
    """Create an API key, with which a program acts as you as far as its scopes allow. For people with a verified
    address, and as many as their plan, or that of the organization, has room for.

    The secret is shown this once. Send it as `Authorization: Bearer <secret>`.
    """
    return await keys.create_key(
        work,
        input.organization_id,
        name=input.name,
        scopes=input.scopes,
        rate_limit=input.rate_limit,
        expires_at=input.expires_at,
    )


@mutation(api_key=tables.ApiKey)
async def update_api_key(work: Work, input: UpdateApiKeyInput) -> tables.ApiKey:
    """Change an API key, which holds for its next use. For its owner."""
    key = await keys.own_key(work, input.key_id)
    await keys.update_key(work, key, await changes(work, input))
    return key


@mutation(alone=True, api_key=tables.ApiKey, secret=str)
async def rotate_api_key(work: Work, input: RotateApiKeyInput) -> tuple[tables.ApiKey, str]:
    """Give an API key another secret, shown this once. For its owner.

    The secret that it had holds for 24 hours more, so that you can put the new one in its place; one before that does
    not any longer. Revoke a key whose secret somebody else may know.
    """
    key = await keys.own_key(work, input.key_id)
    return key, await keys.rotate_key(work, key)


revoke_api_key = update(
    "Revoke an API key: it is worth nothing from now on, and what was opened with it closes at once. For its owner, "
    "and for those who manage its organization.",
    RevokeApiKeyInput,
    at=tables.ApiKey,
    may=MANAGE,
    sets=lambda key, input, viewer: {"revoked_at": func.coalesce(key.revoked_at, func.now())},
    tells=ApiKeyEventKind.API_KEY_REVOKED,
    api_key=tables.ApiKey,
)

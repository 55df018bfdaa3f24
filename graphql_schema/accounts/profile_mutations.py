"""Changing what you say of yourself."""

import strawberry
from strawberry import UNSET

from db import tables
from db.actions import profile
from db.permissions import OWN
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.updates import change, changes


@strawberry.input(description="What to change of your profile.")
class UpdateProfileInput:
    """Changes of a profile."""

    name: str | None = change(tables.User.name, "The name to show; not empty.")
    username: str | None = change(
        tables.User.username, "The name in addresses: letters, digits, - and _. Nobody else has it, in any case."
    )
    bio: str | None = change(tables.User.bio, "What you say of yourself, in plain text.")
    avatar: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="A picture that you have sent with `POST /media`. The one before is deleted. Null removes it. Left "
        "out, it stays as it is.",
    )
    timezone: str | None = change(tables.User.timezone, "Your time zone by its IANA name, such as `Europe/Berlin`.")
    language: str | None = change(tables.User.language, "The language you want, as an IETF tag such as `pt-BR`.")


@mutation(user=tables.User)
async def update_profile(work: Work, input: UpdateProfileInput) -> tables.User:
    """Change what you say of yourself. Fields that are left out stay as they are; null removes what can be absent."""
    viewer = f"{tables.User.prefix}_{work.viewer_id.hex}"
    user = await work.get(tables.User, viewer, at="", may=OWN, lock=True)
    given = await changes(work, input)
    if input.avatar is not UNSET:
        given["avatar"] = input.avatar and await work.get(tables.Media, input.avatar, at="avatar", may=OWN, lock=True)
    await profile.update_profile(work, user, given)
    return user

"""Profiles: what people say of themselves, in the forms that standards have for it."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from db import tables
from db.actions.media import set_avatar
from db.errors import BadInput
from db.tables import UserEventKind
from db.write import Work

LANGUAGE = re.compile(
    r"""
    (?: (?: [a-z]{2,3} (?:-[a-z]{3}){0,3} | [a-z]{4,8} )   # language, with extensions of it
        (?: -[a-z]{4} )?                                   # script
        (?: -(?: [a-z]{2} | [0-9]{3} ) )?                  # region
        (?: -(?: [a-z0-9]{5,8} | [0-9][a-z0-9]{3} ) )*     # variants
        (?: -[a-wy-z0-9] (?:-[a-z0-9]{2,8})+ )*            # extensions
        (?: -x (?:-[a-z0-9]{1,8})+ )?                      # private use
      | x (?:-[a-z0-9]{1,8})+ )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
"""A well-formed language tag. Source: RFC 5646, section 2.1, without the grandfathered ones."""


async def update_profile(work: Work, user: tables.User, changes: Mapping[str, Any]) -> None:
    """Change what a user says of themselves: columns by their names, and `avatar`, a picture or None.

    User and picture must be locked. Raises BadInput for what is no time zone or language.
    """
    values = {name: value for name, value in changes.items() if name != "avatar"}
    if values.get("timezone") is not None and values["timezone"] not in time_zones():
        raise BadInput("This is no time zone: send an IANA name such as `Europe/Berlin`.", at="timezone")
    if "language" in values:
        values["language"] = language(values["language"])
    if "avatar" in changes:
        picture = changes["avatar"]
        await set_avatar(work, user, picture)
        values["avatar_url"] = picture and picture.url
    if work.change(user, values):
        work.audit("profile_changed", user)
        await work.happened(UserEventKind.PROFILE_CHANGED, user)


def language(tag: str) -> str:
    """A language tag in canonical case: `zh-hant-tw` is `zh-Hant-TW`. Raises BadInput for what is none."""
    if not LANGUAGE.fullmatch(tag):
        raise BadInput("This is no language: send an IETF tag such as `de` or `pt-BR`.", at="language")
    first, *others = tag.lower().split("-")
    parts, is_free = [first], len(first) == 1
    for part in others:
        is_free = is_free or len(part) == 1  # what is behind a single letter is as it is
        parts.append(part if is_free else _IN_CASE.get(len(part), str)(part))
    return "-".join(parts)


_IN_CASE = {2: str.upper, 4: str.capitalize}


@cache
def time_zones() -> frozenset[str]:
    """The names of time zones: those of the package `tzdata`, which are the same on every machine."""
    return frozenset(files("tzdata").joinpath("zones").read_text().split())

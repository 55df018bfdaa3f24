"""Addresses and pictures of people as providers tell them: those that can be kept."""

import re
from collections.abc import Mapping
from typing import Any

from app.oauth.exchange import text_in

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
PICTURE = re.compile(r"https://[^\s\"'<>\\]+")


def address_in(told: Mapping[str, Any], name: str) -> str | None:
    """An e-mail address."""
    found = text_in(told, name, longest=254)
    return found if found and ADDRESS.fullmatch(found) else None


def picture_in(told: Mapping[str, Any], name: str) -> str | None:
    """The address of a picture."""
    found = text_in(told, name, longest=2_000)
    return found if found and PICTURE.fullmatch(found) else None

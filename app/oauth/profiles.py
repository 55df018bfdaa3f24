"""Addresses and pictures of people as providers tell them: those that can be kept."""

import re
from collections.abc import Mapping
from typing import Any

from app.oauth.exchange import text_in
from db.mail import LONGEST_ADDRESS, is_address

PICTURE = re.compile(r"https://[^\s\"'<>\\]+")


def address_in(told: Mapping[str, Any], name: str) -> str | None:
    """An e-mail address to which mails can be sent."""
    found = text_in(told, name, longest=LONGEST_ADDRESS)
    return found if found and is_address(found) else None


def picture_in(told: Mapping[str, Any], name: str) -> str | None:
    """The address of a picture."""
    found = text_in(told, name, longest=2_000)
    return found if found and PICTURE.fullmatch(found) else None

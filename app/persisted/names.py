"""Names of documents: an id that a tool gave it, or the SHA-256 of its text.

The syntax of ids is that of the draft of GraphQL over HTTP, appendix "Persisted Documents".
"""

import re
from hashlib import sha256
from typing import Any

from app.requests import BadRequest

DIGEST = re.compile(r"[0-9a-f]{64}")
IDENTIFIER = re.compile(r"(x-[\w.~-]+:[\w.~:-]+|[\w.~-]+)", re.ASCII)
"""An id that a tool may give: all prefixes but those with `x-` are reserved."""


class BadReference(BadRequest):
    """The extension names no document."""

    default = (
        "`extensions.persistedQuery` must be {version: 1, sha256Hash},"
        " the hash being 64 hexadecimal digits in lower case."
    )


def digest(text: str) -> str:
    """The hash of a text as clients send it."""
    return sha256(text.encode()).hexdigest()


def names(identifier: str, text: str) -> tuple[str, str, str]:
    """All that a document may be called by."""
    hashed = digest(text)
    return identifier, hashed, f"sha256:{hashed}"


def named(reference: Any) -> str:
    """The name in `extensions.persistedQuery`, whose form is Apollo's; raises BadReference."""
    if isinstance(reference, dict) and isinstance(name := reference.get("sha256Hash"), str):
        version = reference.get("version")
        if version == 1 and version is not True:
            return name
    raise BadReference

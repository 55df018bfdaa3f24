"""Bearer tokens: random, shown once, kept only as a hash. A fast hash is right for what nobody can guess."""

import re
import secrets
from hashlib import sha256

_FORM = re.compile(r"trs_[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """A token with 256 random bits: `trs_` and 43 characters of base64url."""
    return f"trs_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """The stored form of a token: its SHA-256 digest, 32 bytes."""
    return sha256(token.encode()).digest()


def is_token(text: str) -> bool:
    """Whether a text has the form of a token, so that anything else is refused without a query."""
    return _FORM.fullmatch(text) is not None

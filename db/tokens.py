"""Bearer tokens and the secrets of API keys: random, shown once, kept only as a hash. A fast hash is right for what
nobody can guess.
"""

import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from uuid import UUID
from zlib import crc32

from db.keyring import Keyring

_FORM = re.compile(r"trs_[A-Za-z0-9_-]{43}")
KEY = "trl_"
"""The first characters of an API key, by which scanners find one that was published."""
_KEY_FORM = re.compile(rf"{KEY}([A-Za-z0-9_-]{{43}})([A-Za-z0-9_-]{{6}})")
KEY_SHOWN = 12
"""Characters of an API key that are shown later, for its owner to know it by."""


def new_token() -> str:
    """A token with 256 random bits: `trs_` and 43 characters of base64url."""
    return f"trs_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """The stored form of a token: its SHA-256 digest, 32 bytes."""
    return sha256(token.encode()).digest()


def is_token(text: str) -> bool:
    """Whether a text has the form of a token, so that anything else is refused without a query."""
    return _FORM.fullmatch(text) is not None


def signed_tokens(keyring: Keyring, purpose: str, key: UUID, *, prefix: str) -> list[str]:
    """The tokens of what has this key, by each secret of the installation, that in use first: the prefix and 43
    characters of base64url. They are made anew where they are needed, and only the hash of one is kept.
    """
    return [prefix + _coded(signature) for signature in keyring.signatures(purpose, key.bytes)]


def new_key() -> str:
    """An API key with 256 random bits: `trl_`, 43 characters of base64url, and a checksum of these."""
    random = secrets.token_urlsafe(32)
    return KEY + random + _checksum(random)


def is_key(text: str) -> bool:
    """Whether a text is an API key that was written down without a mistake: any other is refused without a query."""
    found = _KEY_FORM.fullmatch(text)
    return found is not None and _checksum(found[1]) == found[2]


def _checksum(random: str) -> str:
    """Six characters, which differ wherever one character does, or a few in a row (CRC-32)."""
    return _coded(crc32(random.encode()).to_bytes(4))


def _coded(content: bytes) -> str:
    """Bytes in base64url without padding."""
    return urlsafe_b64encode(content).decode().rstrip("=")

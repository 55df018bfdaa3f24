"""Signatures of GitHub's deliveries: `sha256=…`, the HMAC of the body as it came."""

from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac

HEADER = "X-Hub-Signature-256"


def signed(body: bytes, secret: str) -> str:
    """The header that signs a body."""
    return f"sha256={hmac(secret.encode(), body, sha256).hex()}"


def is_signed(body: bytes, header: str, secrets: Iterable[str]) -> bool:
    """Whether a body was signed with one of these secrets. How long it takes says nothing of them."""
    found = [compare_digest(signed(body, secret).encode(), header.encode()) for secret in secrets]
    return any(found)

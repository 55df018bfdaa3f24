"""The secrets of the installation, and what is made of them: signatures, and texts that nobody reads without them.

Each purpose has a key of its own, derived from a secret by HKDF (RFC 5869). The first secret is in use, those behind it
are still known: to change secrets, put the new one in front, and take the old one away when nothing made with it counts
any more.
"""

import hmac
from collections.abc import Sequence
from functools import cached_property, lru_cache
from os import urandom
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from db.errors import CannotRun

SHORTEST = 32
"""Characters that a secret has at least: no more than that is guessed."""
NONCE, NAME = 12, 4


class Unreadable(ValueError):  # noqa: N818  (named for what happened)
    """A sealed text was made with another secret, for another place, or was changed."""


class Keyring:
    """The secrets of the installation, the first of which is in use."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets

    def sign(self, purpose: str, content: bytes) -> bytes:
        """The HMAC-SHA256 of a content for a purpose, 32 bytes, by the secret in use."""
        return self.signatures(purpose, content)[0]

    def signatures(self, purpose: str, content: bytes) -> list[bytes]:
        """The signatures by every secret, that in use first: what is kept may be one of them."""
        key = f"sign {purpose}".encode()
        return [hmac.digest(_derived(secret, key), content, "sha256") for secret in self._known]

    def seal(self, text: str, *, owner: UUID, place: str) -> bytes:
        """A text under AES-256-GCM, with a key of its owner's, bound to a place such as `accounts.access_token:0193…`.

        In another place or for another owner it cannot be opened.
        """
        (secret,) = self._known[:1]
        nonce = urandom(NONCE)
        sealed = _cipher(secret, owner).encrypt(nonce, text.encode(), place.encode())
        return _name(secret) + nonce + sealed

    def open(self, sealed: bytes, *, owner: UUID, place: str) -> str:
        """The text that was sealed for this owner and place; raises Unreadable."""
        name, nonce, content = sealed[:NAME], sealed[NAME : NAME + NONCE], sealed[NAME + NONCE :]
        secret = next((one for one in self._known if _name(one) == name), None)
        if secret is None:
            raise Unreadable("The secret that this was sealed with is not known any more.")
        try:
            return _cipher(secret, owner).decrypt(nonce, content, place.encode()).decode()
        except (InvalidTag, ValueError):
            raise Unreadable("This was sealed for another place, or has been changed.") from None

    @property
    def mark(self) -> bytes:
        """The start of every text that is sealed with the secret in use: others are to be sealed anew."""
        return _name(self._known[0])

    @cached_property
    def _known(self) -> tuple[bytes, ...]:
        if not self._secrets:
            raise CannotRun("This needs the secret of the installation: set TRELLIS_SECRETS.")
        return tuple(one.encode() for one in self._secrets)


NO_SECRETS = Keyring(())
"""For what signs and seals nothing."""


def _cipher(secret: bytes, owner: UUID) -> AESGCM:
    return AESGCM(_derived(secret, b"seal " + owner.bytes))


def _name(secret: bytes) -> bytes:
    """A short name of a secret, which says nothing of it."""
    return _derived(secret, b"name")[:NAME]


@lru_cache(1_000)
def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"trellis " + purpose).derive(secret)

"""A device with passkeys in software: it signs whatever a test wants it to, also what no browser would let it."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from os import urandom
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from tests.conftest import ORIGIN

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def coded(content: bytes) -> str:
    """Bytes in base64url without padding, as browsers write them."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes that such a text stands for."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One passkey, and the number of its uses."""

    origin: str = ORIGIN
    host: str = "trellis.test"
    credential_id: bytes = field(default_factory=lambda: urandom(16))
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    uses: int = 0
    user: bytes = b""

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to options of `beginPasskeyRegistration`."""
        self.user = decoded(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, **point})
        made = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + key
        data = self._data(PRESENT | VERIFIED | ATTESTED) + made
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        parts = {"clientDataJSON": coded(client), "attestationObject": coded(attestation)}
        return self._answer({**parts, "transports": ["internal", "internal", "hybrid", "carrier-pigeon"]})

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to options of `beginPasskeySignIn`."""
        self.uses += 1
        data, client = self._data(PRESENT | VERIFIED), self._client("webauthn.get", options)
        signature = self.key.sign(data + sha256(client).digest(), ECDSA(SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": self.user}
        return self._answer({name: coded(part) for name, part in parts.items()})

    def _data(self, flags: int) -> bytes:
        return sha256(self.host.encode()).digest() + bytes([flags]) + self.uses.to_bytes(4)

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        data = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(data).encode()

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        identity = coded(self.credential_id)
        return {"id": identity, "rawId": identity, "type": "public-key", "response": response}

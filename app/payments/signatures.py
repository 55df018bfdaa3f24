"""Signatures of webhooks in Stripe's form: `t=TIME,v1=…`, where v1 signs the time and the body as it came."""

import re
from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac

from db.errors import Forbidden

HEADER = "Stripe-Signature"
CLOCK_SECONDS = 300
"""Seconds by which a signature may be older or newer than our clock says: whoever copies a request has so long."""
TIME = re.compile("[0-9]{1,12}", re.ASCII)


def signed(body: bytes, secrets: Iterable[str], *, at: int) -> str:
    """The header that signs a body at a time, with each of these secrets."""
    return ",".join([f"t={at}", *(f"v1={_signature(secret, str(at), body)}" for secret in secrets)])


def verify(body: bytes, header: str, secrets: Iterable[str], *, now: float) -> None:
    """Raise Forbidden for a body that was not signed at about this time, with one of these secrets."""
    parts = [part.strip().partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in parts if name == "t"]
    if len(times) != 1 or not TIME.fullmatch(times[0]):
        raise Forbidden(f"The header {HEADER} reads `t=TIME,v1=SIGNATURE`.")
    given = [value.encode() for name, value in parts if name == "v1"]
    right = [_signature(secret, times[0], body).encode() for secret in secrets]
    if not any(compare_digest(one, other) for one in given for other in right):
        raise Forbidden("The signature is not of this body.")
    if abs(now - int(times[0])) > CLOCK_SECONDS:
        raise Forbidden(f"The signature is older or newer than {CLOCK_SECONDS} seconds: look at the clocks.")


def _signature(secret: str, at: str, body: bytes) -> str:
    return hmac(secret.encode(), f"{at}.".encode() + body, sha256).hex()

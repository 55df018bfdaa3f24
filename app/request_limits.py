"""The numbers that limit a request, beside the protocol that holds clients to them: settings need only these."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How much of a request is read, and how long the server waits for it."""

    url: int = 8 * 2**10
    """Bytes in the address of an HTTP request, at most."""
    headers: int = 32 * 2**10
    """Bytes in the headers of an HTTP request, at most."""
    head_seconds: float = 10
    """Seconds that a client has to send the head of a request."""
    body_seconds: float = 15
    """Seconds that a client has to send the body of a request."""


USUAL = RequestLimits()
"""The limits of a server that nobody gave others."""

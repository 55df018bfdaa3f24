"""Cookies of pages: the session of the person who looks at them, and the browser in which a sign-in has begun.

Their names begin with `__Host-`: a browser takes them over TLS only, sends them to this host only, and lets no other
host set them.
"""

from collections.abc import Iterable
from urllib.parse import quote

from app.auth import given
from db.errors import Unauthenticated

SESSION = "__Host-trellis"
SIGN_IN = "__Host-trellis-oauth"

Headers = Iterable[tuple[bytes, bytes]]


class SessionEnded(Unauthenticated):
    """The session in the cookie of a page has ended: the answer takes the cookie away, and the next is a guest's."""

    default = "Your session has ended. Sign in again."


def credential(headers: Headers) -> str | None:
    """The credential of a request: its header `Authorization`, or the session in its cookie."""
    headers = tuple(headers)
    sent = next((text.decode("latin-1") for name, text in headers if name == b"authorization"), None)
    return given(sent) or session(headers)


def session(headers: Headers) -> str | None:
    """The credential that the cookie of the session stands for."""
    token = value(headers, SESSION)
    return f"Bearer {token}" if token else None


def value(headers: Headers, name: str) -> str | None:
    """The value of a cookie, if it was sent and is not empty."""
    for header, text in headers:
        for pair in text.decode("latin-1").split(";") if header == b"cookie" else ():
            key, _, found = pair.strip().partition("=")
            if key == name and found:
                return found
    return None


def kept(name: str, content: str, *, seconds: int) -> str:
    """The header `Set-Cookie` that has a browser keep a cookie for so many seconds."""
    return f"{name}={quote(content)}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"


def dropped(name: str) -> str:
    """The header `Set-Cookie` that takes a cookie away."""
    return kept(name, "", seconds=0)

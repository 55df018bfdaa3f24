"""Origins of pages: which of them may send requests (CORS), and with what a browser could make them do it unasked."""

from collections.abc import Collection, Mapping

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

EXPOSED = (
    "Retry-After",
    "WWW-Authenticate",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Trellis-Plan",
)
"""The headers of an answer that a page of another origin may read."""
PREFLIGHT_SECONDS = 2 * 60 * 60
"""How long a browser remembers that a page may ask; Chromium does no longer."""


class Origins:
    """The origins whose pages may ask, with cookies too; those of `*` without."""

    def __init__(self, listed: Collection[str]) -> None:
        self.listed = frozenset(origin.encode() for origin in listed)

    def admit(self, app: ASGIApp) -> ASGIApp:
        """The application as pages of these origins can ask it (Fetch Standard, "CORS protocol")."""
        if not self.listed:
            return app
        return CORSMiddleware(
            app,
            allow_origins=[origin.decode() for origin in self.listed],
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            allow_credentials=b"*" not in self.listed,
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )

    def includes(self, origin: bytes) -> bool:
        """Whether a page of this origin may ask."""
        return origin in self.listed or b"*" in self.listed

    def are_crossed(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a page of an origin that is not on the list makes a browser send the cookies of this server.

        A WebSocket or a stream, which need no preflight, would be let in as the user of the browser. A page that knows
        a token knows whom it speaks for, and is let in from anywhere.
        """
        origin = headers.get(b"origin")
        if origin is None or b"cookie" not in headers or headers.get(b"sec-fetch-site") == b"same-origin":
            return False
        return origin not in self.listed and origin.partition(b"://")[2] != headers.get(b"host")

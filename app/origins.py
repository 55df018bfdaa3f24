"""Origins of pages: which of them may send requests (CORS), and with what a browser could make them do it unasked."""

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Scope

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


def origin_of(scope: Scope) -> str:
    """The origin that a request is sent to, as the browser that sends it writes it."""
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    return f"{scope['scheme'].replace('ws', 'http')}://{host}"


def origin_in(address: str) -> str | None:
    """The origin of the address that people are told, as browsers write it.

    None for a host without a name: it has no passkeys, and on one machine people also ask for it by a name.
    """
    parts = urlsplit(address)
    is_named = parts.hostname and ":" not in parts.hostname and not parts.hostname.rpartition(".")[2].isdigit()
    return f"{parts.scheme}://{parts.netloc}".lower() if is_named else None


class Origins:
    """The origins whose pages may ask, with cookies too; those of `*` without."""

    def __init__(self, listed: Collection[str]) -> None:
        self.listed = frozenset(origin.encode() for origin in listed)

    def admit(self, app: ASGIApp, methods: Sequence[str] = ("GET", "POST")) -> ASGIApp:
        """The application as pages of these origins can ask it (Fetch Standard, "CORS protocol")."""
        if not self.listed:
            return app
        return CORSMiddleware(
            app,
            allow_origins=[origin.decode() for origin in self.listed],
            allow_methods=methods,
            allow_headers=["*"],
            allow_credentials=b"*" not in self.listed,
            expose_headers=EXPOSED,
            max_age=PREFLIGHT_SECONDS,
        )

    def includes(self, origin: bytes) -> bool:
        """Whether a page of this origin may ask."""
        return origin in self.listed or b"*" in self.listed

    def are_crossed(self, headers: Mapping[bytes, bytes], scheme: str) -> bool:
        """Whether a page of an origin that is not on the list makes a browser send the cookies of this server.

        It would be let in as the user of the browser. A page that knows a token knows whom it speaks for, and is let in
        from anywhere.
        """
        return b"cookie" in headers and self.is_foreign(headers, scheme)

    def is_foreign(self, headers: Mapping[bytes, bytes], scheme: str) -> bool:
        """Whether a browser says that a page sends this which is neither ours nor of an origin that the list names.

        Behind a proxy that ends TLS without saying so we are reached by HTTP, and our pages are of HTTPS all the same.
        """
        site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        if site == b"same-origin" or origin in self.listed:
            return False
        if origin is None:
            return site in {b"cross-site", b"same-site"}
        own, _, host = origin.partition(b"://")
        return host != headers.get(b"host") or (scheme in {"https", "wss"} and own != b"https")

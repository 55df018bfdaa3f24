"""Serves a built page, which may talk to this server only, and its assets, which a browser keeps for ever."""

import re
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.introspection import Allowed
from app.negotiation import takes_gzip

# Not the system's table: where it is missing or wrong, `nosniff` would stop every script.
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".ttf": "font/ttf"}
# An asset's name holds a hash of its content, so what it names never changes.
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
_HOST = re.compile(r"([\w.-]+|\[[\da-fA-F:.]+\])(:\d+)?")
_NOT_BUILT = """This page is not built. To build it, run

    python -m app.pages

and load this page again. GraphQL does not need it: /graphql is there.
"""


async def everybody(_request: Request) -> bool:
    """The default audience of a page."""
    return True


def routes(dist: Path, address: str, *, allowed: Allowed = everybody, is_framed: bool = False) -> list[BaseRoute]:
    """The page in a folder, and its assets. Every request looks at the build: a new one shows up without a restart.

    A page that is framed may show itself in itself; others are shown in no page at all.
    """
    served = _Served(dist, allowed, "'self'" if is_framed else "'none'")
    return [Route(address, served.page), Route(f"{address}/assets/{{name}}", served.asset)]


@dataclass(frozen=True)
class _Served:
    dist: Path
    allowed: Allowed
    framing: str

    async def page(self, request: Request) -> Response:
        if not await self.allowed(request):
            return self._not_found(request)
        index = self.dist / "index.html"
        if not index.is_file():
            return PlainTextResponse(_NOT_BUILT, status_code=503, headers=self._guards(request))
        return FileResponse(index, headers={"Cache-Control": "no-cache", **self._guards(request)})

    async def asset(self, request: Request) -> Response:
        file = self.dist / "assets" / request.path_params["name"]
        if not file.is_file() or not await self.allowed(request):
            return self._not_found(request)
        media_type, encoding = _MEDIA_TYPES.get(file.suffix), {}
        compressed = file.with_name(file.name + ".gz")
        if takes_gzip(request.headers.get("accept-encoding", "")) and compressed.is_file():
            file, encoding = compressed, {"Content-Encoding": "gzip"}
        return FileResponse(file, media_type=media_type, headers={**_FOREVER, **encoding, **self._guards(request)})

    def _not_found(self, request: Request) -> Response:
        return PlainTextResponse("Not found", status_code=404, headers=self._guards(request))

    def _guards(self, request: Request) -> dict[str, str]:
        """The content security policy: the page and its workers reach this server and nothing else, and no other page
        can frame it.
        """
        host = request.headers.get("host", "")
        # Not every browser counts sockets to this server as 'self'.
        sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self' 'unsafe-inline'",  # Monaco writes style elements
            "worker-src": "'self' blob:",
            "connect-src": f"'self'{sockets}",
            "img-src": "'self' data:",
            "font-src": "'self' data:",
            "frame-src": self.framing,
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": self.framing,
        }
        return {
            "Content-Security-Policy": "; ".join(f"{kind} {sources}" for kind, sources in policy.items()),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

"""Serves the built console: a page that may talk to this server only, and assets that a browser keeps for ever."""

import re
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.console.build import DIST
from app.introspection import Allowed
from app.negotiation import takes_gzip

# Not the system's table: where it is missing or wrong, `nosniff` would stop every script.
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".ttf": "font/ttf"}
# An asset's name holds a hash of its content, so what it names never changes.
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
_HOST = re.compile(r"([\w.-]+|\[[\da-fA-F:.]+\])(:\d+)?")
_NOT_BUILT = """The console is not built. To build it, run

    python -m app.console

and load this page again. GraphQL does not need it: /graphql is there.
"""


async def everybody(_request: Request) -> bool:
    """The default audience of the console."""
    return True


def routes(dist: Path = DIST, *, allowed: Allowed = everybody) -> list[BaseRoute]:
    """`/graphiql` and its assets. Every request looks at `dist`: a finished build shows up without a restart."""
    console = _Console(dist, allowed)
    return [Route("/graphiql", console.page), Route("/graphiql/assets/{name}", console.asset)]


@dataclass(frozen=True)
class _Console:
    dist: Path
    allowed: Allowed

    async def page(self, request: Request) -> Response:
        if not await self.allowed(request):
            return _not_found(request)
        index = self.dist / "index.html"
        if not index.is_file():
            return PlainTextResponse(_NOT_BUILT, status_code=503, headers=_guards(request))
        return FileResponse(index, headers={"Cache-Control": "no-cache", **_guards(request)})

    async def asset(self, request: Request) -> Response:
        file = self.dist / "assets" / request.path_params["name"]
        if not file.is_file() or not await self.allowed(request):
            return _not_found(request)
        media_type, encoding = _MEDIA_TYPES.get(file.suffix), {}
        compressed = file.with_name(file.name + ".gz")
        if takes_gzip(request.headers.get("accept-encoding", "")) and compressed.is_file():
            file, encoding = compressed, {"Content-Encoding": "gzip"}
        return FileResponse(file, media_type=media_type, headers={**_FOREVER, **encoding, **_guards(request)})


def _not_found(request: Request) -> Response:
    return PlainTextResponse("Not found", status_code=404, headers=_guards(request))


def _guards(request: Request) -> dict[str, str]:
    """The content security policy: the page and its workers reach this server and nothing else, and nobody can frame
    it.
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
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{kind} {sources}" for kind, sources in policy.items()),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }

"""The request to open a WebSocket and the answer to it, as an ASGI application and as the protocol has them."""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus

from starlette.types import Message, Scope
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from app.connection import scopes

ASGI = {"version": "3.0", "spec_version": "2.4"}


def asked(request: Request, transport: asyncio.Transport) -> Scope:
    """The scope of the application that is asked for a WebSocket."""
    path, _, query = request.path.encode("ascii").partition(b"?")
    named = request.headers.get_all("Sec-WebSocket-Protocol")
    return {
        **scopes.common(transport),
        **scopes.addressed(path, query),
        "type": "websocket",
        "asgi": ASGI,
        "http_version": "1.1",
        "scheme": "ws",
        "headers": [(name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers.raw_items()],
        "subprotocols": [name.strip() for names in named for name in names.split(",")],
    }


def complete(response: Response, subprotocol: str | None, standing: Iterable[tuple[bytes, bytes]]) -> None:
    """Add what the application has chosen, and the headers of every response, to one that opens a WebSocket."""
    del response.headers["Date"]
    for name, value in standing:
        response.headers[name.decode()] = value.decode()
    if subprotocol:
        response.headers["Sec-WebSocket-Protocol"] = subprotocol


def denied(start: Message, body: bytes) -> Response:
    """A response that opens none, from its two parts."""
    headers = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
    headers["Connection"] = "close"
    headers.setdefault("Content-Length", str(len(body)))
    return Response(start["status"], HTTPStatus(start["status"]).phrase, headers, body)

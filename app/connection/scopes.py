"""The parts of an ASGI scope that are alike for requests and WebSockets."""

import asyncio
from typing import Any
from urllib.parse import unquote

from starlette.types import Scope


def common(transport: asyncio.Transport) -> Scope:
    """The part of a scope that is of the connection. Trellis speaks no TLS: a proxy in front does."""
    return {"server": _address(transport, "sockname"), "client": _address(transport, "peername"), "root_path": ""}


def addressed(path: bytes, query: bytes) -> Scope:
    """The part of a scope that is of an address; raises ValueError where that is not in ASCII."""
    text = path.decode("ascii")
    return {"path": unquote(text) if "%" in text else text, "raw_path": path, "query_string": query}


def _address(transport: asyncio.Transport, which: str) -> tuple[Any, ...] | None:
    """The host and port of one side; none where they are a path."""
    found = transport.get_extra_info(which)
    return tuple(found[:2]) if isinstance(found, tuple) else None

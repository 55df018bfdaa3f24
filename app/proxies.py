"""Proxies in front: which of them are believed about the address of the client and the host that it asked for."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


class Proxies:
    """The ASGI application behind proxies of the `trusted` networks.

    The client is the last address of `X-Forwarded-For` that is no trusted one: all before it can be made up. Such
    headers of anybody else are ignored.
    """

    def __init__(self, app: ASGIApp, trusted: Iterable[IPv4Network | IPv6Network]) -> None:
        self.forwarded = ProxyHeadersMiddleware(app, [*map(str, trusted)])  # type: ignore[arg-type]  # the same protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if client := scope.get("client"):
            address = _unmapped(client[0])
            scope["client"] = (address, client[1])
            if address in self.forwarded.trusted_hosts:
                scope["headers"] = _as_asked(scope["headers"])
        await self.forwarded(scope, receive, send)  # type: ignore[arg-type]  # the same protocol


def _unmapped(address: str) -> str:
    """An IPv4 address as itself: a socket for both kinds tells it as `::ffff:192.0.2.1`."""
    return address.removeprefix("::ffff:") if "." in address else address


def _as_asked(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with the host that the first proxy was asked for."""
    asked = dict(headers).get(b"x-forwarded-host", b"").partition(b",")[0].strip()
    return [(b"host", asked), *(pair for pair in headers if pair[0] != b"host")] if asked else headers

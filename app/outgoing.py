"""How requests leave to servers that people name: each goes to an address that was looked at, and to no other.

A name is resolved here, its addresses are looked at, and the connection is made to one of these. So a name that means
another address a moment later leads nowhere else. Redirects are not followed, and of an answer only its status is read.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import httpcore

from db.outgoing import Unanswered, is_public

TIMEOUT = 15.0
"""Seconds that a server may take, from its name to the status of its answer."""
CONNECTING = 5.0
"""Seconds that one address of a server may take to let us in."""


class Web:
    """The open internet, or whichever addresses `may_reach` lets it reach."""

    def __init__(
        self,
        *,
        may_reach: Callable[[str], bool] = is_public,
        tls: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self.network = Network(may_reach)
        self.tls = tls or httpcore.default_ssl_context()
        self.timeout = timeout

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a request. Raises Unanswered unless the server says that it has taken it."""
        try:
            async with asyncio.timeout(self.timeout):
                status = await self._status(url, headers, body)
        except TimeoutError:
            raise Unanswered("The server took too long.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise Unanswered(f"The server could not be reached: {type(error).__name__}.") from None
        if not 200 <= status < 300:
            redirects = " Redirects are not followed." if 300 <= status < 400 else ""
            raise Unanswered(f"The server answered {status}.{redirects}")

    async def _status(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        sent = {"User-Agent": "Trellis", "Content-Length": str(len(body)), **headers}
        async with (
            httpcore.AsyncConnectionPool(ssl_context=self.tls, network_backend=self.network) as pool,
            pool.stream("POST", url, headers=list(sent.items()), content=body) as answer,
        ):
            return answer.status


class Network(httpcore.AnyIOBackend):
    """Connects to addresses that may be reached, and to no others."""

    def __init__(self, may_reach: Callable[[str], bool]) -> None:
        self.may_reach = may_reach

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (of the class that this is one of)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that lets us in. Raises Unanswered where one of them is private."""
        addresses = await resolved(host, port)
        if not all(map(self.may_reach, addresses)):
            raise Unanswered("Nothing in a private network is reached from here.")
        for address in addresses[:-1]:
            try:
                return await super().connect_tcp(address, port, CONNECTING, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await super().connect_tcp(addresses[-1], port, CONNECTING, local_address, socket_options)


async def resolved(host: str, port: int) -> list[str]:
    """The addresses that a name means at this moment, each once; raises OSError for one that means none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))

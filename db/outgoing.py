"""Requests to servers that people name, and which of these are reached: none in a private network.

How they are sent is up to the process, see `app.outgoing`.
"""

from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Protocol
from urllib.parse import urlsplit

from db.errors import BadInput, CannotRun

LONGEST = 2_000
TRANSLATED = IPv6Network("64:ff9b::/96")
"""Addresses of IPv6 behind which there is one of IPv4 (RFC 6052)."""


class Unanswered(Exception):  # noqa: N818  (named for what happened)
    """A server has not taken a request. The message has nothing of what it says, nor of where it is."""


class Outgoing(Protocol):
    """Sends requests."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a request. Raises Unanswered unless the server says that it has taken it."""
        ...


class NoOutgoing:
    """Stands where nobody said how requests are sent, and says so whenever one is to be."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Raise CannotRun."""
        raise CannotRun("Requests have no way out of this process.")


NO_OUTGOING = NoOutgoing()


def host_of(url: str) -> str:
    """The host of an address that requests may go to; raises BadInput for any other address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0 or not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST:
        raise BadInput(f"This is no address of at most {LONGEST:,} characters, such as https://example.com/hook.")
    if parts.scheme != "https" or parts.username is not None or parts.fragment:
        raise BadInput("An address begins with https://, and has no name, no password and no fragment in it.")
    if is_ip_address(host) and not is_public(host):
        raise BadInput("Nothing in a private network is reached from here.")
    return host


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, also the one that it stands for."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        if (inner := found.ipv4_mapped or found.sixtofour) is not None:
            return is_public(str(inner))
        if found in TRANSLATED:
            return is_public(str(ip_address(found.packed[-4:])))
        if found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def is_ip_address(host: str) -> bool:
    """Whether a host is an address itself, and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

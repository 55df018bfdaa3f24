"""Behind proxies: whose word is believed, so that every guest behind them has buckets and sockets of their own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from app.proxies import Proxies
from tests.app.serving import NO_DATABASE, PLAIN, Served, serving

TRUSTED = [ip_network(network) for network in ("127.0.0.1", "10.0.0.0/8", "2001:db8:aa::/48")]
CLIENT = "203.0.113.9"
GUEST = {"query": "{ courses(first: 1) { nodes { id } } }"}


async def seen(client: str, **headers: str) -> tuple[str, str, str]:
    """The address, scheme and host that an application behind proxies is told of a request of this client."""
    scopes: list[Any] = []

    async def remember(scope: Any, _receive: Any, _send: Any) -> None:
        scopes.append(scope)

    named = [(f"x-forwarded-{name}".encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "client": (client, 1), "scheme": "http", "headers": [(b"host", b"inside"), *named]}
    await Proxies(remember, TRUSTED)(scope, None, None)  # type: ignore[arg-type]  # nobody reads or answers
    [told] = scopes
    return told["client"][0], told["scheme"], dict(told["headers"])[b"host"].decode()


@pytest.mark.parametrize(
    ("proxy", "forwarded_for", "client"),
    [
        ("127.0.0.1", CLIENT, CLIENT),
        ("10.1.2.3", f"{CLIENT}:4711", CLIENT),
        ("::ffff:10.1.2.3", CLIENT, CLIENT),
        ("2001:db8:aa::1", "2001:db8:bb::7", "2001:db8:bb::7"),
        ("2001:db8:aa::1", "[2001:db8:bb::7]:4711", "2001:db8:bb::7"),
        ("10.1.2.3", f"192.0.2.66, {CLIENT}, 2001:db8:aa::5, 10.9.9.9", CLIENT),
        ("10.1.2.3", f"10.6.6.6, {CLIENT}", CLIENT),
        ("10.1.2.3", "", "10.1.2.3"),
        ("192.0.2.1", CLIENT, "192.0.2.1"),
        ("::ffff:192.0.2.1", CLIENT, "192.0.2.1"),
        ("::ffff", CLIENT, "::ffff"),
        ("2001:db8:bb::1", CLIENT, "2001:db8:bb::1"),
    ],
)
async def test_the_client_is_the_last_of_the_chain_that_is_no_trusted_proxy(
    proxy: str, forwarded_for: str, client: str
) -> None:
    assert (await seen(proxy, **{"for": forwarded_for}))[0] == client


async def test_a_trusted_proxy_says_by_which_scheme_and_host_it_was_asked() -> None:
    asked = {"proto": "https", "host": "api.example, inside.example"}
    assert await seen("10.1.2.3", **asked) == ("10.1.2.3", "https", "api.example")
    assert await seen("192.0.2.1", **asked) == ("192.0.2.1", "http", "inside")


async def test_a_proxy_that_says_nothing_changes_nothing() -> None:
    assert await seen("10.1.2.3", proto="gopher", host=" ") == ("10.1.2.3", "http", "inside")


@asynccontextmanager
async def from_address(served: Served, address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that connects from this address of this machine."""
    transport = httpx.AsyncHTTPTransport(verify=PLAIN, local_address=address)
    async with served.client(transport=transport) as client:
        yield client


async def points_left(client: httpx.AsyncClient, guest: str) -> int:
    """What the bucket still has after the guest of this address has asked through a proxy."""
    answer = await client.post("/graphql", json=GUEST, headers={"x-forwarded-for": guest})
    return int(answer.headers["x-ratelimit-remaining"])


@pytest.mark.parametrize(("proxies", "have_their_own"), [(("127.0.0.1", "::1"), False), (("127.0.0.0/24",), True)])
async def test_guests_behind_a_proxy_have_buckets_of_their_own_if_it_is_trusted(
    database_url: str, redis_url: str, proxies: tuple[str, ...], have_their_own: bool
) -> None:
    limits: dict[str, Any] = {"rate_limit": 100, "rate_limit_restored": 1}
    async with (
        serving(database_url, redis_url, proxies=proxies, **limits) as served,
        from_address(served, "127.0.0.2") as proxy,
    ):
        before = await points_left(proxy, "203.0.113.1")
        for _ in range(20):
            await points_left(proxy, "203.0.113.1")
        assert (await points_left(proxy, "203.0.113.2") == before) is have_their_own


async def test_sockets_behind_a_trusted_proxy_are_counted_by_whose_they_are(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, opening_limit=1) as served, AsyncExitStack() as stack:
        for guest in ("203.0.113.1", "2001:db8:1::1", "2001:db8:2::1"):
            await stack.enter_async_context(served.socket(x_forwarded_for=guest))
        with pytest.raises(InvalidStatus) as refusal:
            await stack.enter_async_context(served.socket(x_forwarded_for="2001:db8:1::2"))
    assert refusal.value.response.status_code == 429

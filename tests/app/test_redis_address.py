"""Addresses of Redis and Valkey: what they say is done, over TLS too, and a wrong one is told in one line."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from app.redis_address import checked, reach
from db.errors import CannotRun
from tests.app.serving import NO_REDIS, serving
from tests.tls import Certificate, Encrypted, encrypted, needs_openssl


@pytest.mark.parametrize(
    ("url", "as_redis"),
    [
        ("redis://ada:secret@r.example:6380/5", "redis://ada:secret@r.example:6380/5"),
        ("valkey://r.example", "redis://r.example"),
        ("valkeys://r.example/", "rediss://r.example/"),
        ("rediss://r.example?ssl_cert_reqs=none", "rediss://r.example?ssl_cert_reqs=none"),
        ("unix:///run/valkey?db=3", "unix:///run/valkey?db=3"),
        ("valkey://ada:secret@r1,r2:7001?cluster=true", "redis://ada:secret@r1,r2:7001?cluster=true"),
    ],
)
def test_an_address_of_valkey_is_one_of_redis(url: str, as_redis: str) -> None:
    assert checked(url) == as_redis


@pytest.mark.parametrize(
    "url",
    [
        *("http://:secret@r", "r.example:6379", "", "valkey+unix:///run/valkey", "redis://:sec/secret@r"),
        *("redis://:secret@r:70000", "redis://:secret@r/five", "redis://:secret@r?secured=1"),
        *("rediss://:secret@r?ssl_cert_reqs=perhaps", "redis://:secret@r1:7000,r2:7001"),
        *("redis://:secret@r:70000?cluster=true", "redis://:secret@r/5?cluster=true", "unix:///r?cluster=true"),
    ],
)
def test_a_wrong_address_is_refused_in_one_line_without_its_secrets(url: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+\.$") as refused:
        checked(url)
    assert "secret" not in str(refused.value).replace("secured", "")


@pytest.mark.parametrize(("who", "reason"), [("nobody:geheim@", "invalid username-password"), ("", "DB index")])
async def test_who_is_not_let_in_learns_where_and_why(redis_url: str, who: str, reason: str) -> None:
    path = urlsplit(redis_url).path
    with pytest.raises(CannotRun, match=f"^Redis at {path} lets nobody in: {reason}") as refused:
        await reach(f"unix://{who}{path}?db=99")
    assert "geheim" not in str(refused.value)


async def test_a_server_that_is_away_may_come_back() -> None:
    await reach(NO_REDIS)


@pytest.fixture
async def end(redis_url: str, own: Certificate) -> AsyncIterator[Encrypted]:
    """TLS before the test's Valkey."""
    async with encrypted(urlsplit(redis_url).path, own, asks=False) as open_end:
        yield open_end


@needs_openssl
async def test_the_process_speaks_to_redis_over_tls(database_url: str, end: Encrypted, own: Certificate) -> None:
    url = checked(f"valkeys://localhost:{end.port}?ssl_ca_certs={own.certificate}")
    await reach(url)
    async with serving(database_url, url) as served:
        assert (await served.send("GET", "/health/ready")).json()["redis"] == "ok"
    assert end.ciphers > 1


@needs_openssl
@pytest.mark.parametrize(
    ("host", "options", "reason"),
    [
        ("localhost", "ssl_ca_certs={wrong}", "self-signed"),
        ("localhost", "", "self-signed"),
        ("127.0.0.1", "ssl_ca_certs={root}", "IP address mismatch"),
    ],
)
async def test_nothing_is_said_to_a_server_that_cannot_prove_who_it_is(
    end: Encrypted, own: Certificate, stranger: Certificate, host: str, options: str, reason: str
) -> None:
    filled = options.format(root=own.certificate, wrong=stranger.certificate)
    with pytest.raises(CannotRun, match=reason):
        await reach(f"rediss://{host}:{end.port}?{filled}")


@needs_openssl
async def test_an_operator_can_go_without_proof(end: Encrypted) -> None:
    async with Redis.from_url(checked(f"rediss://localhost:{end.port}?ssl_cert_reqs=none")) as redis:
        assert await redis.ping()

"""Addresses of databases, as hosts hand them out: what they say is done, or it is said that it is not."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from asyncpg import Connection
from sqlalchemy import make_url

from db.address import CONNECTING, SCHEMES, Address, BadAddress, Unreachable
from tests.tls import Certificate, Encrypted, encrypted, needs_openssl


async def asked(url: str, statement: str) -> Any:
    connection: Connection = await Address.parse(url).connect({"application_name": "trellis"})
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_an_address_may_name_any_driver_or_none(database_url: str, scheme: str) -> None:
    _, _, rest = database_url.partition("://")
    assert await asked(f"{scheme}://{rest}", "SELECT 1") == 1


@pytest.mark.parametrize(
    "parameter",
    [
        *("sslmode=disable", "sslmode=prefer", "sslmode=allow", "ssl=disable", "connect_timeout=5"),
        *("channel_binding=require", "target_session_attrs=read-write", "gssencmode=disable", "keepalives=1"),
        *("pgbouncer=true", "pgbouncer=true&connection_limit=1", "options=-c%20geqo%3Doff", "application_name=mine"),
    ],
)
async def test_what_hosts_write_into_an_address_is_understood(database_url: str, parameter: str) -> None:
    assert await asked(f"{database_url}&{parameter}", "SELECT 1") == 1


async def test_settings_in_an_address_are_those_of_the_session(database_url: str) -> None:
    url = f"{database_url}&application_name=mine&options=-c%20statement_timeout%3D7s"
    assert await asked(url, "SHOW application_name") == "mine"
    assert await asked(url, "SHOW statement_timeout") == "7s"


async def test_a_socket_may_be_the_host(database_url: str) -> None:
    url = make_url(database_url)
    assert await asked(f"postgres://trellis@{quote(str(url.query['host']), safe='')}/{url.database}", "SELECT 1") == 1


def test_what_changes_nothing_is_named() -> None:
    address = Address.parse("postgres://db.example/trellis?channel_binding=require&sslmode=require&keepalives=1")
    assert address.ignored == ("channel_binding", "keepalives")


def test_a_password_may_have_every_character() -> None:
    for password in ("p%40ss", "a:b", "a/b", "a?b", "a#b", "100%", "é"):
        address = Address.parse(f"postgres://ada:{password}@db.example:6432/trellis")
        assert address.server == "db.example:6432"
        assert address.arguments["password"] == password.replace("%40", "@")
        assert password not in repr(address)


def test_a_pooler_is_told_by_the_address() -> None:
    assert Address.parse("postgres://db.example/trellis?pgbouncer=true").is_pooled
    assert not Address.parse("postgres://db.example/trellis?pgbouncer=false").is_pooled


@pytest.mark.parametrize(("value", "seconds"), [("3", 3), ("0", CONNECTING), ("-1", CONNECTING)])
def test_nobody_waits_for_ever_for_a_connection(value: str, seconds: float) -> None:
    assert Address.parse(f"postgres://db.example/trellis?connect_timeout={value}").timeout == seconds


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://ada:secret@db/trellis", "begins with postgresql://"),
        ("secret", "begins with postgresql://"),
        ("", "begins with postgresql://"),
        ("postgresql://ada:secret@db:70000/trellis", "1 to 65535"),
        ("postgresql://ada:secret@db:secret/trellis", "the number of its port"),
        ("postgresql://ada:secret@/trellis?host=db&port=none", "1 to 65535"),
        ("postgresql://ada:secret@db/trellis?sslmod=require", "no parameter sslmod"),
        ("postgresql://ada:secret@db/trellis?connect_timeout=soon", "number of seconds"),
        ("postgresql://ada:secret@db/trellis?sslrootcert=/nowhere/secret", "sslrootcert names no file"),
        ("postgresql://ada:secret@db/trellis?sslrootcert=system&sslmode=require", "sslmode is verify-full"),
    ],
)
def test_a_wrong_address_is_refused_in_one_line_without_its_secrets(url: str, reason: str) -> None:
    with pytest.raises(BadAddress, match=reason) as refused:
        Address.parse(url)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"username": "nobody"}, 'role "nobody" does not exist'),
        ({"query": {"host": "localhost", "port": "1"}}, "Connection refused"),
        ({"query": {"host": "/nowhere"}}, "No such file or directory"),
        ({"query": {"host": "localhost", "sslmode": "bogus"}}, "must be one of: disable, allow"),
    ],
)
async def test_who_is_not_let_in_learns_where_and_why(database_url: str, change: dict[str, Any], reason: str) -> None:
    url = make_url(database_url).set(password="geheim", **change).render_as_string(hide_password=False)
    with pytest.raises(Unreachable, match=f"^The database at [/\\w-]+ lets nobody in: .*{reason}") as refused:
        await Address.parse(url).reach()
    assert "geheim" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.fixture
async def end(database_url: str, own: Certificate) -> AsyncIterator[Encrypted]:
    """TLS before the test's PostgreSQL, and nothing else."""
    async with encrypted(socket_of(database_url), own, asks=True) as open_end:
        yield open_end


def socket_of(database_url: str) -> str:
    return f"{make_url(database_url).query['host']}/.s.PGSQL.5432"


def over_tls(database_url: str, end: Encrypted, parameters: str, *, host: str = "localhost") -> str:
    return f"postgresql://trellis@{host}:{end.port}/{make_url(database_url).database}?{parameters}"


@needs_openssl
@pytest.mark.parametrize(
    ("parameters", "host"),
    [
        ("sslmode=require", "localhost"),
        ("sslmode=prefer", "localhost"),
        ("ssl=true", "127.0.0.1"),
        ("sslmode=verify-ca&sslrootcert={root}", "127.0.0.1"),
        ("sslmode=verify-full&sslrootcert={root}", "localhost"),
    ],
)
async def test_what_is_said_to_the_database_is_encrypted(
    database_url: str, end: Encrypted, own: Certificate, parameters: str, host: str
) -> None:
    url = over_tls(database_url, end, parameters.format(root=own.certificate), host=host)
    assert await asked(url, "SELECT 1") == 1
    assert end.ciphers == 1


@needs_openssl
@pytest.mark.parametrize(
    ("parameters", "host", "reason"),
    [
        ("sslmode=verify-full&sslrootcert={root}", "127.0.0.1", "IP address mismatch"),
        ("sslmode=verify-full&sslrootcert={wrong}", "localhost", "certificate does not hold: self-signed"),
        ("sslmode=verify-ca&sslrootcert={wrong}", "localhost", "certificate does not hold: self-signed"),
        ("sslmode=verify-full&sslrootcert=system", "localhost", "certificate does not hold: self-signed"),
        ("sslrootcert=system", "localhost", "certificate does not hold: self-signed"),
        ("sslmode=disable", "localhost", "."),
    ],
)
async def test_nothing_is_said_to_a_server_that_cannot_prove_who_it_is(
    database_url: str, end: Encrypted, own: Certificate, stranger: Certificate, parameters: str, host: str, reason: str
) -> None:
    filled = parameters.format(root=own.certificate, wrong=stranger.certificate)
    with pytest.raises(Unreachable, match=reason):
        await Address.parse(over_tls(database_url, end, filled, host=host)).reach()


@needs_openssl
async def test_a_certificate_of_our_own_lets_us_in(database_url: str, own: Certificate, stranger: Certificate) -> None:
    async with encrypted(socket_of(database_url), own, asks=True, client=stranger) as end:
        url = over_tls(database_url, end, f"sslmode=verify-full&sslrootcert={own.certificate}")
        with pytest.raises(Unreachable):
            await Address.parse(url).reach()
        assert await asked(f"{url}&sslcert={stranger.certificate}&sslkey={stranger.key}", "SELECT 1") == 1

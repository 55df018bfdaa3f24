"""The address of a database, as hosts hand it out, turned into what the driver takes. Only this module does it.

Source: PostgreSQL, "Connection URIs" and "Parameter Key Words" of libpq, whose parameters hosts write into addresses.
"""

import os
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import asyncpg
from asyncpg import Connection
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from db.errors import CannotRun

SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2")
DRIVEN = {
    *("host", "port", "user", "password", "passfile", "dbname", "target_session_attrs", "krbsrvname", "gsslib"),
    *("sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslnegotiation"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version"),
}
"""Parameters that the driver itself understands in an address."""
SENT = {"application_name", "options"}
"""Parameters that are settings of a session."""
FILES = {"passfile", "sslcert", "sslkey", "sslrootcert", "sslcrl"}
IGNORED = {
    *("channel_binding", "client_encoding", "fallback_application_name", "gssencmode", "load_balance_hosts"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
    *("sslcompression", "sslsni", "connection_limit", "pool_timeout", "socket_timeout"),
    *("prepared_statement_cache_size", "statement_cache_size"),
}
"""Parameters that others know, and that change nothing here. One that nobody knows is refused: it may be a misspelt
demand for encryption."""
CONNECTING = 10.0
"""Seconds that a server may take to let a connection in at a start, unless `connect_timeout` says another number."""
UNNAMED = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str}
"""SQLAlchemy's arguments for statements without a name, of which a pooler between us and the server need know nothing.
"""

_FORM = re.compile(
    r"(?P<scheme>[\w+]+)://((?P<user>[^:/@?]*)(:(?P<password>[^@]*))?@)?(?P<hosts>[^/?@]*)"
    r"(/(?P<database>[^?]*))?(\?(?P<query>.*))?"
)
_HOSTS = re.compile(r"(\[[\da-fA-F:.%\w]+\]|[^\s:\[\]]*)(:(?P<port>\d+))?")


class BadAddress(CannotRun, ValueError):  # noqa: N818 - named for what happened, like those of db.errors
    """An address that leads nowhere. The message says what is wrong with it, and nothing that is secret."""


class Unreachable(CannotRun):
    """A database that refuses the connection: where it should be, and why it does not take it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A database and how to reach it. Its arguments hold the password and are not shown."""

    arguments: dict[str, Any] = field(repr=False)
    """The keyword arguments of the driver."""
    settings: dict[str, str]
    """Settings of a session that the address asks for."""
    server: str
    """The hosts, for messages."""
    timeout: float = CONNECTING
    """Seconds that a server may take to let a connection in."""
    is_pooled: bool = False
    """Whether a pooler lends us another session of the server for every transaction."""
    ignored: tuple[str, ...] = ()
    """The parameters without effect."""

    @classmethod
    def parse(cls, url: str) -> "Address":
        """The address that a URL spells. Raises BadAddress."""
        form = _FORM.fullmatch(url.strip())
        if not form or form["scheme"] not in SCHEMES:
            raise BadAddress(f"An address begins with {SCHEMES[0]}://, and reads USER:PASSWORD@HOST:PORT/DATABASE.")
        query = dict(parse_qsl(form["query"] or "", keep_blank_values=True))
        query |= {"sslmode": query.pop("ssl")} if "ssl" in query else {}
        if unknown := sorted(query.keys() - DRIVEN - SENT - IGNORED - {"connect_timeout", "pgbouncer"}):
            raise BadAddress(f"There is no parameter {unknown[0]} of an address.")
        if lost := [name for name in FILES & query.keys() if not _is_there(query[name])]:
            raise BadAddress(f"{lost[0]} names no file that can be read.")
        hosts = unquote(form["hosts"])
        _check_ports(hosts if not hosts.startswith("/") else "", query.get("port", ""))
        parts = {"user": form["user"], "password": form["password"], "database": form["database"]}
        return cls(
            {name: unquote(part) for name, part in parts.items() if part} | _driven(form["hosts"], query),
            {name: query[name] for name in SENT & query.keys()},
            query.get("host", hosts) or "this machine",
            _seconds(query.get("connect_timeout")),
            query.get("pgbouncer", "").lower() in ("true", "1", "yes", "on"),
            tuple(sorted(query.keys() & IGNORED)),
        )

    async def connect(
        self, settings: dict[str, str] | None = None, *, connect_timeout: float | None = None, **options: Any
    ) -> Connection:
        """Open a connection whose session has these settings; through a pooler it has those of its role.

        Raises what the driver does, and TimeoutError after `connect_timeout` seconds.
        """
        if self.is_pooled:
            settings, options = {}, options | {"statement_cache_size": 0}
        settings = (settings or {}) | self.settings
        timeout = connect_timeout or self.timeout
        return await asyncpg.connect(**self.arguments, **options, timeout=timeout, server_settings=settings)

    async def reach(self, settings: dict[str, str] | None = None) -> Connection:
        """Open a connection as `connect` does, and raise Unreachable for what is wrong with the way there."""
        try:
            return await self.connect(settings)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise Unreachable(f"The database at {self.server} lets nobody in: {_reason(error)}.") from None

    def engine(self, **options: Any) -> AsyncEngine:
        """SQLAlchemy's engine over connections to this address, or over those that its `async_creator` opens."""
        connect = options.pop("async_creator", self.connect)
        arguments = {"async_creator_fn": connect} | (UNNAMED if self.is_pooled else {})
        engine = create_async_engine("postgresql+asyncpg://", connect_args=arguments, **options)
        event.listen(engine.sync_engine, "checkout", _check)
        return engine

    @asynccontextmanager
    async def owned(self) -> AsyncIterator[AsyncConnection]:
        """One transaction on a connection of its own, with the limits of its role: all of it is kept, or nothing."""
        engine = self.engine(poolclass=NullPool)
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()


def _driven(hosts: str, query: dict[str, str]) -> dict[str, Any]:
    """The arguments that only stand in an address: the driver has no others for certificates and hosts."""
    mode, root = query.get("sslmode"), query.get("sslrootcert")
    if mode == "true":
        query = query | {"sslmode": "require"}
    if root != "system":
        return {"dsn": f"postgresql://{hosts}?{urlencode(_only(query, DRIVEN))}".removesuffix("?")}
    # As libpq has it: the authorities of this machine vouch for everybody, so the name must be looked at.
    if mode not in (None, "verify-full"):
        raise BadAddress("With sslrootcert=system, sslmode is verify-full.")
    context = ssl.create_default_context()
    if "sslcert" in query:
        context.load_cert_chain(query["sslcert"], query.get("sslkey"), query.get("sslpassword"))
    rest = _only(query, {name for name in DRIVEN if not name.startswith("ssl")})
    return {"dsn": f"postgresql://{hosts}?{urlencode(rest)}".removesuffix("?"), "ssl": context}


def _is_there(file: str) -> bool:
    return file == "system" or os.access(file, os.R_OK)


def _only(query: dict[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name in names}


def _check_ports(hosts: str, ports: str) -> None:
    for host in hosts.split(","):
        match = _HOSTS.fullmatch(host)
        if not match:
            raise BadAddress("A host is followed by a colon and the number of its port, or by nothing.")
        _check_port(match["port"] or "5432")
    for port in filter(None, ports.split(",")):
        _check_port(port)


def _check_port(port: str) -> None:
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        raise BadAddress("A port is a number from 1 to 65535.")


def _seconds(text: str | None) -> float:
    """The seconds of `connect_timeout`; with zero or less libpq waits for ever, which nobody should."""
    if text is None:
        return CONNECTING
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise BadAddress("connect_timeout is a number of seconds.")
    return float(text) if int(text) > 0 else CONNECTING


def _reason(error: Exception) -> str:
    """The reason in one line, and in words where the system only has a number."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {error.verify_message.removesuffix('.')}"
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno:
        return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    said = str(error).splitlines()[0].removesuffix(".")
    return f"{said}. Behind PgBouncer, add pgbouncer=true to the address" if "startup parameter" in said else said


def _check(lent: Any, *_: Any) -> None:
    """Raise DisconnectionError for a connection that the server has closed, and another is opened. It asks nobody."""
    if lent.driver_connection.is_closed():
        raise DisconnectionError

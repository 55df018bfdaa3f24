"""What an operator can set, by environment variables: `DATABASE_URL`, `REDIS_URL`, `TRELLIS_POOL_SIZE` and so on."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyNetwork
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.connections import Patience
from app.redis_address import checked
from db.address import Address
from graphql_schema.execution import Limits

Level = Literal["off", "log", "safelist", "id-only"]
"""How strictly requests are held to the list of trusted documents."""


Audience = Literal["everybody", "users", "administrators", "nobody"]
"""Kinds of viewers, each with those after it."""


def _of_a_database(url: str) -> str:
    """Hosts hand out `postgres://` and `postgresql://`, other programs name other drivers; ours is asyncpg."""
    Address.parse(url)
    return re.sub(r"^postgres\w*(\+\w+)?://", "postgresql+asyncpg://", url.strip())


DatabaseUrl = Annotated[str, AfterValidator(_of_a_database)]


def _listed(text: Any) -> Any:
    """The values in one variable, between commas or blanks."""
    return text.replace(",", " ").split() if isinstance(text, str) else text


def _origin(text: str) -> str:
    """An origin as browsers write it. What a browser calls `null` is anybody's page."""
    if not re.fullmatch(r"\*|[a-z][a-z\d+.-]*://[^\s/?#@A-Z]+", text):
        raise ValueError("an origin is a scheme and a host in lower case, with no path: https://app.example")
    return text


Listed = (NoDecode, BeforeValidator(_listed))


class Settings(BaseSettings):
    """Where the two servers are, and the limits of this process. The addresses hold passwords: they are never shown."""

    model_config = SettingsConfigDict(
        env_prefix="TRELLIS_",
        env_nested_delimiter="__",
        frozen=True,
        validate_by_name=True,
        hide_input_in_errors=True,
    )

    database_url: DatabaseUrl = Field(validation_alias="DATABASE_URL", repr=False)
    """The PostgreSQL database. With `pgbouncer=true` in it a pooler is between, which lends a session for each
    transaction: `scripts/roles` gives its role the settings that nobody can send through it."""
    database_reader_url: DatabaseUrl | None = Field(default=None, validation_alias="DATABASE_READER_URL", repr=False)
    """The same database as a role that can only read. Without it reads are told to be so as they are sent."""
    direct_url: DatabaseUrl | None = Field(default=None, validation_alias="DIRECT_URL", repr=False)
    """The same database past the pooler and as its owner: for migrations, roles and demo data."""
    migrate: bool = True
    """Whether to bring the database to the newest revision before serving. If not, an older one is refused."""
    redis_url: Annotated[str, AfterValidator(checked)] = Field(validation_alias="REDIS_URL", repr=False)
    """The Redis or Valkey server for events between processes, for what is asked of all, and persisted operations."""
    redis_prefix: str = "trellis:"
    """The start of every Redis channel and key, so that two installations can share one server."""
    pool_size: int = Field(default=16, ge=4)
    """Connections to PostgreSQL that one process holds at most: a quarter each for reads, additions and transactions
    with locks, and some of a quarter for heavy reads. Two more are for what subscriptions hear, and one only tells
    whether it answers."""
    deadline: float = Field(default=10, gt=0)
    """Seconds after which an operation, or the answer to one event, is stopped, in the database too."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe entries that are logged."""
    log_json: bool = False
    """One JSON object a line instead of text for people."""
    body_limit: int = Field(default=2**20, ge=1)
    """Bytes in the body of an HTTP request."""
    frame_limit: int = Field(default=2**18, ge=1)
    """Bytes in one message on a WebSocket."""
    limits: Limits = Limits()
    """The largest operation that is run, such as `TRELLIS_LIMITS__DEPTH=15`: see `graphql_schema.execution.Limits`."""
    batch_limit: int = Field(default=0, ge=0, le=10)
    """Operations that the body of one HTTP request may hold as an array; with 0 there are no arrays."""
    origins: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], *Listed] = ()
    """Origins whose pages may ask: `https://app.example http://localhost:3000`; `*` for all, without cookies."""
    proxies: Annotated[tuple[IPvAnyNetwork, ...], *Listed] = (ip_network("127.0.0.1"), ip_network("::1"))
    """Networks of the proxies in front, such as `10.0.0.0/8 2001:db8::7`: theirs alone is what `X-Forwarded-For`,
    `X-Forwarded-Proto` and `X-Forwarded-Host` say."""
    keep_alive: int = Field(default=75, ge=1)
    """Seconds after which a connection over HTTP that is not used is closed. A balancer in front must keep it for less:
    it would ask on a connection that is just being closed."""
    patience: Patience = Patience()
    """How much of a request's head is read, and how long head and body are waited for: `TRELLIS_PATIENCE__URL=4096`."""
    init_timeout: float = Field(default=10, gt=0)
    """Seconds that a WebSocket waits for `connection_init`."""
    heartbeat: float = Field(default=12, gt=0)
    """Seconds between two signs of life on a subscription over HTTP."""
    socket_limit: int = Field(default=20, ge=1)
    """WebSockets that one user, or guests from one address, can have open in this process."""
    opening_limit: int = Field(default=20, ge=1)
    """WebSockets from one address that have not said yet who they are."""
    operation_limit: int = Field(default=50, ge=1)
    """Operations that run on one WebSocket at a time."""
    message_limit: int = Field(default=128, ge=1)
    """Frames that a WebSocket takes at once, and fragments that a message can come in."""
    ping_interval: float = Field(default=6, gt=0)
    """Seconds after which a WebSocket is asked for a sign of life."""
    ping_timeout: float = Field(default=5, gt=0)
    """Seconds that it has to give one."""
    reader_timeout: float = Field(default=30, gt=0)
    """Seconds after which a client is cut off that does not read what it was sent."""
    reader_limit: int = Field(default=2**20, ge=1)
    """Bytes that can wait to be read on a WebSocket; one message alone can be larger."""
    credential_interval: float = Field(default=2, gt=0)
    """Seconds between two looks at the credentials of open WebSockets and streams."""
    drain_jitter: float = Field(default=2, ge=0)
    """Seconds over which WebSockets are closed when the server stops."""
    metrics_token: str | None = Field(default=None, min_length=16, repr=False)
    """What Prometheus sends as bearer token to read `/metrics`. Without it only administrators read that."""
    rate_limit_mode: Literal["enforce", "measure", "off"] = "enforce"
    """Whether an operation with too few points left is refused, or passes and is counted, or nothing is counted."""
    rate_limit: int = Field(default=10_000, ge=1)
    """Points that operations of one user, or of guests from one address, can cost at once."""
    rate_limit_restored: int = Field(default=500, ge=1)
    """Points that they get back each second."""
    organization_rate_limit: int = Field(default=100_000, ge=1)
    """Points that operations of all members of an organization can cost at once."""
    organization_rate_limit_restored: int = Field(default=5_000, ge=1)
    """Points that an organization gets back each second."""
    text_limit: int = Field(default=1_000_000, ge=1)
    """Characters of new documents that one user, or guests from one address, can send at once."""
    text_limit_restored: int = Field(default=20_000, ge=1)
    """Characters of them that they get back each second."""
    introspection: Audience = "everybody"
    """Who may learn the schema: by introspection, by what errors suggest, and by the console."""
    trusted_documents: Path | None = None
    """The list of trusted documents, a file that `scripts/trusted-documents` wrote."""
    trusted_level: Level = "off"
    """What runs beside the list: `off` everything, `log` too, but it is logged; `safelist` nothing; `id-only` not even
    what is on it, unless it is named by its id."""

    @property
    def owner_url(self) -> str:
        """The way to the database for what changes more than rows."""
        return self.direct_url or self.database_url

"""The settings of the process, from environment variables: `DATABASE_URL`, `TRELLIS_POOL_SIZE` and so on."""

import re
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, IPvAnyNetwork, ValidationInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.oauth.settings import LOOPBACK, ProviderSettings, completed
from app.redis_address import checked
from app.request_limits import USUAL, RequestLimits
from db.address import Address
from db.keyring import SHORTEST, Keyring
from db.mail import is_address
from db.store import NO_STORE, Folder, Store
from graphql_schema.limits import Limits

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


def _named(secrets: tuple[str, ...]) -> tuple[str, ...]:
    if not secrets:
        raise ValueError("name a secret, such as `openssl rand -base64 32` prints")
    return secrets


def _of_pages(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("name the address as a browser has it: https://trellis.example")
    return url.rstrip("/")


def _of_an_api(url: str) -> str:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not is_safe or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("name the address of the API, with https://: https://github.example/api/v3")
    return url.rstrip("/")


def _sender(text: str) -> str:
    if not is_address(parseaddr(text)[1]):
        raise ValueError("name a sender, such as Trellis <hello@trellis.example>")
    return text


def _of_a_mail_server(url: str, others: ValidationInfo) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("an address of a mail server reads smtp://USER:PASSWORD@HOST:587")
    if missing := [name for name in ("public_url", "mail_from") if not others.data.get(name)]:
        raise ValueError(f"it needs {' and '.join(f'TRELLIS_{name.upper()}' for name in missing)} beside it")
    return url


def _of_a_provider(text: str) -> str:
    if not re.fullmatch(rf"[a-z0-9_-]{{1,50}}:\S{{{SHORTEST},}}", text):
        raise ValueError(f"a provider of payments and a secret of {SHORTEST} characters or more read stripe:whsec_…")
    return text


Secret = Annotated[str, Field(min_length=SHORTEST)]
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
    """The PostgreSQL database. `pgbouncer=true` in the address says that a pooler is in front of it, which lends a
    session for each transaction: `scripts/roles` then gives the role its settings."""
    database_reader_url: DatabaseUrl | None = Field(default=None, validation_alias="DATABASE_READER_URL", repr=False)
    """The address of that database for a role that can only read. Without it the sessions that read are set to
    read-only."""
    direct_url: DatabaseUrl | None = Field(default=None, validation_alias="DIRECT_URL", repr=False)
    """The address of that database past the pooler and as its owner: for migrations, roles, demo data, and
    for workers to hear of new jobs."""
    migrate: bool = True
    """Whether a start brings the database to the newest revision. If not, a start with an older database is
    refused."""
    redis_url: Annotated[str, AfterValidator(checked)] = Field(validation_alias="REDIS_URL", repr=False)
    """The Redis or Valkey server for events between processes, rate limits, tickets and persisted operations;
    `cluster=true` in the address says that it is a cluster, of which it may name several nodes between commas.
    """
    secrets: Annotated[tuple[Secret, ...], *Listed, AfterValidator(_named)] = Field(
        default=(), validate_default=True, repr=False
    )
    """The secrets that sign links in mails and API keys, and seal the tokens of other systems: random texts of 32
    characters or more, such as `openssl rand -base64 32` prints. The first is in use, those behind it are still known:
    to change it, put a new one in front. Our own servers have one with their data."""
    public_url: Annotated[str, AfterValidator(_of_pages)] | None = None
    """The address at which people reach this installation, such as `https://trellis.example`: links in mails lead
    there, and passkeys are of its host, or without it of the host that a browser asks. `scripts/serve` on servers of
    our own takes its own."""
    mail_from: Annotated[str, AfterValidator(_sender)] | None = None
    """The sender of mails, such as `Trellis <hello@trellis.example>`."""
    smtp_url: Annotated[str, AfterValidator(_of_a_mail_server)] | None = Field(default=None, repr=False)
    """The server that mails are sent through: `smtp://USER:PASSWORD@HOST:587`, with STARTTLS but for one without a
    password on this machine, or `smtps://`. It needs `TRELLIS_PUBLIC_URL` and `TRELLIS_MAIL_FROM`."""
    mailbox: Path | None = None
    """The folder that mails are written to where there is no such server: what would be sent, for trying things out.
    Our own servers have one with their data."""
    media: Path | None = None
    """The folder of uploaded files, which all processes share. Without it nothing can be uploaded; our own servers have
    one with their data."""
    redis_prefix: str = "trellis:"
    """The prefix of every Redis channel and key, so that two installations can share one server."""
    pool_size: int = Field(default=16, ge=4)
    """Connections to PostgreSQL that one process holds at most: a quarter each for reads, changes and
    transactions with locks, and a quarter for heavy reads and those that are resolved in batches. Four more serve
    subscriptions (two), the relay of events and the liveness probe."""
    relay: bool = True
    """Whether this process publishes the events of all and makes their jobs, and so do its workers: at least one
    process has to, or they wait until one does."""
    workers: int = Field(default=1, ge=0)
    """Processes that run jobs beside the server and start with it. With 0 there are none: `scripts/work` is one."""
    jobs_at_once: int = Field(default=8, ge=1)
    """Jobs that one of them runs at a time, each with a connection to PostgreSQL. It has one more, past a pooler, to
    hear of new jobs and to hold locks."""
    deadline: float = Field(default=10, gt=0)
    """Seconds after which an operation, or the answer to one event, is stopped, in the database too."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe entries that are logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`."""
    log_json: bool = False
    """Whether the log has one JSON object a line instead of text for people."""
    body_limit: int = Field(default=2**20, ge=1)
    """Bytes in the body of an HTTP request, at most."""
    frame_limit: int = Field(default=2**18, ge=1)
    """Bytes in one message on a WebSocket, at most."""
    limits: Limits = Limits()
    """The largest operation that is run, such as `TRELLIS_LIMITS__DEPTH=15`: see `graphql_schema.limits.Limits`."""
    batch_limit: int = Field(default=0, ge=0, le=10)
    """Operations that the body of one HTTP request may hold as an array, 10 at most; with 0 arrays are refused."""
    origins: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], *Listed] = ()
    """Origins whose pages may send requests, such as `https://app.example http://localhost:3000`; `*` for all,
    without cookies."""
    oauth: Annotated[dict[str, ProviderSettings], AfterValidator(completed)] = Field(default={}, repr=False)
    """The providers with whose accounts people sign in, such as `TRELLIS_OAUTH__GITHUB__CLIENT_ID`."""
    proxies: Annotated[tuple[IPvAnyNetwork, ...], *Listed] = (ip_network("127.0.0.1"), ip_network("::1"))
    """Networks of the proxies in front, such as `10.0.0.0/8 2001:db8::7`: `X-Forwarded-For`, `X-Forwarded-Proto`
    and `X-Forwarded-Host` are believed from these only."""
    keep_alive: int = Field(default=75, ge=1)
    """Seconds after which an idle HTTP connection is closed. Set the idle timeout of a balancer in front to less:
    it would send a request on a connection that is just being closed."""
    request_limits: RequestLimits = USUAL
    """How much of a request is read, and how long it may take, such as `TRELLIS_REQUEST_LIMITS__URL=4096`."""
    init_timeout: float = Field(default=10, gt=0)
    """Seconds that a WebSocket waits for `connection_init`."""
    heartbeat: float = Field(default=12, gt=0)
    """Seconds between two heartbeats on a subscription over HTTP."""
    socket_limit: int = Field(default=20, ge=1)
    """WebSockets that one user, or the guests of one address, can have open in this process."""
    opening_limit: int = Field(default=20, ge=1)
    """WebSockets from one address that have not sent `connection_init` yet, at most."""
    operation_limit: int = Field(default=50, ge=1)
    """Operations that run on one WebSocket at a time, at most."""
    message_limit: int = Field(default=128, ge=1)
    """Frames that a WebSocket takes at once, and fragments of one message, at most."""
    ping_interval: float = Field(default=6, gt=0)
    """Seconds between two pings on a WebSocket."""
    ping_timeout: float = Field(default=5, gt=0)
    """Seconds that a client has to answer a ping."""
    reader_timeout: float = Field(default=30, gt=0)
    """Seconds after which a client that does not read what it was sent is cut off."""
    reader_limit: int = Field(default=2**20, ge=1)
    """Bytes that can wait to be read on a WebSocket; one message alone can be larger."""
    credential_interval: float = Field(default=2, gt=0)
    """Seconds between two checks of the credentials of open WebSockets and streams."""
    drain_jitter: float = Field(default=2, ge=0)
    """Seconds over which WebSockets are closed when the server stops."""
    metrics_token: str | None = Field(default=None, min_length=16, repr=False)
    """The bearer token, of 16 characters or more, with which Prometheus reads `/metrics`. Without it only
    administrators can."""
    rate_limit_mode: Literal["enforce", "measure", "off"] = "enforce"
    """`enforce` refuses an operation that costs more points than are left, `measure` runs and counts it, `off` counts
    nothing."""
    rate_limit: int = Field(default=10_000, ge=1)
    """Points that the operations of one user, or of the guests of one address, can cost at once."""
    rate_limit_restored: int = Field(default=500, ge=1)
    """Points that they get back each second."""
    organization_rate_limit: int = Field(default=100_000, ge=1)
    """Points that the operations of all members of an organization can cost at once."""
    organization_rate_limit_restored: int = Field(default=5_000, ge=1)
    """Points that an organization gets back each second."""
    text_limit: int = Field(default=1_000_000, ge=1)
    """Characters of new documents that one user, or the guests of one address, can send at once."""
    text_limit_restored: int = Field(default=20_000, ge=1)
    """Characters of new documents that they get back each second."""
    introspection: Audience = "everybody"
    """The viewers who may learn the schema, by introspection, suggestions in errors and the console: `everybody`,
    `users`, `administrators` or `nobody`."""
    trusted_documents: Path | None = None
    """The list of trusted documents: a file that `scripts/trusted-documents` wrote."""
    trusted_level: Level = "off"
    """`off` runs every document; `log` runs those outside the list too, and logs them; `safelist` refuses them;
    `id-only` refuses every text, and runs the documents of the list by their ids."""

    payments: Annotated[tuple[Annotated[str, AfterValidator(_of_a_provider)], ...], *Listed] = Field(
        default=(), repr=False
    )
    """The secrets with which providers of payments sign what they tell, such as `stripe:whsec_…`: two of one provider
    while one takes the place of the other. The provider tells it to `https://…/webhooks/payments/stripe`. Our own
    servers have a secret of a provider `test` with their data."""
    github_api: Annotated[str, AfterValidator(_of_an_api)] = "https://api.github.com"
    """The address of GitHub's REST API, which is asked for deliveries that never came; for GitHub Enterprise
    `https://github.example/api/v3`."""
    demo: Annotated[tuple[str, ...], *Listed] = ()
    """Users of the demo data, by their e-mail addresses, whom anybody may be on the page `/demo`, which shows them at
    work; without any there is no such page. `scripts/serve` names two where it has loaded the demo data and is reached
    from this machine only."""

    @property
    def keyring(self) -> Keyring:
        """The secrets, as what they are for."""
        return Keyring(self.secrets)

    @property
    def payment_secrets(self) -> dict[str, list[str]]:
        """The secrets of each provider of payments, by its name."""
        found: dict[str, list[str]] = {}
        for name, _, secret in (one.partition(":") for one in self.payments):
            found.setdefault(name, []).append(secret)
        return found

    @property
    def store(self) -> Store:
        """Where uploaded files are."""
        return Folder(self.media, at="/media") if self.media else NO_STORE

    @property
    def owner_url(self) -> str:
        """The address for commands that change more than rows."""
        return self.direct_url or self.database_url

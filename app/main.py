"""The process: the parts put together, and the server that runs them."""

import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app import health, metrics
from app.auth import Sessions
from app.buckets import Buckets, Limit
from app.certificates import routes as certificates
from app.connection.http import HTTPConnection
from app.connection.websocket import WebSocketConnection
from app.graph import Graph
from app.http import Explanations, GraphQLOverHTTP, TicketIssue
from app.introspection import visiting
from app.key_limits import KeyLimits
from app.last_seen import LastSeen
from app.logs import RequestLog
from app.media import serving as media
from app.media.uploads import Uploads
from app.origins import Origins, origin_in
from app.page_sessions import METHODS, PageSession
from app.pages import demo, serving, signin
from app.pages.build import CONSOLE
from app.payments.webhook import PaymentsWebhook
from app.persisted.automatic import Automatic
from app.persisted.find import Persisted
from app.persisted.trusted import Trusted
from app.presence import Presence
from app.proxies import Proxies
from app.rate_limits import RateLimits
from app.realtime import Realtime
from app.relay import Relay, Wakes
from app.responses import misdirected, refused_elsewhere
from app.settings import Settings
from app.sockets.endpoint import GraphQLOverWebSocket
from app.streams.streaming import Streams
from app.tickets import Tickets
from app.watch import Watch
from app.webhooks.github import GitHubWebhook
from db.actions import payments
from db.engine import Database
from db.errors import Refusal
from db.queue.operators import State, state
from graphql_schema import schema
from graphql_schema.execution import Executor

if TYPE_CHECKING:
    from app.oauth.routes import SignIns

SWITCH = 0.000_5
"""Seconds that a thread may keep the interpreter from the event loop, which asks for it several times an answer. By
default they are ten times as many.
"""
OVER_HTTP = {
    "/graphql": GraphQLOverHTTP,
    "/graphql/explain": Explanations,
    "/graphql/ticket": TicketIssue,
    "/media": Uploads,
}
"""The endpoints of the graph over HTTP, by their addresses, and what is asked like it."""
GRACE = 14
"""Seconds from the signal to stop until running operations are cancelled."""


class App:
    """The ASGI application. It connects to its servers when it starts, and serves as far as they answer.

    The graph is served at its exact addresses, first and without a router; Starlette serves all other pages.
    """

    def __init__(self, settings: Settings) -> None:
        self.database = Database(
            settings.database_url,
            reader_url=settings.database_reader_url,
            pool_size=settings.pool_size,
            keyring=settings.keyring,
            store=settings.store,
        )
        self.realtime = Realtime(settings.redis_url, self.database.past, prefix=settings.redis_prefix)
        relay: type[Relay | Wakes] = Relay if settings.relay else Wakes
        self.relay = relay(self.database, self.realtime)
        self.sessions = Sessions(self.database, self.realtime)
        self.buckets = Buckets(settings.redis_url, prefix=settings.redis_prefix)
        self.last_seen = LastSeen(self.database)
        self.key_limits = KeyLimits(
            settings.redis_url, self.database, prefix=settings.redis_prefix, mode=settings.rate_limit_mode
        )
        self.presence = Presence(settings.redis_url, prefix=settings.redis_prefix)
        self.automatic = Automatic(settings.redis_url, prefix=settings.redis_prefix)
        executor = Executor(schema.executor.schema, limits=settings.limits, deadline=settings.deadline)
        listed, level = settings.trusted_documents, settings.trusted_level
        own = [signin.DOCUMENTS, *([demo.DOCUMENTS] if settings.demo else [])]
        trusted = Trusted.load(listed, level, limits=settings.limits, beside=own)
        graph = Graph(
            executor,
            self.database,
            self.realtime,
            self.sessions,
            Persisted(trusted, self.automatic),
            _rate_limits(self.buckets, settings),
            self.key_limits,
            settings.introspection,
            self.presence,
            settings.public_url and origin_in(settings.public_url),
            self.last_seen.note,
        )
        self.watch = Watch(self.sessions, self.realtime, interval=settings.credential_interval)
        self.tickets = Tickets(settings.redis_url, prefix=settings.redis_prefix)
        origins = Origins(settings.origins)
        self.sockets = GraphQLOverWebSocket(graph, settings, self.watch, origins=origins, tickets=self.tickets)
        self.streams = Streams(graph, self.watch, heartbeat=settings.heartbeat)
        self.endpoints: dict[tuple[str, str], ASGIApp] = {
            ("http", "/graphql/"): origins.admit(misdirected),
            ("websocket", "/graphql/"): misdirected,
            ("websocket", "/graphql"): self.sockets,
        }
        page_session = PageSession(graph, self.streams, settings=settings, origins=origins, tickets=self.tickets)
        self.endpoints["http", "/auth/session"] = origins.admit(page_session, METHODS)
        for path, over_http in OVER_HTTP.items():
            endpoint = over_http(graph, self.streams, settings=settings, origins=origins, tickets=self.tickets)
            self.endpoints["http", path] = origins.admit(endpoint)
        self.sign_ins = _sign_ins(settings, graph, origins)
        self.pages = Starlette(
            lifespan=self._lifespan, routes=self._routes(settings), exception_handlers={Refusal: _refuse}
        )
        # An address with a slash too many is another address.
        self.pages.router.redirect_slashes = False
        self.outermost = Proxies(RequestLog(self._dispatch), settings.proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.outermost(scope, receive, send)

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self.endpoints.get((scope["type"], scope.get("path", "")), self.pages)
        await endpoint(scope, receive, send)

    def _routes(self, settings: Settings) -> list[BaseRoute]:
        checks = {"database": self.database.ping, "redis": self.realtime.ping, "tasks": health.tasks_run}
        ages = {"queue_age": self._queue_age, "outbox_age": self._outbox_age}
        looks = self._queue, self._payments
        watched = [*health.routes(checks, ages), metrics.route(self.sessions, settings.metrics_token, *looks)]
        console = serving.routes(CONSOLE.dist, "/graphiql", allowed=visiting(settings.introspection, self.sessions))
        demonstration = demo.routes(settings.demo, self.database, settings.database_url)
        sign_ins = self.sign_ins.routes() if self.sign_ins else [Route("/auth/providers", _no_providers)]
        files = [*media.routes(settings.store), *certificates.routes(self.database, settings.public_url)]
        hooks = PaymentsWebhook(self.database, settings.payment_secrets), GitHubWebhook(self.database)
        pages = [*console, *signin.routes(), *demonstration, *sign_ins, *files, Route("/", _to_the_console)]
        return [*watched, *(one.route() for one in hooks), *pages]

    async def _queue(self) -> State:
        return await state(partial(self.database.writers.fetch, arguments=()))

    async def _payments(self) -> Mapping[str, int]:
        async with self.database.read() as reading:
            return dict((await reading.execute(payments.counts())).mappings().one())

    async def _queue_age(self) -> float:
        return (await self._queue()).age

    async def _outbox_age(self) -> float:
        return (await self._queue()).outbox_age

    @asynccontextmanager
    async def _lifespan(self, _pages: Starlette) -> AsyncIterator[None]:
        redis = self.realtime, self.buckets, self.automatic, self.tickets, self.presence, self.key_limits
        async with AsyncExitStack() as running:
            for one in (*redis, self.database.watch(), self.relay, self.watch, self.last_seen):
                await running.enter_async_context(one)
            if self.sign_ins:
                await running.enter_async_context(self.sign_ins)
            yield
        await self.database.close()


class Server(uvicorn.Server):
    """Runs the application: `Server(settings).run(sockets=[listener])`. A stop completes the subscriptions first."""

    def __init__(self, settings: Settings) -> None:
        sys.setswitchinterval(SWITCH)
        self.app = App(settings)
        config = uvicorn.Config(
            self.app,
            http=partial(HTTPConnection, limits=settings.request_limits, reader_timeout=settings.reader_timeout),  # type: ignore[arg-type]
            log_config=None,
            access_log=False,
            proxy_headers=False,  # `Proxies` reads them
            timeout_keep_alive=settings.keep_alive,
            server_header=False,
            ws=partial(WebSocketConnection, settings=settings),  # type: ignore[arg-type]  # it is called, nothing else
            timeout_graceful_shutdown=GRACE,
        )
        super().__init__(config)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and drain before uvicorn closes the sockets."""
        stopped = time.monotonic()
        for server in self.servers:
            server.close()
        self.app.streams.drain()
        await self.app.sockets.drain()
        self.config.timeout_graceful_shutdown = round(GRACE - (time.monotonic() - stopped))
        await super().shutdown(sockets)


def _sign_ins(settings: Settings, graph: Graph, origins: Origins) -> "SignIns | None":
    """Sign-ins with providers. What they need is imported where there are any: it takes as long as half of the rest."""
    if not settings.oauth:
        return None
    from app.oauth.routes import SignIns

    return SignIns(settings, graph.database, graph.sessions, origins=origins, rate_limits=graph.rate_limits)


def _rate_limits(buckets: Buckets, settings: Settings) -> RateLimits:
    return RateLimits(
        buckets,
        principal=Limit(settings.rate_limit, settings.rate_limit_restored),
        organization=Limit(settings.organization_rate_limit, settings.organization_rate_limit_restored),
        text=Limit(settings.text_limit, settings.text_limit_restored),
        mode=settings.rate_limit_mode,
    )


async def _refuse(_request: Request, refusal: Exception) -> Response:
    return refused_elsewhere(refusal)


async def _no_providers(_request: Request) -> Response:
    return JSONResponse([], headers={"Cache-Control": "no-cache"})


async def _to_the_console(_request: Request) -> RedirectResponse:
    # Beside this address, as a proxy may have taken away what stood before it.
    return RedirectResponse("graphiql")

"""The process: the parts put together, and the server that runs them."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route, WebSocketRoute

from app import health, logs
from app.auth import Sessions
from app.console import pages
from app.graph import Graph
from app.http import Explanations, GraphQLOverHTTP
from app.persisted.automatic import Automatic
from app.persisted.find import Persisted
from app.persisted.trusted import Trusted
from app.realtime import Realtime
from app.settings import Settings
from app.websocket import GraphQLOverWebSocket
from db.engine import Database
from graphql_schema.schema import executor

GRACE = 10


def create_app(settings: Settings) -> Starlette:
    """The ASGI application. It connects to its servers when it starts, and serves as far as they answer."""
    realtime = Realtime(settings.redis_url, prefix=settings.redis_prefix)
    database = Database(settings.database_url, publish=realtime.publish, pool_size=settings.pool_size)
    automatic = Automatic(settings.redis_url, prefix=settings.redis_prefix)
    trusted = Trusted.load(settings.trusted_documents, settings.trusted_level)
    persisted = Persisted(trusted, automatic, prepare=executor.prepare)
    graph = Graph(executor, database, realtime, Sessions(database), persisted)
    over_http = GraphQLOverHTTP(graph, body_limit=settings.body_limit)
    over_websocket = GraphQLOverWebSocket(graph, init_timeout=settings.init_timeout)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with realtime, automatic:
            yield
        await database.close()

    app = Starlette(
        lifespan=lifespan,
        middleware=[Middleware(logs.RequestLog)],
        routes=[
            Route("/graphql", over_http),
            Route("/graphql/explain", Explanations(graph, body_limit=settings.body_limit)),
            WebSocketRoute("/graphql", over_websocket),
            *health.routes({"database": database.ping, "redis": realtime.ping}),
            *pages.routes(),
            Route("/", _to_the_console),
        ],
    )
    # An address with a slash too many is another address: a redirect would lose the body of a POST.
    app.router.redirect_slashes = False
    app.state.database, app.state.realtime, app.state.sockets = database, realtime, over_websocket
    return app


class Server(uvicorn.Server):
    """Runs the application: `Server(settings).run(sockets=[listener])`. A stop completes the subscriptions first."""

    def __init__(self, settings: Settings) -> None:
        self.app = create_app(settings)
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws_max_size=settings.frame_limit,
            # Compressing the same event for every subscriber costs more than it saves.
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=GRACE,
        )
        super().__init__(config)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain before uvicorn closes the sockets."""
        await self.app.state.sockets.drain()
        await super().shutdown(sockets)


async def _to_the_console(_request: Request) -> RedirectResponse:
    return RedirectResponse("/graphiql")

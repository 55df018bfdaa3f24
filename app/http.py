"""GraphQL over HTTP: a request is checked, read, run and answered, each in one place."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from app import cookies, rate_limits
from app.auth import given
from app.graph import Client, Graph
from app.logs import note
from app.negotiation import JSON, Agreed, CrossSite, Refused, check, negotiated
from app.origins import Origins, origin_of
from app.request_batches import RequestBatches
from app.requests import BadRequest, Members, checked, parsed, with_key
from app.responses import Answer, answer, refusal, refused_by_graphql
from app.settings import Settings
from app.streams.streaming import Streams
from app.tickets import SECONDS, Tickets
from db.access import Viewer
from db.errors import Unauthenticated
from graphql_schema.execution import Operation, RequestError
from graphql_schema.execution.queries import explain

PREFLIGHT_HEADERS = {b"graphql-require-preflight", b"apollo-require-preflight", b"x-apollo-operation-name"}


class Sent(Protocol):
    """An answer that sends itself: a stream, or what has no body."""

    async def send(self, send: Send) -> None:
        """Send all of it."""
        ...


class ClientLeft(Exception):  # noqa: N818  (an outcome, not an error)
    """The client has left, and nobody waits for the answer any more."""


class GraphQLOverHTTP:
    """The ASGI endpoint."""

    def __init__(
        self, graph: Graph, streams: Streams, *, settings: Settings, origins: Origins, tickets: Tickets
    ) -> None:
        self.graph = graph
        self.streams = streams
        self.origins = origins
        self.tickets = tickets
        self.batches = RequestBatches(graph, settings.batch_limit)
        self.body_limit = settings.body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = HTTPRequest(scope, receive)
        try:
            answer = await self._respond(asked)
        except ClientLeft:
            return
        if isinstance(answer, Answer):
            answer = await answer.compressed(asked.header(b"accept-encoding"))
        await answer.send(send)

    async def _respond(self, asked: "HTTPRequest") -> "Answer | Sent":
        """The answer to a request. Every refusal and every failure becomes one with a code here."""
        agreed = Agreed(JSON)
        try:
            self._check(asked)
            agreed = negotiated(asked.header(b"accept"))
            return await self._run(asked, agreed)
        except ClientLeft:
            raise
        except RequestError as error:
            return refused_by_graphql(error, agreed)
        except Exception as error:  # noqa: BLE001  (what is unexpected is logged and masked)
            return refusal(error, agreed.media_type)

    def _check(self, asked: "HTTPRequest") -> None:
        self._check_origin(asked)
        is_listed = self.origins.includes(asked.headers.get(b"origin", b""))
        check(
            asked.method,
            asked.header(b"content-type"),
            encoding=asked.header(b"content-encoding"),
            preflighted=not PREFLIGHT_HEADERS.isdisjoint(asked.headers),
            site="" if is_listed else asked.header(b"sec-fetch-site"),
        )

    def _check_origin(self, asked: "HTTPRequest") -> None:
        if self.origins.are_crossed(asked.headers, asked.scope["scheme"]):
            raise CrossSite("A page of this origin may not ask with cookies.")

    async def _run(self, asked: "HTTPRequest", agreed: Agreed) -> "Answer | Sent":
        members = await asked.members(self.body_limit)
        if isinstance(members, list):
            body, throttle = await self.batches.execute(members, await self._client(asked))
            return answer(agreed, body, rate_limits.headers(throttle))
        operation, client = await self._operation(asked, checked(members))
        check_kind(operation.kind, asked.method, agreed)
        if agreed.events and operation.kind == "subscription":
            after = asked.header(b"last-event-id") or None
            return self.streams.subscription(operation, client, agreed.events, after=after)
        if agreed.parts and operation.is_deferring:
            return await self.streams.parts(operation, client, agreed.parts)
        body, throttle = await self.graph.execute(operation, client)
        return answer(agreed, body, {"X-Trellis-Plan": operation.plan.how, **rate_limits.headers(throttle)})

    async def _operation(self, asked: "HTTPRequest", members: Members) -> tuple[Operation, Client]:
        if key := asked.header(b"idempotency-key"):
            members = with_key(members, key)
        client = await self._client(asked)
        operation = await self.graph.prepare(members, client)
        note(operation=operation.request.operation_name)
        return operation, client

    async def _client(self, asked: "HTTPRequest") -> Client:
        credential = asked.credential
        if credential is None and asked.ticket:
            credential = await self.tickets.redeem(asked.ticket)
        if credential is None and (credential := cookies.session(asked.scope["headers"])):
            viewer = await self._remembered(credential)
        else:
            viewer = await self.graph.sessions.viewer(credential)
        note(viewer=viewer.id and str(viewer.id))
        wants_fields = asked.headers.get(b"x-cost-debug") == b"1"
        return Client(viewer, credential, asked.host, wants_fields, origin_of(asked.scope))

    async def _remembered(self, credential: str) -> Viewer:
        """The viewer of a cookie; raises SessionEnded."""
        try:
            return await self.graph.sessions.viewer(credential)
        except Unauthenticated:
            raise cookies.SessionEnded from None


class Explanations(GraphQLOverHTTP):
    """The ASGI endpoint that tells an administrator how a query is answered; with `?analyze=true` it is run."""

    async def _run(self, asked: "HTTPRequest", agreed: Agreed) -> "Answer | Sent":
        operation, client = await self._operation(asked, checked(await asked.members(self.body_limit)))
        analyze = asked.parameters.get("analyze") == "true"
        context = self.graph.context(client)
        return answer(agreed, orjson.dumps(await explain(operation, context, analyze=analyze)), {})


class TicketIssue(GraphQLOverHTTP):
    """The ASGI endpoint that gives a ticket to a client with a credential."""

    def _check(self, asked: "HTTPRequest") -> None:
        if asked.method != "POST":
            raise Refused("A ticket is asked for with POST.", status=405, headers={"Allow": "POST"})
        self._check_origin(asked)

    async def _run(self, asked: "HTTPRequest", agreed: Agreed) -> "Answer | Sent":
        client = await self._client(asked)
        if client.credential is None:
            raise Unauthenticated
        self.graph.rate_limits.take(client.pays, 1)
        body = {"ticket": await self.tickets.issue(client.credential), "expiresIn": SECONDS}
        return Answer(JSON, orjson.dumps(body), {"cache-control": "no-store"})


@dataclass(frozen=True)
class HTTPRequest:
    """A request over HTTP."""

    scope: Scope
    receive: Receive

    @property
    def method(self) -> str:
        """GET, POST or another."""
        return str(self.scope["method"])

    @property
    def credential(self) -> str | None:
        """The credential in the header `Authorization`; None without one."""
        return given(self.header(b"authorization"))

    @property
    def ticket(self) -> str | None:
        """The ticket in the address of a GET."""
        return self.parameters.get("ticket") if self.method == "GET" else None

    @property
    def host(self) -> str | None:
        """The address that it comes from."""
        return self.scope["client"][0] if self.scope.get("client") else None

    def header(self, name: bytes) -> str:
        """A header, empty where there is none; what was sent in several lines is one list."""
        return self.headers.get(name, b"").decode("latin-1")

    @cached_property
    def headers(self) -> dict[bytes, bytes]:
        """The headers by their names in lower case."""
        found: dict[bytes, bytes] = {}
        for name, value in self.scope["headers"]:
            found[name] = b"%b,%b" % (found[name], value) if name in found else value
        return found

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters in the address. An empty parameter is left out."""
        try:
            return dict(parse_qsl(self.scope["query_string"].decode(), errors="strict"))
        except ValueError:
            raise BadRequest("The address must be in UTF-8.") from None

    async def members(self, limit: int) -> Any:
        """The members of the GraphQL request, from a body of at most `limit` bytes or from the address."""
        if self.method == "POST":
            return parsed(await self.body(limit), what="body")
        members: dict[str, Any] = dict(self.parameters)
        for name in {"variables", "extensions"} & members.keys():
            members[name] = parsed(members[name], what=f"parameter `{name}`")
        return members

    async def body(self, limit: int) -> bytes:
        """The body; raises what refuses one of more than `limit` bytes, and ClientLeft."""
        if int(self.headers.get(b"content-length", 0)) > limit:
            raise too_large(limit)
        body = bytearray()
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            body += message.get("body", b"")
            if len(body) > limit:
                raise too_large(limit)
            if not message.get("more_body"):
                return bytes(body)


def check_kind(kind: str, method: str, agreed: Agreed) -> None:
    """Refuse an operation that does not fit the method, or what is accepted."""
    if kind == "subscription" and agreed.events is None:
        raise BadRequest("Subscriptions need `Accept: text/event-stream`, or a WebSocket (graphql-transport-ws).")
    if kind == "mutation" and method == "GET":
        raise Refused("A mutation needs POST.", status=405, headers={"Allow": "POST"})


def too_large(limit: int) -> Refused:
    """The refusal of a body with more bytes than the limit."""
    return Refused(f"A body may have {limit} bytes.", status=413)

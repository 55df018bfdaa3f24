"""GraphQL over HTTP: a request is checked, read, run and answered, each in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from app import rate_limits
from app.batches import Batches
from app.graph import Client, Graph
from app.logs import note
from app.negotiation import JSON, Agreed, Refused, check, negotiated
from app.rate_limits import RateLimited
from app.refusals import refused
from app.requests import BadRequest, Members, checked, parsed, with_key
from app.streams.streaming import Stream, Streams, encoded
from db.errors import Overloaded, Unauthenticated
from graphql_schema.execution import Operation, RequestError

PREFLIGHT_HEADERS = {b"graphql-require-preflight", b"apollo-require-preflight", b"x-apollo-operation-name"}

STATUS = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "INTERNAL_SERVER_ERROR": 500,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "OVERLOADED": 503,
    "REQUEST_RATE_LIMITED": 429,
    "SERVICE_UNAVAILABLE": 503,
    "GATEWAY_TIMEOUT": 504,
    "PERSISTED_QUERY_NOT_FOUND": 200,
    "PERSISTED_QUERY_NOT_IN_LIST": 404,
    "QUERY_NOT_IN_SAFELIST": 403,
}


class ClientLeft(Exception):  # noqa: N818  (an outcome, not an error)
    """Nobody waits for the answer any more."""


class GraphQLOverHTTP:
    """The ASGI endpoint. A body may have `body_limit` bytes, and `batch_limit` operations if it is an array."""

    def __init__(self, graph: Graph, streams: Streams, *, body_limit: int, batch_limit: int = 0) -> None:
        self.graph = graph
        self.streams = streams
        self.batches = Batches(graph, batch_limit)
        self.body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._respond(Asked(scope, receive))
        except ClientLeft:
            return
        await answer.send(send)

    async def _respond(self, asked: "Asked") -> "Answer | Stream":
        """Every way to refuse or to fail ends here, in an answer with a code."""
        agreed = Agreed(JSON)
        try:
            preflighted = not PREFLIGHT_HEADERS.isdisjoint(asked.headers)
            site = asked.header(b"sec-fetch-site")
            check(asked.method, asked.header(b"content-type"), preflighted=preflighted, site=site)
            agreed = negotiated(asked.header(b"accept"))
            return await self._run(asked, agreed)
        except ClientLeft:
            raise
        except RequestError as error:
            return Answer(agreed.media_type, orjson.dumps(refused(error)), status=agreed.status)
        except Exception as error:  # noqa: BLE001  (what is unexpected is logged and masked)
            return refusal(error, agreed.media_type)

    async def _run(self, asked: "Asked", agreed: Agreed) -> "Answer | Stream":
        members = await asked.members(self.body_limit)
        if isinstance(members, list):
            body, throttle = await self.batches.execute(members, await self._client(asked))
            return answer(agreed, body, rate_limits.headers(throttle))
        operation, client = await self._operation(asked, checked(members))
        check_kind(operation.kind, asked.method, agreed)
        if agreed.events and operation.kind == "subscription":
            return self.streams.subscription(operation, client, agreed.events)
        if agreed.parts and operation.is_deferring:
            return await self.streams.parts(operation, client, agreed.parts)
        body, throttle = await self.graph.execute(operation, client)
        return answer(agreed, body, {"X-Trellis-Plan": operation.plan.how, **rate_limits.headers(throttle)})

    async def _operation(self, asked: "Asked", members: Members) -> tuple[Operation, Client]:
        if key := asked.header(b"idempotency-key"):
            members = with_key(members, key)
        client = await self._client(asked)
        operation = await self.graph.prepare(members, client)
        note(operation=operation.request.operation_name)
        return operation, client

    async def _client(self, asked: "Asked") -> Client:
        viewer = await self.graph.sessions.viewer(asked.credential)
        note(viewer=viewer.id and str(viewer.id))
        return Client(viewer, asked.credential, asked.host, asked.headers.get(b"x-cost-debug") == b"1")


class Explanations(GraphQLOverHTTP):
    """The ASGI endpoint that tells an administrator how a query is answered; with `?analyze=true` it is run."""

    async def _run(self, asked: "Asked", agreed: Agreed) -> "Answer | Stream":
        operation, client = await self._operation(asked, checked(await asked.members(self.body_limit)))
        analyze = asked.parameters.get("analyze") == "true"
        context = self.graph.context(client)
        return answer(agreed, orjson.dumps(await self.graph.executor.explain(operation, context, analyze=analyze)), {})


@dataclass(frozen=True)
class Asked:
    """A request over HTTP."""

    scope: Scope
    receive: Receive

    @property
    def method(self) -> str:
        """GET, POST or another."""
        return str(self.scope["method"])

    @property
    def credential(self) -> str | None:
        """The header `Authorization`; None without one."""
        return self.header(b"authorization") if b"authorization" in self.headers else None

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
        """What stands in the address. An empty parameter is the same as an absent one."""
        try:
            return dict(parse_qsl(self.scope["query_string"].decode(), errors="strict"))
        except ValueError:
            raise BadRequest("The address must be in UTF-8.") from None

    async def members(self, limit: int) -> Any:
        """The members of the GraphQL request, from a body of at most `limit` bytes or from the address."""
        if self.method == "POST":
            return parsed(await self._body(limit), what="body")
        members: dict[str, Any] = dict(self.parameters)
        for name in {"variables", "extensions"} & members.keys():
            members[name] = parsed(members[name], what=f"parameter `{name}`")
        return members

    async def _body(self, limit: int) -> bytes:
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


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with one GraphQL answer in it."""

    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    async def send(self, send: Send) -> None:
        """Send all of it."""
        headers = {
            "content-type": f"{self.media_type}; charset=utf-8",
            "content-length": str(len(self.body)),
            **self.headers,
        }
        await send({"type": "http.response.start", "status": self.status, "headers": encoded(headers)})
        await send({"type": "http.response.body", "body": self.body})


def answer(agreed: Agreed, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One answer, as the client takes it."""
    if agreed.one is None:
        return Answer(agreed.media_type, body, headers)
    return Answer(agreed.media_type, agreed.one.alone(body), {**headers, **agreed.one.headers})


def check_kind(kind: str, method: str, agreed: Agreed) -> None:
    """Refuse an operation that does not fit the method, or what is accepted."""
    if kind == "subscription" and agreed.events is None:
        raise BadRequest("Subscriptions need `Accept: text/event-stream`, or a WebSocket (graphql-transport-ws).")
    if kind == "mutation" and method == "GET":
        raise Refused("A mutation needs POST.", status=405, allow="POST")


def too_large(limit: int) -> Refused:
    """The refusal of a body with more bytes than the limit."""
    return Refused(f"A body may have {limit} bytes.", status=413)


def refusal(error: Exception, media_type: str) -> Answer:
    """The answer to a request that ended in an exception. No cache keeps it: what is not found now may be soon."""
    body, headers = refused(error), {}
    status = STATUS.get(body["errors"][0]["extensions"]["code"], 400)
    match error:
        case Refused():
            status, headers = error.status, error.headers
        case Unauthenticated():
            headers = {"WWW-Authenticate": "Bearer"}
        case RateLimited():
            headers = rate_limits.headers(error.throttle, retry_after=error.retry_after)
        case Overloaded():
            headers = {"Retry-After": "1"}
    return Answer(media_type, orjson.dumps(body), {**headers, "Cache-Control": "no-store"}, status)

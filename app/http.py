"""GraphQL over HTTP: a request is checked, read, run and answered, each in one place."""

import re
from collections.abc import Mapping
from email.message import Message
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from app.graph import Graph
from app.requests import BadRequest, checked, parsed
from db.access import Viewer
from db.errors import Unauthenticated
from graphql_schema.core.errors import explained
from graphql_schema.execution import Operation, RequestError

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"

# What a page of another site can make a browser send without asking this server first.
FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
PREFLIGHT_HEADERS = ("graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name")

QUALITY = re.compile(r"q=(0(\.\d*)?|1(\.0*)?)")
STATUS = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "INTERNAL_SERVER_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
    "GATEWAY_TIMEOUT": 504,
    "PERSISTED_QUERY_NOT_FOUND": 200,
    "PERSISTED_QUERY_NOT_IN_LIST": 404,
    "QUERY_NOT_IN_SAFELIST": 403,
}


Answered = tuple[dict[str, Any], dict[str, str]]


class Refused(BadRequest):
    """A request that HTTP has a status of its own for."""

    def __init__(self, message: str, *, status: int, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"Allow": allow} if allow else {}


class CrossSite(BadRequest):
    """A page of another site may have made the browser send this."""

    code = "CSRF_ERROR"
    default = "Send `Content-Type: application/json` or a header `GraphQL-Require-Preflight: 1`."


class GraphQLOverHTTP:
    """The ASGI endpoint. A body may have `body_limit` bytes."""

    def __init__(self, graph: Graph, *, body_limit: int) -> None:
        self.graph = graph
        self.body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        """Every way to refuse or to fail ends here, in an answer with a code."""
        media_type = JSON
        try:
            check(request)
            media_type = negotiated(",".join(request.headers.getlist("accept")))
            body, headers = await self._run(request)
            return answer(body, media_type, headers=headers)
        except ClientDisconnect:
            raise
        except RequestError as error:
            return answer({"errors": error.errors}, media_type, status=200 if media_type == JSON else 400)
        except Exception as error:  # noqa: BLE001  (what is unexpected is logged and masked)
            return refusal(error, media_type)

    async def _run(self, request: Request) -> Answered:
        operation, viewer = await self._operation(request)
        check_kind(operation.kind, request.method)
        body = await self.graph.execute(operation, viewer, credential=request.headers.get("authorization"))
        return body, {"X-Trellis-Plan": operation.how}

    async def _operation(self, request: Request) -> tuple[Operation, Viewer]:
        members = checked(await read(request, limit=self.body_limit))
        viewer = await self.graph.sessions.viewer(request.headers.get("authorization"))
        bind_contextvars(viewer=viewer.id and str(viewer.id))
        operation = await self.graph.prepare(members, viewer)
        bind_contextvars(operation=operation.request.operation_name)
        return operation, viewer


class Explanations(GraphQLOverHTTP):
    """The ASGI endpoint that tells an administrator how a query is answered; with `?analyze=true` it is run."""

    async def _run(self, request: Request) -> Answered:
        operation, viewer = await self._operation(request)
        analyze = request.query_params.get("analyze") == "true"
        return await self.graph.executor.explain(operation, self.graph.context(viewer), analyze=analyze), {}


def check(request: Request) -> None:
    """Refuse what no body could make right: a method, a type of content, and what another site may have sent."""
    if request.method not in {"GET", "POST"}:
        raise Refused("GraphQL is asked with POST or GET.", status=405, allow="GET, POST")
    media_type, charset = _content_type(request.headers.get("content-type", ""))
    if media_type in FORM_TYPES and not any(name in request.headers for name in PREFLIGHT_HEADERS):
        raise CrossSite
    if request.method == "POST" and (media_type != JSON or charset not in {None, "utf-8", "utf8"}):
        raise Refused(f"The content must be {JSON} in UTF-8.", status=415)


def check_kind(kind: str, method: str) -> None:
    """Refuse an operation that does not fit the method."""
    if kind == "subscription":
        raise BadRequest("Subscriptions are served over WebSocket (graphql-transport-ws) at this address.")
    if kind == "mutation" and method == "GET":
        raise Refused("A mutation needs POST.", status=405, allow="POST")


async def read(request: Request, *, limit: int) -> Any:
    """The members of the request, from the body or from the address."""
    if request.method == "POST":
        return parsed(await _body(request, limit), what="body")
    members: dict[str, Any] = _parameters(request.scope["query_string"])
    for name in {"variables", "extensions"} & members.keys():
        members[name] = parsed(members[name], what=f"parameter `{name}`")
    return members


async def _body(request: Request, limit: int) -> bytes:
    too_large = Refused(f"A body may have {limit} bytes.", status=413)
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def _parameters(query_string: bytes) -> dict[str, str]:
    """An empty parameter is the same as an absent one."""
    try:
        return dict(parse_qsl(query_string.decode(), errors="strict"))
    except ValueError:
        raise BadRequest("The address must be in UTF-8.") from None


@lru_cache(maxsize=100)
def negotiated(accept: str) -> str:
    """The better of the two media types of an answer; raises Refused when neither is acceptable."""
    ranges = [_range(text) for text in accept.split(",") if text.strip()] or [("*/*", 1.0)]
    best = max(JSON, GRAPHQL_RESPONSE, key=lambda media_type: _preference(media_type, ranges))
    if _preference(best, ranges)[0] == 0:
        raise Refused(f"Answers are {JSON} or {GRAPHQL_RESPONSE}.", status=406)
    return best


def _range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((parameter[2:] for parameter in parameters if QUALITY.fullmatch(parameter)), "1")
    return name, float(quality)


def _preference(media_type: str, ranges: list[tuple[str, float]]) -> tuple[float, int, int]:
    """How much a client wants a type: by quality, then by how exactly the type is named, then by its place."""
    exactness = {"*/*": 1, "application/*": 2, media_type: 3}
    named = [(exactness[name], -place, quality) for place, (name, quality) in enumerate(ranges) if name in exactness]
    exact, place, quality = max(named, default=(0, 0, 0.0))
    return quality, exact, place


@lru_cache(maxsize=100)
def _content_type(header: str) -> tuple[str, str | None]:
    """The media type and the charset. A header that is missing or makes no sense counts as text/plain."""
    parser = Message()
    parser["Content-Type"] = header
    return parser.get_content_type(), parser.get_content_charset()


def refusal(error: Exception, media_type: str) -> Response:
    """The answer to a request that ended in an exception. No cache keeps it: what is not found now may be soon."""
    shown = explained(GraphQLError(str(error), original_error=error))
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else {}
    status = STATUS.get(shown["extensions"]["code"], 400)
    if isinstance(error, Refused):
        status, headers = error.status, error.headers
    return answer({"errors": [shown]}, media_type, status=status, headers={**headers, "Cache-Control": "no-store"})


def answer(
    body: dict[str, Any], media_type: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The response with a GraphQL answer in it."""
    return Response(orjson.dumps(body), status, headers, media_type=f"{media_type}; charset=utf-8")

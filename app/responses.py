"""Responses over HTTP that are sent as a whole: an answer, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app import rate_limits
from app.compression import SMALL, gzipped
from app.cookies import SESSION, SessionEnded, dropped
from app.negotiation import JSON, Agreed, Refused, takes_gzip
from app.rate_limits import RateLimited
from app.refusals import refused
from app.streams.framing import COMMON, EVENTS
from app.streams.streaming import encoded
from db.errors import NotFound, Unauthenticated
from graphql_schema.execution import RequestError

UNAVAILABLE = 503
STATUS = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "INTERNAL_SERVER_ERROR": 500,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "OVERLOADED": UNAVAILABLE,
    "REQUEST_RATE_LIMITED": 429,
    "SERVICE_UNAVAILABLE": UNAVAILABLE,
    "GATEWAY_TIMEOUT": 504,
    "PERSISTED_QUERY_NOT_FOUND": 200,
    "PERSISTED_QUERY_NOT_IN_LIST": 404,
    "QUERY_NOT_IN_SAFELIST": 403,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with one GraphQL answer in it."""

    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    async def compressed(self, accept_encoding: str) -> "Answer":
        """The answer, compressed if the client accepts that. An answer in the frame of a stream stays as it is."""
        if len(self.body) <= SMALL or "content-type" in self.headers or not takes_gzip(accept_encoding):
            return self
        return replace(self, body=await gzipped(self.body), headers={**self.headers, "content-encoding": "gzip"})

    async def send(self, send: Send) -> None:
        """Send all of it."""
        headers = {
            **COMMON,
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


def refused_by_graphql(error: RequestError, agreed: Agreed) -> Answer:
    """The answer to a request that was read. A browser's `EventSource` hears errors as events, and no other status."""
    body = refused(error)
    is_parsed = body["errors"][0]["extensions"]["code"] != "GRAPHQL_PARSE_FAILED"
    if agreed.one is EVENTS and is_parsed:
        return answer(agreed, orjson.dumps(body), {})
    return Answer(agreed.media_type, orjson.dumps(body), status=agreed.status)


def refusal(error: Exception, media_type: str) -> Answer:
    """The answer to a request that ended in an exception. No cache keeps it: what is not found now may be soon."""
    body, headers = refused(error), dict[str, str]()
    status = STATUS.get(body["errors"][0]["extensions"]["code"], 400)
    if status == UNAVAILABLE:
        headers = {"Retry-After": "1"}
    match error:
        case Refused():
            status, headers = error.status, {**error.headers}
        case SessionEnded():
            headers = {"WWW-Authenticate": "Bearer", "Set-Cookie": dropped(SESSION)}
        case Unauthenticated():
            headers = {"WWW-Authenticate": "Bearer"}
        case RateLimited():
            headers = rate_limits.headers(error.throttle, retry_after=error.retry_after)
    return Answer(media_type, orjson.dumps(body), {**headers, "cache-control": "no-store"}, status)


def refused_elsewhere(error: Exception) -> Response:
    """The answer to a request that was refused where there is no GraphQL: for a page, or to open a socket."""
    told = refusal(error, JSON)
    return Response(told.body, told.status, told.headers, JSON)


async def misdirected(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer who put a slash behind the address. To be led elsewhere would lose what was posted."""
    body = refused(NotFound("The graph is at `/graphql`, without a slash behind it."))
    await Response(orjson.dumps(body), status_code=404, headers=COMMON, media_type=JSON)(scope, receive, send)

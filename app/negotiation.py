"""Content negotiation: whether a request may be read at all, and in which format it is answered."""

import re
from collections.abc import Mapping
from email.message import Message
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from app.requests import BadRequest
from app.streams.framing import EVENTS, PATCHES, PAYLOADS, PENDING, Framing

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"

# What a page of another site can make a browser send without asking this server first.
FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}

OTHER_SITES = {"cross-site", "same-site"}

QUALITY = re.compile(r"q=(0(\.\d*)?|1(\.0*)?)")

SPEC = re.compile(r"(subscription|defer|incremental)spec=.*")
FRAMINGS = {
    "text/event-stream": EVENTS,
    "multipart/mixed;subscriptionspec=1.0": PAYLOADS,
    "multipart/mixed;incrementalspec=v0.2": PENDING,
    "multipart/mixed;deferspec=20220824": PATCHES,
    # What urql, Relay and other clients that read one of the two understand.
    "multipart/mixed": PATCHES,
}
"""The framings by the media types that ask for them: no wildcard does."""
SUBSCRIPTIONS = {name: framing for name, framing in FRAMINGS.items() if framing in {EVENTS, PAYLOADS}}
INCREMENTS = {name: framing for name, framing in FRAMINGS.items() if framing in {PENDING, PATCHES}}


class Agreed(NamedTuple):
    """How a client takes answers: one, those of a subscription, and one in parts. None where it does not.

    `media_type` is that of JSON by itself, without a framing.
    """

    media_type: str
    one: Framing | None = None
    events: Framing | None = None
    parts: Framing | None = None

    @property
    def status(self) -> int:
        """The status of a refusal by GraphQL. Clients that accept plain JSON read the errors only with 200."""
        return 200 if self.media_type == JSON and self.one is None else 400


class Refused(BadRequest):
    """A request that HTTP has a status of its own for."""

    def __init__(self, message: str, *, status: int, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class CrossSite(BadRequest):
    """A page of another site may have made the browser send this."""

    code = "CSRF_ERROR"
    default = "Send `Content-Type: application/json` or a header `GraphQL-Require-Preflight: 1`."


@lru_cache(maxsize=100)
def check(method: str, content_type: str, *, encoding: str = "", preflighted: bool, site: str = "") -> None:
    """Refuse what no body could make right: a method, a type or coding of it, and what another site may have sent.

    A GET changes nothing, and needs no header of its own where the browser does not say that a page of another `site`
    makes it ask (Fetch Metadata: `Sec-Fetch-Site`).
    """
    if method not in {"GET", "POST"}:
        raise Refused("GraphQL is asked with POST or GET.", status=405, headers={"Allow": "GET, POST"})
    media_type, charset = _parsed(content_type)
    is_plain_get = method == "GET" and not content_type and site not in OTHER_SITES
    if media_type in FORM_TYPES and not preflighted and not is_plain_get:
        raise CrossSite
    if method == "POST" and (media_type != JSON or charset not in {None, "utf-8", "utf8"}):
        raise Refused(f"The content must be {JSON} in UTF-8.", status=415)
    if method == "POST" and encoding.strip().lower() not in {"", "identity"}:
        # RFC 9110, 15.5.16: the header tells that it is the coding that does not fit, and which one does.
        raise Refused("The body must not be compressed.", status=415, headers={"Accept-Encoding": "identity"})


@lru_cache(maxsize=100)
def negotiated(accept: str) -> Agreed:
    """The formats for a header `Accept`; raises Refused when there is none."""
    ranges = [_range(text) for text in accept.split(",") if text.strip()] or [("*/*", 1.0)]

    def best(*names: str) -> str | None:
        preferences = {name: _preference(name, ranges) for name in names}
        name = max(names, key=preferences.__getitem__)
        return name if preferences[name][0] else None

    one = best(JSON, GRAPHQL_RESPONSE, *FRAMINGS)
    if one is None:
        raise Refused(f"Answers are {JSON}, {GRAPHQL_RESPONSE}, text/event-stream or multipart/mixed.", status=406)
    media_type = best(JSON, GRAPHQL_RESPONSE) or JSON
    events, parts = best(*SUBSCRIPTIONS), best(*INCREMENTS)
    return Agreed(media_type, FRAMINGS.get(one), FRAMINGS.get(events or ""), FRAMINGS.get(parts or ""))


@lru_cache(maxsize=100)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client takes an answer compressed as well as not (RFC 9110, 12.5.3)."""
    qualities = dict(_range(text) for text in accept_encoding.split(","))
    quality = qualities.get("gzip", qualities.get("*", 0.0))
    return quality > 0 and quality >= qualities.get("identity", 0.0)


def _range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower().replace('"', "") for part in text.split(";"))
    quality = next((parameter[2:] for parameter in parameters if QUALITY.fullmatch(parameter)), "1")
    specs = [parameter for parameter in parameters if name == "multipart/mixed" and SPEC.fullmatch(parameter)]
    return ";".join([name, *specs]), float(quality)


def _preference(media_type: str, ranges: list[tuple[str, float]]) -> tuple[float, int, int]:
    """How much a client wants a type: by quality, then by how exactly the type is named, then by its index."""
    exactness = {media_type: 3} if media_type in FRAMINGS else {"*/*": 1, "application/*": 2, media_type: 3}
    named = [(exactness[name], -index, quality) for index, (name, quality) in enumerate(ranges) if name in exactness]
    exact, index, quality = max(named, default=(0, 0, 0.0))
    return quality, exact, index


def _parsed(content_type: str) -> tuple[str, str | None]:
    """The media type and the charset. A header that is missing or makes no sense counts as text/plain."""
    parser = Message()
    parser["Content-Type"] = content_type
    return parser.get_content_type(), parser.get_content_charset()

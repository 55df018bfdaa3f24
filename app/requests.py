"""From the bytes of a client to a GraphQL request, alike on every transport."""

from typing import Any

import orjson

from db.errors import Refusal
from graphql_schema.execution import Request
from graphql_schema.execution.atomic import KEY

TEXTS, OBJECTS = ("query", "operationName", "documentId"), ("variables", "extensions")
MEMBERS = dict.fromkeys(TEXTS, (str, "a text")) | dict.fromkeys(OBJECTS, (dict, "an object"))

Members = dict[str, Any]


LARGEST = 50_000
"""Lists and objects in what is sent, and texts with the names of members, about. To make as many as fit into a body
takes ten to forty times as long as the longest text does: they are counted before, and brackets in texts with them.
"""


class BadRequest(Refusal):
    """The body is no GraphQL request."""

    code = "BAD_REQUEST"
    default = "This is not a GraphQL request."


def parsed(text: str | bytes, *, what: str) -> Any:
    """The value of a JSON text; raises BadRequest for anything else, for values nested too deeply, and for too many."""
    sent = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if sent.count(b"[") + sent.count(b"{") > LARGEST:
        raise BadRequest(f"The {what} has too many lists and objects.")
    if sent.count(b'"') - sent.count(b'\\"') > 2 * LARGEST:
        raise BadRequest(f"The {what} has too many texts.")
    try:
        return orjson.loads(text)
    except ValueError:
        raise BadRequest(f"The {what} must be JSON in UTF-8.") from None


def checked(members: Any) -> Members:
    """The members of a request in a parsed object. Unknown members are ignored; null is the same as absent."""
    if not isinstance(members, dict):
        raise BadRequest("A GraphQL request is an object with the member `query`.")
    for name, (kind, description) in MEMBERS.items():
        if not isinstance(members.get(name), kind | None):
            raise BadRequest(f"`{name}` must be {description}.")
    if members.get("query") is None and not _is_persisted(members):
        raise BadRequest("The member `query` is missing, or `documentId` or `extensions.persistedQuery` instead of it.")
    return members


def with_key(members: Members, key: str) -> Members:
    """The members with an idempotency key from elsewhere, if they have none."""
    return members | {"extensions": {KEY: key, **(members.get("extensions") or {})}}


def graphql_request(members: Members, text: str) -> Request:
    """The request in checked members, with the text that runs. An empty name of an operation is none: some clients
    cannot leave it out.
    """
    return Request(text, members.get("operationName") or None, members.get("variables"), members.get("extensions"))


def _is_persisted(members: Members) -> bool:
    extensions = members.get("extensions") or {}
    return members.get("documentId") is not None or extensions.get("persistedQuery") is not None

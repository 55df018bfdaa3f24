"""From what a client sent to a GraphQL request: the same on every transport."""

from typing import Any

import orjson

from db.errors import Refusal
from graphql_schema.execution import Request

MEMBERS = {"query": (str, "a text"), "operationName": (str, "a text")} | dict.fromkeys(
    ("variables", "extensions"), (dict, "an object")
)


class BadRequest(Refusal):
    """What a client sent is no GraphQL request."""

    code = "BAD_REQUEST"
    default = "This is not a GraphQL request."


def parsed(text: str | bytes, *, what: str) -> Any:
    """The value of a JSON text; raises BadRequest for anything else, and for values nested too deeply."""
    try:
        return orjson.loads(text)
    except ValueError:
        raise BadRequest(f"The {what} must be JSON in UTF-8.") from None


def graphql_request(members: Any) -> Request:
    """The request in a parsed object. Unknown members are ignored; null is the same as absent."""
    if isinstance(members, list):
        raise BadRequest("Batches are not accepted. Send one operation at a time.")
    if not isinstance(members, dict):
        raise BadRequest("A GraphQL request is an object with the member `query`.")
    for name, (kind, description) in MEMBERS.items():
        if not isinstance(members.get(name), kind | None):
            raise BadRequest(f"`{name}` must be {description}.")
    if members.get("query") is None:
        raise BadRequest("The member `query` is missing.")
    return Request(members["query"], *(members.get(name) for name in ("operationName", "variables", "extensions")))

"""Errors as clients see them: always with a code, and without a word about what is behind the graph."""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError, Node
from orjson import dumps

from db.errors import Overloaded, Refusal, TooSlow
from db.failures import Failure, failure_of

log = structlog.get_logger()

MAX_ERRORS = 20
MAX_BYTES = 16 * 2**10
"""Bytes of JSON that the errors of one answer may take."""
MAX_BYTES_OF_ONE = 2 * 2**10
MAX_MESSAGE = 300
"""Characters of a message that are left where an error is too long."""


class SchemaError(GraphQLError):
    """A document does not fit the schema. `discreet` says so in the client's own words, not in the schema's.

    `at` is the way to the value at fault, from an argument or a variable on: `input.members.2.role`.
    """

    def __init__(
        self, message: str, nodes: Node | Collection[Node] | None = None, *, discreet: str, at: str | None = None
    ) -> None:
        super().__init__(message, nodes)
        self.discreet = discreet
        self.at = at


class RequestError(Exception):
    """The request was refused before anything ran. `errors` is what the answer shows.

    With a code the errors are about the request; without, they come from what it asked for.
    """

    extensions: Mapping[str, Any] = MappingProxyType({})
    """The extensions of the answer, beside its errors."""

    def __init__(self, errors: list[GraphQLError], code: str | None = None) -> None:
        self.errors = shown(formatted(error, code=code) if code else explained(error) for error in errors)
        self.discreet = shown(map(_discreet, errors, self.errors))
        """The errors for viewers who may not learn the schema."""
        super().__init__(self.errors[0]["message"])

    def again(self) -> "RequestError":
        """A copy to raise: an exception knows where it was raised, so one that is cached cannot be raised twice."""
        again = RequestError.__new__(RequestError, *self.args)
        again.errors, again.discreet = self.errors, self.discreet
        return again


def shown(errors: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The errors that an answer has room for: clients can make as many as they like, and as long."""
    found: list[dict[str, Any]] = []
    left = MAX_BYTES - len("[")
    for error in map(_shortened, islice(errors, MAX_ERRORS)):
        left -= len(dumps(error)) + len(",")
        if left < 0:
            break
        found.append(error)
    return found


def formatted(error: GraphQLError, *, code: str = "BAD_USER_INPUT") -> dict[str, Any]:
    """An error of GraphQL itself, as the answer shows it: what was sent does not fit the schema."""
    at = error.at if isinstance(error, SchemaError) else None
    shown: dict[str, Any] = {"message": error.message, "extensions": _extensions(code, at)}
    if error.locations:
        shown["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    return shown


def explained(error: GraphQLError) -> dict[str, Any]:
    """An error of execution, as the answer shows it."""
    shown = formatted(error)
    if error.original_error is not None:
        shown["message"], shown["extensions"] = _explained(error.original_error)
    return shown


def _discreet(error: GraphQLError, told: dict[str, Any]) -> dict[str, Any]:
    """An error in the client's own words. One that has no place in the document says nothing of the schema anyhow."""
    if isinstance(error, SchemaError):
        return told | {"message": error.discreet}
    if told["extensions"]["code"] != "GRAPHQL_VALIDATION_FAILED" or not error.nodes:
        return told
    node: Any = error.nodes[0]
    name = getattr(getattr(node, "variable", node), "name", None)
    return told | {"message": f"{f'`{name.value}`' if name else 'This'} does not fit the schema."}


def _shortened(error: dict[str, Any]) -> dict[str, Any]:
    """The error, with nothing but its code and the start of its message if it is too long."""
    if len(dumps(error)) <= MAX_BYTES_OF_ONE:
        return error
    message = error["message"]
    cut = message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}…"
    return {"message": cut, "extensions": error["extensions"]}


def _explained(error: Exception) -> tuple[str, dict[str, Any]]:
    """The message and the extensions for an exception that a resolver raised."""
    if isinstance(error, Refusal):
        return error.message, {**_extensions(error.code, error.at), **error.details}
    match failure_of(error):
        case Failure.INVALID_VALUE:
            return "A value does not fit.", {"code": "BAD_USER_INPUT"}
        case Failure.TOO_SLOW:
            return TooSlow.default, {"code": TooSlow.code}
        case Failure.BUSY:
            return Overloaded.default, {"code": Overloaded.code}
        case Failure.UNAVAILABLE | Failure.DEADLOCK:
            log.error("unavailable", error=repr(error))
            return "The service cannot answer right now. Try again.", {"code": "SERVICE_UNAVAILABLE"}
    return _masked(error)


def _extensions(code: str, at: str | None) -> dict[str, Any]:
    """The extensions of an error: its code, and the way to the argument, or to the value in it, that is at fault."""
    return {"code": code} | ({"argument": at} if at else {})


def _masked(error: Exception) -> tuple[str, dict[str, Any]]:
    error_id = uuid4().hex
    log.error("unexpected", error_id=error_id, exc_info=error)
    return "Something went wrong on our side.", {"code": "INTERNAL_SERVER_ERROR", "errorId": error_id}

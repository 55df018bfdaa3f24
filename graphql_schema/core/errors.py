"""Errors as clients see them: always with a code, and without a word about what is behind the graph."""

from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError

from db.errors import Refusal
from db.failures import Failure, failure_of

log = structlog.get_logger()


def formatted(error: GraphQLError, *, code: str = "BAD_USER_INPUT") -> dict[str, Any]:
    """An error of GraphQL itself, as the answer shows it: what was sent does not fit the schema."""
    shown: dict[str, Any] = {"message": error.message, "extensions": {"code": code}}
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


def _explained(error: Exception) -> tuple[str, dict[str, Any]]:
    """The message and the extensions for an exception that a resolver raised."""
    if isinstance(error, Refusal):
        return error.message, {"code": error.code} | ({"argument": error.at} if error.at else {})
    match failure_of(error):
        case Failure.INVALID_VALUE:
            return "A value does not fit.", {"code": "BAD_USER_INPUT"}
        case Failure.TOO_SLOW:
            return "This took too long and was stopped.", {"code": "GATEWAY_TIMEOUT"}
        case Failure.UNAVAILABLE:
            log.error("unavailable", error=repr(error))
            return "The service cannot answer right now. Try again.", {"code": "SERVICE_UNAVAILABLE"}
    return _masked(error)


def _masked(error: Exception) -> tuple[str, dict[str, Any]]:
    error_id = uuid4().hex
    log.error("unexpected", error_id=error_id, exc_info=error)
    return "Something went wrong on our side.", {"code": "INTERNAL_SERVER_ERROR", "errorId": error_id}

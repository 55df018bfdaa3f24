"""Errors as clients see them: always with a code, and without a word about what is behind the graph."""

from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.errors import Refusal

log = structlog.get_logger()

INVALID_VALUE = "22"
CONNECTION_LOST = ("08", "53", "57P")
CANCELLED = "57014"


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
    match error:
        case Refusal():
            return error.message, {"code": error.code} | ({"argument": error.at} if error.at else {})
        case PoolTimeout() | OSError():
            return _unavailable(error)
        case DBAPIError():
            return _of_database(error)
        case UnicodeEncodeError():
            return "A text has a character that cannot be stored.", {"code": "BAD_USER_INPUT"}
    return _masked(error)


def _of_database(error: DBAPIError) -> tuple[str, dict[str, Any]]:
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == CANCELLED:
        return "This took too long and was stopped.", {"code": "GATEWAY_TIMEOUT"}
    if error.connection_invalidated or state.startswith(CONNECTION_LOST):
        return _unavailable(error)
    if state.startswith(INVALID_VALUE):
        return "A value does not fit.", {"code": "BAD_USER_INPUT"}
    return _masked(error)


def _unavailable(error: Exception) -> tuple[str, dict[str, Any]]:
    log.error("unavailable", error=repr(error))
    return "The service cannot answer right now. Try again.", {"code": "SERVICE_UNAVAILABLE"}


def _masked(error: Exception) -> tuple[str, dict[str, Any]]:
    error_id = uuid4().hex
    log.error("unexpected", error_id=error_id, exc_info=error)
    return "Something went wrong on our side.", {"code": "INTERNAL_SERVER_ERROR", "errorId": error_id}

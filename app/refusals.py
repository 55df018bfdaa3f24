"""The answer to a request that was refused, or that failed: equal on every transport."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLError

from app.metrics import count_errors
from app.rate_limits import RateLimited
from graphql_schema.core.errors import explained
from graphql_schema.execution import RequestError

BROKEN = {"GATEWAY_TIMEOUT", "HISTORY_GAP", "OVERLOADED", "SERVICE_UNAVAILABLE"}
"""The codes of what passes: after such a last answer there is more of a subscription, but not from here."""


def is_broken(errors: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a subscription that ends with these errors was cut off behind the gateway."""
    return any(error["extensions"]["code"] in BROKEN for error in errors)


def refused(error: Exception) -> dict[str, Any]:
    """The answer, which has no data; its errors are counted. What is unexpected is logged and masked."""
    if isinstance(error, RequestError):
        errors = error.errors
    else:
        errors = [explained(GraphQLError(str(error), original_error=error))]
    count_errors(errors)
    extensions = error.extensions if isinstance(error, RequestError | RateLimited) else {}
    return {"errors": errors, "extensions": {**extensions}} if extensions else {"errors": errors}

"""The audience of the schema: which viewers may learn it by introspection, by suggestions in errors, and by the
console.
"""

from collections.abc import Awaitable, Callable

from graphql import GraphQLError
from starlette.requests import Request

from app import cookies
from app.auth import Sessions
from app.settings import Audience
from db.access import Viewer
from db.errors import Unauthenticated
from graphql_schema.execution import Operation, RequestError

Allowed = Callable[[Request], Awaitable[bool]]


def includes(audience: Audience, viewer: Viewer) -> bool:
    """Whether the audience includes a viewer."""
    match audience:
        case "everybody":
            return True
        case "users":
            return not viewer.is_guest
        case "administrators":
            return viewer.is_admin
    return False


def check(audience: Audience, operation: Operation, viewer: Viewer) -> None:
    """Raise RequestError for a question about the schema by a viewer outside the audience."""
    if not includes(audience, viewer) and operation.definition.introspects:
        message = "Introspection is off for you: ask for `__typename` and the fields that you know."
        raise RequestError([GraphQLError(message)], "GRAPHQL_VALIDATION_FAILED")


def hide(refused: RequestError) -> None:
    """Replace the errors of a refusal by those that say nothing of the schema."""
    refused.errors = refused.discreet


def visiting(audience: Audience, sessions: Sessions) -> Allowed:
    """A check of whether the sender of a request for a page is in the audience, by its cookie or `Authorization`."""

    async def allowed(request: Request) -> bool:
        try:
            return includes(audience, await sessions.viewer(cookies.credential(request.scope["headers"])))
        except Unauthenticated:
            return audience == "everybody"

    return allowed

"""Signing in and out, here and elsewhere."""

import strawberry

from db import tables
from db.actions import accounts
from db.errors import BadInput
from db.permissions import MANAGE
from db.write import Work
from graphql_schema.core import delete, mutation
from graphql_schema.core.texts import text


@strawberry.input(description="What proves that it is you.")
class SignInInput:
    """Credentials."""

    email: str = text(tables.User.email, "Your e-mail address; the case of its letters does not matter.")
    password: str = text(1_000, "Your password.")
    device: str | None = text(tables.Session.device, "What the list of your sessions shows for this one.", default=None)


@mutation(guests=True, user=tables.User, token=str)
async def sign_in(work: Work, input: SignInInput) -> tuple[tables.User, str] | None:
    """Sign in. Send the token from then on as `Authorization: Bearer <token>`; it is shown this once.

    Five wrong passwords in a row lock the account for a quarter of an hour.
    """
    found = await accounts.sign_in(work, input.email, input.password, device=input.device)
    if found is None:
        work.refuse(BadInput("E-mail address and password do not match."))
    return found


@mutation(signed_out=bool)
async def sign_out(work: Work) -> bool:
    """Sign out: the token that came with the request is worth nothing from now on."""
    await accounts.sign_out(work)
    return True


@strawberry.input(description="A session to end.")
class RevokeSessionInput:
    """A session."""

    session_id: strawberry.ID = strawberry.field(description="The session, as your `sessions` list it.")


revoke_session = delete(
    "Sign out somewhere else: the token of that session is worth nothing from now on, and what it has opened closes at "
    "once. For its owner and administrators.",
    RevokeSessionInput,
    at=tables.Session,
    may=MANAGE,
)

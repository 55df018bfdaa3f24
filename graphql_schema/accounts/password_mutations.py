"""Passwords: set by a link, and changed."""

import strawberry

from db import tables
from db.actions import passwords, verification
from db.actions.passwords import SHORTEST_PASSWORD
from db.tables import VerificationPurpose
from db.write import Work
from graphql_schema.accounts.email_mutations import DEVICE, EmailInput
from graphql_schema.core import mutation
from graphql_schema.core.texts import text

PASSWORD = f"The new password: at least {SHORTEST_PASSWORD} characters, whichever you like."


@strawberry.input(description="A new password, by a link that came by mail.")
class ResetPasswordInput:
    """A token and a password."""

    token: str = text(100, "The token in the link.")
    password: str = text(1_000, PASSWORD)
    device: str | None = text(tables.Session.device, DEVICE, default=None)


@strawberry.input(description="A new password in place of the current one.")
class ChangePasswordInput:
    """Two passwords."""

    current_password: str | None = text(1_000, "Your password, if you have one.", default=None)
    new_password: str = text(1_000, PASSWORD)


@mutation(guests=True, sent=bool)
async def request_password_reset(work: Work, input: EmailInput) -> bool:
    """Have a link mailed by which you set a new password, within an hour. The answer is the same whether or not an
    account has this address.
    """
    await verification.ask(work, VerificationPurpose.RESET_PASSWORD, verification.address(input.email))
    return True


@mutation(guests=True, user=tables.User, token=str)
async def reset_password(work: Work, input: ResetPasswordInput) -> tuple[tables.User, str]:
    """Set a new password with the token of a link `?reset=`, which works once, and be signed in. All sessions end, with
    what they have opened. It opens a locked account, and shows that the address is yours.
    """
    return await passwords.reset_password(work, input.token, input.password, device=input.device)


@mutation(alone=True, user=tables.User, token=str)
async def change_password(work: Work, input: ChangePasswordInput) -> tuple[tables.User, str] | None:
    """Set a new password. All sessions end, this one too, with what they have opened: go on with the new token.

    Wrong passwords count as those of `signIn`: five in a row lock the account for a quarter of an hour.
    """
    return await passwords.change_password(work, input.current_password, input.new_password)

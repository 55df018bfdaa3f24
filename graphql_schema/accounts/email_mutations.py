"""Registering and e-mail addresses: verified, changed, and as a way in by a link."""

from uuid import UUID

import strawberry

from db import tables
from db.actions import accounts, registration, verification
from db.actions.passwords import SHORTEST_PASSWORD
from db.tables import VerificationPurpose
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.texts import text

DEVICE = "What the list of your sessions shows for this one."


@strawberry.input(description="Somebody new.")
class RegisterInput:
    """A new user."""

    email: str = text(tables.User.email, "Your e-mail address; the case of its letters does not matter.")
    password: str = text(1_000, f"A password of at least {SHORTEST_PASSWORD} characters, whichever you like.")
    name: str = text(tables.User.name, "The name to show; not empty.")
    username: str | None = text(
        tables.User.username, "A name in addresses, which nobody else has in whatever case of letters.", default=None
    )
    device: str | None = text(tables.Session.device, DEVICE, default=None)


@strawberry.input(description="A link that came by mail.")
class LinkInput:
    """A token."""

    token: str = text(100, "The token in the link.")


@strawberry.input(description="A link that came by mail, to sign in with.")
class SignInWithLinkInput(LinkInput):
    """A token."""

    device: str | None = text(tables.Session.device, DEVICE, default=None)


@strawberry.input(description="An address to send a link to.")
class EmailInput:
    """An address."""

    email: str = text(tables.User.email, "The e-mail address of an account.")


@strawberry.input(description="The address to have from now on.")
class ChangeEmailInput:
    """A new address."""

    email: str = text(tables.User.email, "Your new e-mail address.")
    current_password: str | None = text(1_000, "Your password, if you have one.", default=None)


@mutation(guests=True, weight=300, user=tables.User, token=str)
async def register(work: Work, input: RegisterInput) -> tuple[tables.User, str]:
    """Register and be signed in. A mail with a link to verify the address is on its way: without that you cannot create
    projects and the like.
    """
    given = {"username": input.username, "device": input.device}
    return await registration.register(work, input.email, input.password, input.name, **given)


@mutation(sent=bool)
async def request_email_verification(work: Work) -> bool:
    """Have a link mailed to you by which you verify your address. `sent` is false if you have verified it before."""
    return await registration.ask_to_verify(work)


@mutation(guests=True, user=tables.User)
async def verify_email(work: Work, input: LinkInput) -> tables.User:
    """Verify an address with the token of a link `?verify=`, that of an account or the one that it changes to. Nobody
    has to be signed in for that, and a guest is shown no user.
    """
    return await registration.verify_email(work, input.token)


@mutation(alone=True, sent=bool)
async def change_email(work: Work, input: ChangeEmailInput) -> bool:
    """Have a link mailed to another address, which becomes yours when you open it. The address that you have is told.

    Wrong passwords count as those of `signIn`. Whether somebody else has the address is not told here.
    """
    return await registration.change_email(work, input.email, input.current_password)


@mutation(guests=True, sent=bool)
async def request_sign_in_link(work: Work, input: EmailInput) -> bool:
    """Have a link mailed by which you sign in without a password, within a quarter of an hour. The answer is the same
    whether or not an account has this address.
    """
    await verification.ask(work, VerificationPurpose.MAGIC_LINK, verification.address(input.email))
    return True


@mutation(guests=True, user=tables.User, token=str)
async def sign_in_with_link(work: Work, input: SignInWithLinkInput) -> tuple[tables.User, str]:
    """Sign in with the token of a link `?link=`, which works once. It shows that the address is yours, and it works
    while wrong passwords have locked the account. Of an account whose address nobody had verified before it takes the
    password and all sessions away.
    """
    return await registration.sign_in_with_link(work, input.token, device=input.device)


@mutation(user=tables.User, revoked_count=int)
async def revoke_other_sessions(work: Work) -> tuple[UUID, int]:
    """Sign out everywhere but here: the tokens of all your other sessions are worth nothing from now on, and what they
    have opened closes at once.
    """
    return work.viewer_id, len(await accounts.end_other_sessions(work))

"""Passkeys: signing in with what a device keeps, and adding and removing such ways in."""

import strawberry

from db import tables
from db.actions import passkeys
from db.errors import BadInput
from db.write import Work
from graphql_schema.core import mutation
from graphql_schema.core.scalars import JSON
from graphql_schema.core.texts import text


@mutation(options=JSON)
async def begin_passkey_registration(work: Work) -> passkeys.Json:
    """Begin to add a passkey to your account. Give the options to `navigator.credentials.create` within five minutes,
    as JSON: `PublicKeyCredential.parseCreationOptionsFromJSON`, or `startRegistration` of `@simplewebauthn/browser`.
    """
    return await passkeys.begin_registration(work)


@strawberry.input(description="A passkey that the browser has made.")
class AddPasskeyInput:
    """A passkey."""

    response: JSON = strawberry.field(description="The answer of the browser: the credential's `toJSON()`.")
    name: str = text(tables.Passkey.name, "The name by which you know it again, such as that of the device; not empty.")


@mutation(passkey=tables.Passkey, user=tables.User)
async def add_passkey(work: Work, input: AddPasskeyInput) -> tuple[tables.Passkey, tables.User]:
    """Add the passkey that a browser has made of what `beginPasskeyRegistration` answered, once."""
    return await passkeys.add(work, input.response, input.name)


@strawberry.input(description="A passkey to remove.")
class RemovePasskeyInput:
    """A passkey."""

    passkey_id: strawberry.ID = strawberry.field(description="The passkey, as your `passkeys` list it.")


@mutation(user=tables.User, deleted_passkey_id=strawberry.ID)
async def remove_passkey(work: Work, input: RemovePasskeyInput) -> tuple[tables.User, strawberry.ID]:
    """Remove a passkey: nobody signs in with it from now on. Sessions go on, and your only way in stays. For its owner
    and administrators.
    """
    return await passkeys.remove(work, input.passkey_id), input.passkey_id


@mutation(guests=True, options=JSON)
async def begin_passkey_sign_in(work: Work) -> passkeys.Json:
    """Begin to sign in with a passkey. Give the options to `navigator.credentials.get` within five minutes, as JSON:
    `PublicKeyCredential.parseRequestOptionsFromJSON`, or `startAuthentication` of `@simplewebauthn/browser`. The device
    knows whose passkeys it has; nobody has to say who they are.
    """
    return await passkeys.begin_sign_in(work)


@strawberry.input(description="What proves that you have the device with your passkey.")
class SignInWithPasskeyInput:
    """A signature."""

    response: JSON = strawberry.field(description="The answer of the browser: the credential's `toJSON()`.")
    device: str | None = text(tables.Session.device, "What the list of your sessions shows for this one.", default=None)


@mutation(guests=True, user=tables.User, token=str)
async def sign_in_with_passkey(work: Work, input: SignInWithPasskeyInput) -> tuple[tables.User, str] | None:
    """Sign in with what a browser has made of what `beginPasskeySignIn` answered, once. Send the token from then on as
    `Authorization: Bearer <token>`; it is shown this once.
    """
    found = await passkeys.sign_in(work, input.response, device=input.device)
    if found is None:
        work.refuse(BadInput(passkeys.REFUSED))
    return found

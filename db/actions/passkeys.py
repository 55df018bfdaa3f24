"""Passkeys (W3C Web Authentication): a device signs a challenge instead of a person typing a password.

A passkey works at the origin that browsers reach this server at, and nowhere else: the device signs that too.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import orjson
from sqlalchemy import func, select
from webauthn import generate_authentication_options, generate_registration_options
from webauthn import verify_authentication_response as verify_answer
from webauthn import verify_registration_response as verify_addition
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from db import tables
from db.actions.accounts import check_verified, open_session
from db.actions.challenges import LIFETIME, new_challenge, spend
from db.actions.notifications import alert
from db.actions.ways_in import check_another, lock
from db.errors import BadInput, Forbidden
from db.outgoing import is_ip_address
from db.permissions import MANAGE
from db.write import Work

MAX_PASSKEYS = 20
"""Passkeys of a person, at most."""
LARGEST = 16 * 1024
"""Bytes of the answer of a browser as JSON, at most: without an attestation it is a tenth of that."""
TO_SIGN_IN = "passkey sign-in"
IN_MS = round(LIFETIME.total_seconds() * 1_000)
REFUSED = "This passkey does not let you in. Try another, or sign in another way."
UNREADABLE = "This is not what a browser answers for a passkey."

Json = dict[str, Any]
Parsed = TypeVar("Parsed")


class Place(NamedTuple):
    """The host whose passkeys count, and the origin of the pages there."""

    host: str
    origin: str


async def begin_registration(work: Work) -> Json:
    """The options with which the browser of the viewer makes a passkey (`PublicKeyCredentialCreationOptions`).

    Whoever shows that an address is theirs must not find somebody else's way in: it is shown before.
    """
    host = _place(work).host
    await check_verified(work)
    user = (await work.scalars(select(tables.User).where(tables.User.id == work.viewer_id))).one()
    known = await work.scalars(select(tables.Passkey).where(tables.Passkey.user_id == user.id))
    options = generate_registration_options(
        rp_id=host,
        rp_name="Trellis",
        user_id=user.id.bytes,
        user_name=user.email,
        user_display_name=user.name,
        challenge=new_challenge(work, _to_add(user)),
        timeout=IN_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=one.credential_id, transports=_transports(one.transports)) for one in known
        ],
    )
    return options_to_json_dict(options)


async def add(work: Work, response: Any, name: str) -> tuple[tables.Passkey, tables.User]:
    """The passkey that a browser has made for the viewer, once it has shown that it was asked to, and the viewer."""
    place = _place(work)
    await check_verified(work)
    user = await lock(work, work.viewer_id)
    credential = _parsed(parse_registration_credential_json, response)
    challenge = _challenge(credential.response.client_data_json)
    await spend(work, challenge, _to_add(user))
    try:
        made = verify_addition(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
        )
    except Exception:  # noqa: BLE001  (what a hostile client has made fails in ways of its own)
        raise BadInput("This passkey was not made here, or not as it was asked for.", at="response") from None
    added = await work.scalar(select(func.count()).where(tables.Passkey.user_id == user.id)) or 0
    if added >= MAX_PASSKEYS:
        raise Forbidden(f"You have {MAX_PASSKEYS} passkeys. Remove one first.")
    passkey = tables.Passkey(
        user_id=user.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
        transports=sorted({one.value for one in credential.response.transports or ()}),
    )
    await work.add(passkey)
    work.audit("passkey_added", passkey)
    await alert(work, user.id, "A passkey was added", "Your account can be signed in to with a new passkey.")
    await work.changed(user)
    return passkey, user


async def remove(work: Work, passkey_id: str) -> tables.User:
    """Take away a passkey that is not the last way in of its owner, whom this returns."""
    user = await lock(work, (await work.get(tables.Passkey, passkey_id, at="passkeyId", may=MANAGE)).user_id)
    # Another request may have removed it until the lock.
    passkey = await work.get(tables.Passkey, passkey_id, at="passkeyId", may=MANAGE, lock=True)
    await check_another(work, user, at="passkeyId")
    work.audit("passkey_removed", passkey)
    await alert(
        work, user.id, "A passkey was removed", "One of your passkeys does not sign in to your account any more."
    )
    await work.changed(user)
    await work.delete(passkey)
    return user


async def begin_sign_in(work: Work) -> Json:
    """The options with which a browser lets its user choose a passkey (`PublicKeyCredentialRequestOptions`).

    They name no passkey, and so say of nobody whether they have one.
    """
    host = _place(work).host
    options = generate_authentication_options(rp_id=host, challenge=new_challenge(work, TO_SIGN_IN), timeout=IN_MS)
    return options_to_json_dict(options)


async def sign_in(work: Work, response: Any, *, device: str | None = None) -> tuple[tables.User, str] | None:
    """The user and the token of a new session; None where the passkey lets nobody in, which is noted.

    It also opens an account that wrong passwords have locked: those were somebody else's.
    """
    place = _place(work)
    credential = _parsed(parse_authentication_credential_json, response)
    challenge = _challenge(credential.response.client_data_json)
    await spend(work, challenge, TO_SIGN_IN)
    statement = select(tables.User, tables.Passkey).join(tables.Passkey, tables.Passkey.user_id == tables.User.id)
    statement = statement.where(tables.Passkey.credential_id == credential.raw_id).with_for_update()
    user, passkey = (await work.execute(statement)).one_or_none() or (None, None)
    uses = passkey and _uses(passkey, credential, challenge, place)
    if not user or not passkey or uses is None or not user.is_active:
        work.audit("sign_in_failed", user or tables.User)
        return None
    if uses <= passkey.sign_count and (uses or passkey.sign_count):
        work.audit("passkey_copied", passkey)
        await alert(work, user.id, "A passkey was refused", "It was used before by a copy, or is one: remove it.")
        return None
    passkey.sign_count, passkey.last_used_at = uses, datetime.now(UTC)
    user.last_login_at = passkey.last_used_at
    return user, await open_session(work, user, device=device)


def _uses(passkey: tables.Passkey, credential: AuthenticationCredential, challenge: bytes, place: Place) -> int | None:
    """How often the device says that it has used a passkey, 0 where it does not count; None if it does not hold."""
    handle = credential.response.user_handle
    if handle is not None and handle != passkey.user_id.bytes:
        return None
    try:
        verified = verify_answer(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # it is looked at once the signature is known to be the device's
        )
    except Exception:  # noqa: BLE001  (what a hostile client has made fails in ways of its own)
        return None
    return verified.new_sign_count


def _place(work: Work) -> Place:
    """The place of passkeys; raises Forbidden where browsers know none of a name, which passkeys need."""
    host = urlsplit(work.origin or "").hostname
    if not work.origin or not host or is_ip_address(host):
        raise Forbidden("Passkeys need the name of a host: open this page by one, such as localhost.")
    return Place(host, work.origin)


def _to_add(user: tables.User) -> str:
    """The purpose of a challenge to add a passkey to the account of a user."""
    return f"passkey of {user.public_id}"


def _challenge(client_data: bytes) -> bytes:
    return _parsed(parse_client_data_json, client_data).challenge


def _parsed(parse: Callable[[Any], Parsed], value: Any) -> Parsed:
    """The answer of a browser in parts; raises BadInput."""
    try:
        if isinstance(value, bytes) or len(orjson.dumps(value)) <= LARGEST:
            return parse(value)
    except Exception:  # noqa: BLE001  (what a hostile client has made fails in ways of its own)
        raise BadInput(UNREADABLE, at="response") from None
    raise BadInput(UNREADABLE, at="response")


def _transports(names: list[str]) -> list[AuthenticatorTransport]:
    return [AuthenticatorTransport(name) for name in names]

"""Registering, and showing that an address is one's own, now or when it changes."""

import asyncio
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from sqlalchemy import Text, bindparam, func, select

from db import tables
from db.actions import identities
from db.actions.accounts import new_session, open_session
from db.actions.notifications import alert
from db.actions.passwords import check_length, confirm, hashed
from db.actions.verification import address, ask, prove, redeem
from db.errors import BadInput, Conflict
from db.statements import compiled
from db.tables import VerificationPurpose
from db.write import Work

_registering: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""The addresses that are registered at this moment: of many at once for one, all but the first cost no hash."""
_KNOWN = compiled(select(func.count()).where(func.lower(tables.User.email) == bindparam("email", type_=Text())))


async def register(
    work: Work, email: str, password: str, name: str, *, username: str | None = None, device: str | None = None
) -> tuple[tables.User, str]:
    """A new user, who is a student and has to verify the address, and the token of their first session.

    Raises Conflict for an address or a username that somebody has, and BadInput for what does not fit.
    """
    kept = address(email)
    check_length(password)
    if not name.strip():
        raise BadInput("This must not be empty.", at="name")
    async with _registering.setdefault(kept, asyncio.Lock()):
        known = await work.fetch(_KNOWN, email=kept)
        if known and known[0]:
            raise Conflict("Somebody has this address.", at="email")
        new = await hashed(work, password)
        user = await work.add(tables.User(email=kept, name=name.strip(), username=username))
        await work.add(tables.Password(user_id=user.id, hash=new))
        await ask(work, VerificationPurpose.VERIFY_EMAIL, kept, user_id=user.id)
        token = await new_session(work, user, device=device, action="signed_in")
    work.audit("registered", user)
    return user, token


async def ask_to_verify(work: Work) -> bool:
    """Have a link mailed to the viewer by which they verify their address; False if they did that before."""
    user = (await work.scalars(select(tables.User).where(tables.User.id == work.viewer_id))).one()
    if user.email_verified_at is not None:
        return False
    await ask(work, VerificationPurpose.VERIFY_EMAIL, user.email.lower(), user_id=user.id)
    work.audit("link_asked", user)
    return True


async def verify_email(work: Work, token: str) -> tables.User:
    """Note that an address is its user's by the token of a link to it, also one that takes the place of another."""
    user, verified = await redeem(work, token, VerificationPurpose.VERIFY_EMAIL, VerificationPurpose.CHANGE_EMAIL)
    if user.email.lower() != verified:
        user.email = verified
        told = "From now on you sign in with the address that you have verified. The old one was told before."
        await alert(work, user.id, "Your e-mail address was changed", told)
    user.email_verified_at = datetime.now(UTC)
    work.audit("email_verified", user)
    await identities.prove(work, user, email=verified)
    await work.changed(user)
    return user


async def change_email(work: Work, email: str, password: str | None) -> bool:
    """Have a link mailed to another address, which is the viewer's once they follow it. The address that they have is
    told at once.

    False where `password` is not the viewer's, as `confirm` has it. Whether somebody has the address is not told.
    """
    kept = address(email)
    user = await confirm(work, password)
    if user is None:
        return False
    if user.email.lower() == kept:
        raise BadInput("This is your address already.", at="email")
    await ask(work, VerificationPurpose.CHANGE_EMAIL, kept, user_id=user.id)
    told = "It changes when the link in a mail to the new address is opened. If it was not you, change your password."
    await alert(work, user.id, "Your e-mail address is about to change", told)
    work.audit("email_change_asked", user)
    return True


async def sign_in_with_link(work: Work, token: str, *, device: str | None = None) -> tuple[tables.User, str]:
    """The user of a link and the token of a new session.

    A lock does not keep them out: it is there against guessing passwords, and they have shown that the address is
    theirs.
    """
    user, _ = await redeem(work, token, VerificationPurpose.MAGIC_LINK)
    await prove(work, user)
    user.last_login_at = datetime.now(UTC)
    return user, await open_session(work, user, device=device)

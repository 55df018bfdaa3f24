"""Signing in and out."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import ColumnElement, Text, Uuid, and_, bindparam, delete, func, select, update

from db import tables
from db.access import GUEST, Viewer, viewer_id
from db.actions.notifications import alert
from db.errors import Forbidden, NotFound
from db.ids import key_of
from db.outbox import Event, topic
from db.queue.declared import clears
from db.statements import compiled
from db.tables import UserRole
from db.tokens import new_token, token_hash
from db.turns import Turns
from db.write import Work

SESSION_LIFETIME = timedelta(days=30)
ENDED_KEPT = timedelta(days=30)
"""How long it can be seen that a session has ended."""
SESSIONS_ENDED = "SESSIONS_ENDED"
"""The kind of an event of a user, some of whose sessions have ended."""
ATTEMPTS = 5
LOCKED_FOR = timedelta(minutes=15)

IF_NOT_YOU = "If it was not you, change your password: that ends all other sessions."

hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's first choice for argon2id. Whatever was hashed otherwise is hashed anew when its owner signs in."""
AT_A_TIME = 2
"""Passwords that are checked at a time: each takes 19 MiB, and a processor for as long as it takes."""
CHECKING = ThreadPoolExecutor(AT_A_TIME, "passwords")
TURNS = Turns(AT_A_TIME, max_waiting=64)
"""Turns of sign-ins by address. A class that signs in at once has room. Of a thousand from one address most are
refused, and others wait for one of them.
"""
NOBODYS_HASH = hasher.hash(new_token())
"""A hash to check for an unknown address, so that it takes the time of a known one."""

ended_sessions = clears(tables.Session, lambda row: row.expires_at < func.now() - ENDED_KEPT, cron="17 * * * *")

_HAS_ADDRESS = func.lower(tables.User.email) == bindparam("email", type_=Text())
_VERIFIED = compiled(select(tables.User.email_verified_at).where(tables.User.id == viewer_id()))
_HASH = compiled(select(tables.Password.hash).join(tables.User).where(_HAS_ADDRESS))
_IS_KNOWN = tables.Session.device.is_not_distinct_from(bindparam("device", type_=Text()))
_DEVICES = compiled(select(func.bool_or(_IS_KNOWN)).where(tables.Session.user_id == bindparam("user_id", type_=Uuid())))


async def sign_in(
    work: Work, email: str, password: str, *, device: str | None = None
) -> tuple[tables.User, str] | None:
    """The user and the token of a new session; None when address and password do not match.

    It is not an error, because the failure is counted in the same transaction: five in a row lock the account for a
    quarter of an hour, with the right password too. Raises Overloaded where too many sign-ins of one payer wait.
    """
    async with TURNS.turn(work.payer):
        known = await _password_hash(work, email)
        matches = await asyncio.get_running_loop().run_in_executor(CHECKING, is_right, known or NOBODYS_HASH, password)
        user = await _signed_in(work, email, known, matches=matches)
        if user is None:
            return None
        if known and hasher.check_needs_rehash(known):
            await _hash_anew(work, user, password)
    return user, await open_session(work, user, device=device)


async def _signed_in(work: Work, email: str, known: str | None, *, matches: bool) -> tables.User | None:
    """The user with this address, if they may sign in with a password that matches what is known, or does not."""
    now = datetime.now(UTC)
    user, password_hash = await _account(work, email)
    is_open = user is not None and user.is_active and (user.locked_until is None or user.locked_until <= now)
    if user and is_open and matches and password_hash == known:
        user.login_attempts, user.locked_until, user.last_login_at = 0, None, now
        return user
    # Or the time of the disk would tell that there is such a user.
    await work.execute(select(func.set_config("synchronous_commit", "off", True)))
    if user and is_open:
        count_failure(user, now)
    work.audit("sign_in_failed", user or tables.User)
    return None


async def open_session(work: Work, user: tables.User, *, device: str | None = None, action: str = "signed_in") -> str:
    """The token of a new session of `user`, as whom the work goes on. `action` is what the audit log calls it.

    Somebody who is known on other devices is told of a new one.
    """
    devices = await work.fetch(_DEVICES, user_id=user.id, device=device)
    if devices and devices[0] is False:
        named = f"It calls itself “{device}”." if device else "It gave no name."
        await alert(work, user.id, "You signed in on a new device", f"{named} {IF_NOT_YOU}")
    return await new_session(work, user, device=device, action=action)


async def new_session(work: Work, user: tables.User, *, device: str | None, action: str) -> str:
    """The token of a session, as `open_session` gives it, of somebody who is told of nothing."""
    token = new_token()
    expires_at = datetime.now(UTC) + SESSION_LIFETIME
    session = await work.add(
        tables.Session(user_id=user.id, token_hash=token_hash(token), device=device, expires_at=expires_at)
    )
    work.viewer = Viewer(user.id, user.role, session.id)
    work.audit(action, session)
    await work.changed(user)
    return token


async def check_verified(work: Work) -> None:
    """Raise Forbidden where the viewer has not shown that their address is theirs: who creates things has."""
    found = await work.fetch(_VERIFIED, viewer_id=work.viewer_id)
    if found is None or found[0] is None:
        raise Forbidden("Verify your e-mail address first.")


async def check_instructor(work: Work) -> None:
    """Raise Forbidden where the viewer is neither an instructor nor an administrator: others write nothing to learn."""
    role = await work.scalar(select(tables.User.role).where(tables.User.id == work.viewer_id))
    if role not in (UserRole.INSTRUCTOR, UserRole.ADMIN):
        raise Forbidden("Only instructors write courses and learning modules.")


async def sign_out(work: Work) -> None:
    """End the session that the viewer came with: the work goes on as a guest's."""
    await end_sessions(work, tables.Session.id == work.viewer.session_id, action="signed_out")
    work.viewer = GUEST


async def end_sessions(work: Work, which: ColumnElement[bool], *, action: str = "session_ended") -> list[str]:
    """End the sessions that meet a condition, with their sockets and streams in all processes; returns their ids."""
    gone = delete(tables.Session).where(which).returning(tables.Session.id, tables.Session.user_id)
    ended = [tables.Session(id=key, user_id=user) for key, user in await work.execute(gone)]
    work.events += [Event(topic("user", user), SESSIONS_ENDED) for user in {one.user_id for one in ended}]
    for one in ended:
        work.audit(action, one)
    return [one.public_id for one in ended]


async def end_other_sessions(work: Work) -> list[str]:
    """End the sessions of the viewer but for the one that they came with; returns the ids of those that have ended."""
    mine = tables.Session.user_id == work.viewer_id
    return await end_sessions(work, and_(mine, tables.Session.id.is_distinct_from(work.viewer.session_id)))


async def end_sessions_of(work: Work, email: str, ids: Sequence[str] | None) -> list[str]:
    """End sessions of the user with this address, all of them or those with these ids; returns what has ended.

    Raises NotFound where there is no such user.
    """
    mine = tables.Session.user_id == (await _user(work, email)).id
    keys = [key_of(tables.Session, one) for one in ids or ()]
    return await end_sessions(work, and_(mine, tables.Session.id.in_(filter(None, keys))) if ids else mine)


async def set_active(work: Work, email: str, *, is_active: bool) -> None:
    """Let the user with this address sign in or, with the end of all their sessions, not any more; raises NotFound."""
    await make_active(work, await _user(work, email), is_active=is_active)


async def make_active(work: Work, user: tables.User, *, is_active: bool) -> None:
    """Let a user sign in or, with the end of all their sessions, not any more. They must be locked."""
    if work.change(user, {"is_active": is_active}):
        work.audit("user_activated" if is_active else "user_deactivated", user)
        await work.changed(user)
    if not is_active:
        await end_sessions(work, tables.Session.user_id == user.id)


def is_right(password_hash: str, password: str) -> bool:
    """Whether a password has this hash; it takes a processor a while."""
    try:
        return hasher.verify(password_hash, password)
    except VerificationError:
        return False


def count_failure(user: tables.User, now: datetime) -> None:
    """Count a wrong password for an account whose row is locked, and lock the account after several in a row."""
    user.login_attempts += 1
    if user.login_attempts >= ATTEMPTS:
        user.login_attempts, user.locked_until = 0, now + LOCKED_FOR


async def _user(work: Work, email: str) -> tables.User:
    user, _ = await _account(work, email)
    if user is None:
        raise NotFound(f"There is no user with the address {email}.")
    return user


async def _password_hash(work: Work, email: str) -> str | None:
    """The hash to check a password against. Neither a lock nor a connection is kept: guessing holds nobody up."""
    found = await work.fetch(_HASH, email=_address(email))
    return found[0] if found else None


async def _account(work: Work, email: str) -> tuple[tables.User | None, str | None]:
    account = select(tables.User, tables.Password.hash).outerjoin(tables.Password).where(_HAS_ADDRESS)
    locked = account.with_for_update(of=tables.User)
    found = (await work.execute(locked, {"email": _address(email)})).one_or_none()
    return (found[0], found[1]) if found else (None, None)


async def _hash_anew(work: Work, user: tables.User, password: str) -> None:
    renewed = await asyncio.get_running_loop().run_in_executor(CHECKING, hasher.hash, password)
    mine = tables.Password.user_id == user.id
    await work.execute(update(tables.Password).where(mine).values(hash=renewed))


def _address(email: str) -> str:
    """An address as it is compared: the case of its letters does not matter."""
    return email.strip().lower()

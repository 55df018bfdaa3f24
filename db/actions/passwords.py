"""Passwords that are set: by whoever knows the current one, or by a link to the address of the account.

A new password ends every session, also the one that it was set in, and the links that are on their way. Whoever set it
has a new session.
"""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.access import viewer_id
from db.actions.accounts import CHECKING, TURNS, count_failure, end_sessions, hasher, is_right, new_session
from db.actions.links import MAIL_AT_ONCE, MAIL_TRIES
from db.actions.notifications import alert
from db.actions.verification import owner, prove, redeem, void
from db.base import new_id
from db.errors import BadInput
from db.ids import key_of
from db.mail import Mail
from db.queue.declared import job
from db.queue.steps import Steps
from db.statements import compiled
from db.tables import AccountEventKind, VerificationPurpose
from db.write import Work

SHORTEST_PASSWORD = 8
"""Characters, whichever they are (NIST SP 800-63B): length is what makes a password hard to guess."""
IF_NOT_YOU = (
    "If it was not you, set another password by a link to your address: choose “Forgotten your password?” where you "
    "sign in."
)

_HASH = compiled(select(tables.Password.hash).where(tables.Password.user_id == viewer_id()))


def check_length(password: str, *, at: str = "password") -> None:
    """Raise BadInput for a password that is too short."""
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput(f"A password has at least {SHORTEST_PASSWORD} characters.", at=at)


async def hashed(work: Work, password: str) -> str:
    """The hash of a password, made in a turn of the payer. Raises Overloaded where too many of theirs wait."""
    async with TURNS.turn(work.payer):
        return await asyncio.get_running_loop().run_in_executor(CHECKING, hasher.hash, password)


async def reset_password(
    work: Work, token: str, password: str, *, device: str | None = None
) -> tuple[tables.User, str]:
    """Set a new password by the token of a link; returns its user and the token of a new session.

    It opens an account that wrong passwords have locked, and shows that the address is the user's.
    """
    check_length(password)
    await owner(work, token)  # before a hash is made for nothing
    new = await hashed(work, password)
    user, _ = await redeem(work, token, VerificationPurpose.RESET_PASSWORD)
    await prove(work, user)
    user.login_attempts, user.locked_until, user.last_login_at = 0, None, datetime.now(UTC)
    return user, await _renewed(work, user, new, device=device, action="password_reset")


async def change_password(work: Work, current: str | None, new: str) -> tuple[tables.User, str] | None:
    """Set a new password of the viewer; returns them and the token of a new session in place of the one they have.

    None where `current` is not their password, as `confirm` has it.
    """
    check_length(new, at="newPassword")
    renewed = await hashed(work, new)
    user = await confirm(work, current)
    if user is None:
        return None
    device = await work.scalar(select(tables.Session.device).where(tables.Session.id == work.viewer.session_id))
    return user, await _renewed(work, user, renewed, device=device, action="password_changed")


async def confirm(work: Work, password: str | None) -> tables.User | None:
    """The viewer, locked, who has shown their password. Whoever has none needs none.

    None where it is another: the client is told at `currentPassword`, and the failure counts like that of a sign-in,
    which is why it is no error. A locked account has no right password.
    """
    known = await work.fetch(_HASH, viewer_id=work.viewer_id)
    is_shown = known is None or await _is_right(work, known[0], password or "")
    mine = select(tables.User, tables.Password.hash).outerjoin(tables.Password).where(tables.User.id == work.viewer_id)
    user, stored = (await work.execute(mine.with_for_update(of=tables.User))).one()
    now = datetime.now(UTC)
    is_open = user.locked_until is None or user.locked_until <= now
    if is_shown and is_open and stored == (known and known[0]):
        return user  # type: ignore[no-any-return]
    if is_open:
        count_failure(user, now)
    work.audit("password_not_confirmed", user)
    work.refuse(BadInput("This is not your current password.", at="currentPassword"))
    return None


@job(on=(AccountEventKind.ALERTED,), tries=MAIL_TRIES, at_once=MAIL_AT_ONCE)
async def mail_alert(steps: Steps, user: str, notification: str) -> None:
    """Send a mail to a person about something that happened to their account."""
    async with steps.work() as work:
        row, owner = tables.Notification, tables.User
        found = select(owner.email, row.title, row.message, row.created_at).join(owner, owner.id == row.user_id)
        told = (await work.execute(found.where(row.id == key_of(row, notification)))).one_or_none()
    if told:
        text = f"{told.message}\n\nThis happened on {told.created_at:%d %B %Y at %H:%M:%S} UTC."
        await steps.send(Mail(told.email, told.title, text))


async def _is_right(work: Work, known: str, password: str) -> bool:
    async with TURNS.turn(work.payer):
        return await asyncio.get_running_loop().run_in_executor(CHECKING, is_right, known, password)


async def _renewed(work: Work, user: tables.User, new: str, *, device: str | None, action: str) -> str:
    """The token of a new session of a user, who is locked, and has a new password."""
    row = insert(tables.Password).values(id=new_id(), user_id=user.id, hash=new)
    await work.execute(row.on_conflict_do_update(index_elements=["user_id"], set_={"hash": row.excluded.hash}))
    await void(work, user)
    await end_sessions(work, tables.Session.user_id == user.id)
    notification = await alert(work, user.id, "Your password was changed", IF_NOT_YOU)
    await work.happened(AccountEventKind.ALERTED, user, notification=notification)
    work.audit(action, user)
    return await new_session(work, user, device=device, action="signed_in")

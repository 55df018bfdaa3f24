"""The mail with a link that somebody asked for: whether there is one is found out here, where nobody waits for it."""

from uuid import UUID

from sqlalchemy import and_, func, or_, select, update

from db import tables
from db.actions.verification import tokens
from db.ids import key_of
from db.mail import Mail
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables import AccountEventKind, VerificationPurpose
from db.tokens import token_hash
from db.write import Work

MAX_OF_ADDRESS = 5
"""Mails with links that one address gets in an hour."""
MAX_OF_PAYER = 100
"""Mails with links that are sent in an hour for one user, or for the guests of one address."""
MAIL_TRIES = 20
"""Tries to send a mail: they take nine hours. A link that has ended by then is not sent."""
MAIL_AT_ONCE = 3
"""Mails that are sent at a time: a mail server that hangs does not keep other jobs waiting."""

VERIFY = """\
Somebody, probably you, registered with this address. Open this link within 24 hours to show that it is yours:

{link}

If it was not you, do not open the link. Nobody can do much with your address without it."""
CHANGE = """\
Somebody, probably you, wants to sign in with this address from now on. Open this link within 24 hours to change to it:

{link}

If it was not you, do not open the link, and nothing changes."""
RESET = """\
Somebody, probably you, wants to set a new password for your account. Open this link within an hour:

{link}

If it was not you, do not open the link, and your password stays as it is."""
SIGN_IN = """\
Somebody, probably you, wants to sign in with this address. Open this link within 15 minutes:

{link}

If it was not you, do not open the link, and do not send it to anybody. Then nobody gets in."""
CHANGING = """\
Somebody who is signed in as you wants to change the address of your account. It changes when they open a link that was
sent to the new address.

If it was not you, change your password now: then that link is worth nothing, and they are signed out."""
TAKEN = """\
Somebody, perhaps you, wanted to use this address for another account. It is the address of your account already, so
nothing has changed.

If it was not you, you do not have to do anything."""
LINKS = {
    VerificationPurpose.VERIFY_EMAIL: ("verify", "Verify your e-mail address", VERIFY),
    VerificationPurpose.CHANGE_EMAIL: ("verify", "Verify your new e-mail address", CHANGE),
    VerificationPurpose.RESET_PASSWORD: ("reset", "Set a new password", RESET),
    VerificationPurpose.MAGIC_LINK: ("link", "Sign in", SIGN_IN),
}
"""The name of the token in the link, the subject and the text of each mail."""


@job(on=(AccountEventKind.LINK_ASKED,), tries=MAIL_TRIES, at_once=MAIL_AT_ONCE)
async def send_link(steps: Steps, token: str) -> None:
    """Mail a link to whom it is for, if that is anybody."""
    async with steps.work() as work:
        mails = await _mails(work, steps, token)
    for mail in mails:
        await steps.send(mail)


async def _mails(work: Work, steps: Steps, token: str) -> list[Mail]:
    """The mails to send for a link, which from now on is the only one of its person and purpose."""
    key = key_of(tables.VerificationToken, token)
    row = await _row(work, key) if key else None
    user = await _user(work, row) if row else None
    if row is None or user is None:
        return []
    if await _are_too_many(work, row):
        work.audit("link_held_back", user)
        await work.delete(row)
        return []
    await _void_older(work, row, user)
    if row.user_id is None:
        row.user_id = user.id
        work.audit("link_asked", user)
    secret = next((one for one in tokens(work, row.id) if token_hash(one) == row.token_hash), None)
    if secret is None:  # of a secret that is not known any more
        return []
    name, subject, text = LINKS[row.purpose]
    mail = Mail(row.identifier, subject, text.format(link=steps.link(**{name: secret})))
    if row.purpose is not VerificationPurpose.CHANGE_EMAIL:
        return [mail]
    is_taken = await work.scalar(select(func.count()).where(func.lower(tables.User.email) == row.identifier))
    other = Mail(row.identifier, "You have an account with this address", TAKEN)
    # The old address is told first: before that nobody has the link.
    return [Mail(user.email, "Your e-mail address is about to change", CHANGING), other if is_taken else mail]


async def _row(work: Work, key: UUID) -> tables.VerificationToken | None:
    """The row of a link that holds."""
    row = tables.VerificationToken
    found = select(row).where(row.id == key, row.used_at.is_(None), row.expires_at > func.now())
    return (await work.execute(found)).scalar_one_or_none()


async def _user(work: Work, row: tables.VerificationToken) -> tables.User | None:
    """The person whom a link is for, locked; None where there is nobody, or nothing to do for them."""
    user = tables.User
    has_address = func.lower(user.email) == row.identifier
    match row.purpose:
        case VerificationPurpose.VERIFY_EMAIL:
            condition = and_(user.id == row.user_id, has_address, user.email_verified_at.is_(None))
        case VerificationPurpose.CHANGE_EMAIL:
            condition = user.id == row.user_id
        case _:
            condition = has_address
    found = select(user).where(condition, user.is_active).with_for_update()
    return (await work.execute(found)).scalar_one_or_none()


async def _are_too_many(work: Work, row: tables.VerificationToken) -> bool:
    """Whether as many were asked for before, in an hour, as the address gets, or as are sent for the payer.

    What was held back is gone and does not count: whoever asks without end keeps no mail from the owner.
    """
    other = tables.VerificationToken
    before = other.id < row.id, other.created_at > row.created_at - func.make_interval(0, 0, 0, 0, 1)
    to_address = select(func.count()).where(*before, other.identifier == row.identifier)
    of_payer = select(func.count()).where(*before, other.payer_hash == row.payer_hash)
    counts = select(to_address.scalar_subquery() >= MAX_OF_ADDRESS, of_payer.scalar_subquery() >= MAX_OF_PAYER)
    return any((await work.execute(counts)).one())


async def _void_older(work: Work, row: tables.VerificationToken, user: tables.User) -> None:
    """Void the older links of this purpose: those of the user, and those that nobody knows yet to be theirs."""
    other = tables.VerificationToken
    theirs = or_(other.user_id == user.id, and_(other.user_id.is_(None), other.identifier == row.identifier))
    older = update(other).where(theirs, other.purpose == row.purpose, other.id < row.id, other.used_at.is_(None))
    await work.execute(older.values(used_at=func.now()), synchronize_session=False)

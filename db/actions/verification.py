"""Links in mails: whoever follows one has shown that the address is theirs.

A token is made from the id of its row with the secret of the installation. So the row has no more than its hash, no
event, argument of a job or log has it, and the job that mails it makes it again.

Whoever asks for a link to an address learns nothing of it. The request does the same whoever has the address; it is the
job that looks.
"""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, Select, bindparam, func, select, update

from db import tables
from db.actions import identities, ways_in
from db.base import new_id
from db.errors import BadInput
from db.mail import is_address
from db.queue.declared import clears
from db.statements import compiled
from db.tables import AccountEventKind, VerificationPurpose
from db.tokens import signed_tokens, token_hash
from db.write import Work

LIFETIMES = {
    VerificationPurpose.VERIFY_EMAIL: timedelta(hours=24),
    VerificationPurpose.CHANGE_EMAIL: timedelta(hours=24),
    VerificationPurpose.RESET_PASSWORD: timedelta(hours=1),
    VerificationPurpose.MAGIC_LINK: timedelta(minutes=15),
}
ENDED_KEPT = timedelta(days=1)
"""How long a link that has ended is kept, for what is counted by the hour, and for mails that are late."""
WORTHLESS = "This link was used before, or is too old. Ask for a new one."

TOKENS, PAYERS = "verification", "payers of links"
"""The purposes of what is signed."""
_FORM = re.compile(r"trv_[A-Za-z0-9_-]{43}")

ended_links = clears(tables.VerificationToken, lambda row: row.expires_at < func.now() - ENDED_KEPT, cron="27 * * * *")


def _holding(row: type[tables.VerificationToken]) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a link that can still be followed."""
    return row.used_at.is_(None), row.expires_at > func.now(), row.user_id.is_not(None)


_OWNER = compiled(
    select(tables.VerificationToken.user_id).where(
        tables.VerificationToken.token_hash == bindparam("hash", type_=LargeBinary()),
        *_holding(tables.VerificationToken),
    )
)


def address(email: str, *, at: str = "email") -> str:
    """An e-mail address as it is kept, in small letters. Raises BadInput for what is none."""
    if not is_address(kept := email.strip().lower()):
        raise BadInput("This is no e-mail address, such as name@example.com.", at=at)
    return kept


def tokens(work: Work, key: UUID) -> list[str]:
    """The tokens of the link with this key, by each secret of the installation, that in use first."""
    return signed_tokens(work.keyring, TOKENS, key, prefix="trv_")


async def ask(work: Work, purpose: VerificationPurpose, email: str, *, user_id: UUID | None = None) -> None:
    """Have a link mailed to an address: to the person who has it, or to this user. Older ones are void from then on."""
    key = new_id()
    payer = None if work.payer is None else work.keyring.sign(PAYERS, str(work.payer).encode())
    token = tables.VerificationToken(
        id=key,
        identifier=email,
        purpose=purpose,
        token_hash=token_hash(tokens(work, key)[0]),
        user_id=user_id,
        payer_hash=payer,
        expires_at=datetime.now(UTC) + LIFETIMES[purpose],
    )
    await work.add(token)
    await work.happened(AccountEventKind.LINK_ASKED, token)


async def owner(work: Work, token: str) -> UUID:
    """The key of the user whose link has this token. Raises BadInput, without a statement for what has not its form."""
    found = await work.fetch(_OWNER, hash=token_hash(token)) if _FORM.fullmatch(token) else None
    if found is None:
        raise BadInput(WORTHLESS, at="token")
    return UUID(str(found[0]))


async def redeem(work: Work, token: str, *purposes: VerificationPurpose) -> tuple[tables.User, str]:
    """Use up a link for one of these purposes; returns its user, who is locked from now on, and the address.

    Raises BadInput where it does not hold, was used, even at this moment, or belongs to an address that the user has no
    more.
    """
    row, key = tables.VerificationToken, await owner(work, token)
    user = (await work.execute(_locked(key))).scalar_one_or_none()
    mine = row.token_hash == token_hash(token), row.purpose.in_(purposes), row.user_id == key
    used = update(row).where(*mine, *_holding(row)).values(used_at=func.now())
    found = (await work.execute(used.returning(row.identifier, row.purpose))).one_or_none()
    if user is None or found is None:
        raise BadInput(WORTHLESS, at="token")
    if found.purpose is not VerificationPurpose.CHANGE_EMAIL and found.identifier != user.email.lower():
        raise BadInput(WORTHLESS, at="token")
    return user, found.identifier


async def void(work: Work, user: tables.User) -> None:
    """Void all links of a user, who is locked."""
    row = tables.VerificationToken
    await work.execute(update(row).where(row.user_id == user.id, row.used_at.is_(None)).values(used_at=func.now()))


async def prove(work: Work, user: tables.User) -> None:
    """Note that the address of a user, who is locked, is theirs: they followed a link to it, and are not signed in.

    Whoever set a password before, or signed in, has not shown that. They may be somebody else, who waits for the owner
    of the address: what lets them in ends here.
    """
    if user.email_verified_at is not None:
        return
    user.email_verified_at = datetime.now(UTC)
    work.audit("email_verified", user)
    await ways_in.end_all(work, user)
    await identities.prove(work, user, email=user.email)


def _locked(key: UUID) -> Select[tables.User]:
    return select(tables.User).where(tables.User.id == key, tables.User.is_active).with_for_update()

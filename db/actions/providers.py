"""Signing in with an account at a provider, and linking such accounts to a person.

Providers say which addresses they have verified. One that both sides have verified is a person. One that we have not is
a claim: it ends before the person whose address it is comes in, with its password, its sessions and all other ways in.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from db import tables
from db.actions import identities, provider_tokens, ways_in
from db.actions.accounts import open_session
from db.actions.provider_tokens import Tokens
from db.base import new_id
from db.errors import Conflict, Forbidden, NotFound
from db.write import Work

APART = {"synchronize_session": False}
"""Rows that were found stay as they are: what a savepoint takes back would be read again, and they are in use."""


class Deactivated(Forbidden):
    """An administrator lets this person sign in no more."""

    default = "This person cannot sign in any more."


class AddressNotVerified(Forbidden):
    """The provider has verified no address, so nobody knows who this is."""

    default = "The provider has verified no address of this account."


class AccountTaken(Conflict):
    """The account at the provider is linked to another person."""

    default = "This account belongs to somebody else here."


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as a provider tells of the owner of an account. `email` is an address that it has verified."""

    provider: str
    account_id: str
    email: str | None = None
    name: str | None = None
    username: str | None = None
    avatar_url: str | None = None
    github_login: str | None = None


async def sign_in(
    work: Work, profile: Profile, tokens: Tokens, *, device: str | None = None
) -> tuple[tables.User, str]:
    """The person whose account this is, or who has its address, or who is new here, with the token of a new session.

    A lock after wrong passwords keeps nobody out: nothing is guessed here. Raises Deactivated, AddressNotVerified where
    nobody has the account yet, and AccountTaken.
    """
    user = await _owner(work, profile) or await _known_by_address(work, profile)
    await _keep(work, user, profile, tokens)
    user.last_login_at = datetime.now(UTC)
    return user, await open_session(work, user, device=device)


async def link(work: Work, profile: Profile, tokens: Tokens) -> tables.User:
    """Let the viewer sign in with this account from now on, whatever its address is; raises AccountTaken."""
    user = await ways_in.lock(work, work.viewer_id)
    await _keep(work, user, profile, tokens)
    await work.changed(user)
    return user


async def unlink(work: Work, account: tables.Account) -> tables.User:
    """Let nobody sign in with an account any more; raises Conflict where it is the only way in of its person."""
    user = await ways_in.lock(work, account.user_id)
    if await work.scalar(select(tables.Account.id).where(tables.Account.id == account.id)) is None:
        raise NotFound(at="accountId")
    await ways_in.check_another(work, user, at="accountId")
    work.audit("account_unlinked", account)
    await work.delete(account)
    await work.changed(user)
    return user


async def _owner(work: Work, profile: Profile) -> tables.User | None:
    """The person to whom the account is linked, locked."""
    linked = select(tables.User).join(tables.Account, tables.Account.user_id == tables.User.id)
    user = await work.scalar(linked.where(*_same(profile)).with_for_update(of=tables.User))
    if user and not user.is_active:
        raise Deactivated
    return user


async def _known_by_address(work: Work, profile: Profile) -> tables.User:
    """The person who has the address that the provider has verified, locked: one who is new, if need be."""
    if profile.email is None:
        raise AddressNotVerified
    is_new = await work.scalar(_registration(profile.email, profile)) is not None
    has_address = func.lower(tables.User.email) == profile.email.lower()
    user = (await work.scalars(select(tables.User).where(has_address).with_for_update())).one()
    if not user.is_active:
        raise Deactivated
    if is_new:
        work.audit("registered", user)
    elif user.email_verified_at is None:
        await ways_in.end_all(work, user)
    return user


def _registration(email: str, profile: Profile) -> Any:
    """The insertion of a person, unless somebody has the address. It waits for others who do that at the moment."""
    name = profile.name or profile.username or email.partition("@")[0]
    user = {"id": new_id(), "email": email, "name": name, "email_verified_at": func.now()}
    return insert(tables.User).values(user).on_conflict_do_nothing().returning(tables.User.id)


async def _keep(work: Work, user: tables.User, profile: Profile, tokens: Tokens) -> None:
    """Keep an account of a person whose row is locked, and what its provider says of them where we know nothing."""
    known = await work.scalar(select(tables.Account).where(*_same(profile)).with_for_update())
    if known and known.user_id != user.id:
        raise AccountTaken
    account = known or tables.Account(
        id=new_id(), user_id=user.id, provider=profile.provider, provider_account_id=profile.account_id
    )
    account.name = profile.username or profile.email or profile.name
    provider_tokens.seal(work.keyring, account, tokens)
    if known is None:
        await work.add(account)
        work.audit("account_linked", account)
    if user.email_verified_at is None and profile.email and user.email.lower() == profile.email.lower():
        user.email_verified_at = datetime.now(UTC)
    user.avatar_url = user.avatar_url or profile.avatar_url
    if user.username is None and profile.username:
        await _name(work, user, username=profile.username)
    if profile.github_login and user.github_login != profile.github_login:
        await _name(work, user, github_login=profile.github_login)
    await identities.prove(work, user, email=profile.email, login=profile.github_login)


async def _name(work: Work, user: tables.User, **name: str) -> None:
    """Give a person a name that is theirs alone, unless somebody has it."""
    session = await work.session()
    try:
        async with session.begin_nested():
            await session.execute(
                update(tables.User).where(tables.User.id == user.id).values(name).execution_options(**APART)
            )
    except IntegrityError:
        pass  # then they go without it


def _same(profile: Profile) -> tuple[Any, ...]:
    account = tables.Account
    return account.provider == profile.provider, account.provider_account_id == profile.account_id

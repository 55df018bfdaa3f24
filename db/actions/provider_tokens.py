"""The tokens that providers gave for people's accounts: sealed where they are kept, and refreshed when they are used.

Each is sealed for its user (`db.sealed`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, null, or_, select, update

from db import tables
from db.access import GUEST
from db.engine import Database
from db.errors import NotFound
from db.keyring import Keyring
from db.queue.declared import job
from db.queue.steps import Steps
from db.sealed import Sealed
from db.write import Work

EARLY = timedelta(seconds=60)
"""A token is refreshed so long before its end: a request with it takes time."""
REFRESHING_FOR = timedelta(seconds=15)
"""How long somebody who refreshes may take, until another does: longer than a provider is waited for."""
LOOK = 0.05
"""Seconds between two looks at whether somebody else has refreshed a token."""
FITTING = 1_000

Account = tables.Account
SEALED = Sealed(Account, ("access_token", "refresh_token"), owner="user_id")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of an account, as a provider gives them."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    scope: str | None = None


class TokensRefused(Exception):  # noqa: N818  (named for what happened)
    """The provider refuses a refresh token, as it was used before or taken back."""


class NoToken(NotFound):
    """There is no token of this account that holds: its owner has to sign in with the provider again."""

    default = "Sign in with this provider again."


Refresh = Callable[[str, str], Awaitable[Tokens]]
"""Asks the provider of this name for new tokens with a refresh token; raises TokensRefused."""


def seal(keyring: Keyring, account: Account, tokens: Tokens) -> None:
    """Put tokens into an account that has its key. A provider that gives no new refresh token lets the old one hold."""
    SEALED.put(keyring, account, "access_token", tokens.access)
    if tokens.refresh:
        SEALED.put(keyring, account, "refresh_token", tokens.refresh)
    account.expires_at, account.scope = tokens.expires_at, (tokens.scope or "")[:FITTING] or None
    account.refreshing_until = None


async def fresh_token(database: Database, account_id: UUID, refresh: Refresh) -> str:
    """An access token of an account that holds. One that ends soon is refreshed first, once for all who ask.

    Nothing is locked while the provider is asked: the one who asks it has noted so in the row. Raises NoToken where
    there is none, which is so too once the provider has refused to give another.
    """
    async with asyncio.timeout(2 * REFRESHING_FOR.total_seconds()):
        while True:
            async with database.work(GUEST) as work:
                account = await work.scalar(select(Account).where(Account.id == account_id))
                if account is None or (token := SEALED.text(work.keyring, account, "access_token")) is None:
                    raise NoToken
                if not _ends_soon(account):
                    return token
                is_ours = await _begins(work, account)
            if is_ours:
                return await _refreshed(database, account, refresh)
            await asyncio.sleep(LOOK)


async def _begins(work: Work, account: Account) -> bool:
    """Whether this process is the one that refreshes now; raises NoToken where it cannot be done."""
    if account.refresh_token is None:
        raise NoToken
    noted = update(Account).where(_is(account), _is_free()).values(refreshing_until=func.now() + REFRESHING_FOR)
    return await work.scalar(noted.returning(Account.id)) is not None


async def _refreshed(database: Database, account: Account, refresh: Refresh) -> str:
    before = _is(account)
    try:
        token = SEALED.text(database.keyring, account, "refresh_token")
        tokens = await refresh(account.provider, token or "")
    except TokensRefused:
        await _write(database, before, dict.fromkeys((*SEALED.columns, "expires_at"), null()))
        raise NoToken from None
    except BaseException:
        await asyncio.shield(_write(database, before, {}))
        raise
    seal(database.keyring, account, tokens)
    await _write(database, before, {name: getattr(account, name) for name in (*SEALED.columns, "expires_at", "scope")})
    return tokens.access


async def _write(database: Database, before: ColumnElement[bool], values: Mapping[str, Any]) -> None:
    """Write what is known now of tokens, unless there are others meanwhile, and let others refresh them."""
    async with database.work(GUEST) as work:
        await work.execute(update(Account).where(before).values(refreshing_until=null(), **values))


def _is(account: Account) -> ColumnElement[bool]:
    """The account, with the tokens that it has."""
    return and_(Account.id == account.id, Account.access_token == account.access_token)


def _is_free() -> ColumnElement[bool]:
    """Nobody refreshes the tokens."""
    return or_(Account.refreshing_until.is_(None), Account.refreshing_until < func.now())


def _ends_soon(account: Account) -> bool:
    return account.expires_at is not None and account.expires_at < datetime.now(UTC) + EARLY


@job(cron="23 3 * * *", at_once=1)
async def seal_tokens_anew(steps: Steps) -> None:
    """Seal tokens with the secret in use that are sealed with an older one, which then can be taken away."""
    await SEALED.seal_anew(steps, _is_free())

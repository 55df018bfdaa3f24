"""The exchange with the token endpoint of a provider: a code becomes tokens, and a refresh token others."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client

from app.oauth.failures import unusable
from app.oauth.web import Web
from db.actions.provider_tokens import Tokens

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_TOKEN = 2**14
TEN_YEARS = 10 * 365 * 24 * 60 * 60
"""Seconds; longer ones are no number of a date."""


class Refused(Exception):  # noqa: N818  (named for what happened)
    """The token endpoint refuses, with an error code of OAuth."""


class Exchange(OAuth2Client):  # type: ignore[misc]  # Authlib has no types
    """Authlib's client, which asks over our way to providers: with PKCE, and an error as an error whatever its status.

    One exchange has one: it keeps tokens.
    """

    def __init__(self, web: Web, **options: Any) -> None:
        super().__init__(session=None, code_challenge_method="S256", **options)
        self._web = web

    async def tokens(self, url: str, **parameters: Any) -> tuple[Tokens, Mapping[str, Any]]:
        """The tokens for a code, and the whole answer; raises Refused."""
        told = await self.fetch_token(url, **parameters)
        return tokens_in(told), told

    async def refreshed(self, url: str, refresh_token: str) -> Tokens:
        """The tokens for a refresh token; raises Refused."""
        return tokens_in(await self.refresh_token(url, refresh_token))

    async def _fetch_token(
        self, url: str, *, body: str, headers: Mapping[str, str], auth: ClientAuth, **_others: Any
    ) -> Mapping[str, Any]:
        url, headers, body = auth.prepare("POST", url, {**headers}, body)
        _status, told = await self._web.ask("POST", url, headers, body)
        if not isinstance(told, dict):
            raise unusable("the answer of the token endpoint is no object")
        if "error" in told:
            raise Refused(text_in(told, "error", longest=100))
        return told

    async def _refresh_token(self, url: str, refresh_token: str, **options: Any) -> Mapping[str, Any]:
        return await self._fetch_token(url, **options)


def tokens_in(told: Mapping[str, Any]) -> Tokens:
    """The tokens in an answer of a token endpoint; raises SignInFailed without one that we can use."""
    access, kind = text_in(told, "access_token", longest=LONGEST_TOKEN), text_in(told, "token_type", longest=100)
    if access is None or (kind or "bearer").lower() != "bearer":
        raise unusable("the answer of the token endpoint has no bearer token")
    refresh, scope = (text_in(told, name, longest=LONGEST_TOKEN) for name in ("refresh_token", "scope"))
    return Tokens(access, refresh, _ends_at(told.get("expires_in")), scope)


def text_in(told: Mapping[str, Any], name: str, *, longest: int) -> str | None:
    """A text that a provider says, without what no database takes; None where it is none, empty or too long."""
    value = told.get(name)
    if not isinstance(value, str):
        return None
    cleaned = CONTROL.sub("", value.encode(errors="ignore").decode()).strip()
    return cleaned if 0 < len(cleaned) <= longest else None


def _ends_at(seconds: Any) -> datetime | None:
    if isinstance(seconds, str) and seconds.isdecimal():
        seconds = int(seconds[:12])
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= TEN_YEARS:
        return None
    return datetime.now(UTC) + timedelta(seconds=seconds)

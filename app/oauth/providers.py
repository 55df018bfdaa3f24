"""The providers that are configured, and what all of them do alike."""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from app.oauth.exchange import Exchange, Refused
from app.oauth.failures import Failure, SignInFailed, unusable
from app.oauth.settings import GITHUB, ProviderSettings
from app.oauth.web import Web
from db.actions.provider_tokens import Tokens, TokensRefused, fresh_token
from db.actions.providers import Profile
from db.engine import Database

SPENT = {"invalid_grant", "bad_refresh_token"}
"""Error codes for a refresh token that holds no more; the second is GitHub's."""


class Provider(Protocol):
    """A provider with whose accounts people sign in."""

    name: str
    settings: ProviderSettings
    web: Web

    async def exchange(self, redirect_uri: str = "") -> Exchange:
        """A new exchange with it."""
        ...

    async def token_endpoint(self) -> str:
        """The address that gives tokens."""
        ...

    async def address(self, exchange: Exchange, *, state: str, verifier: str, nonce: str) -> str:
        """The address to which a person is led, to say there who they are."""
        ...

    async def profile(self, tokens: Tokens, told: Mapping[str, Any], *, nonce: str) -> Profile:
        """The account that the tokens are of, as far as the provider tells."""
        ...


async def begun(provider: Provider, *, redirect_uri: str, state: str, verifier: str, nonce: str) -> str:
    """The address at which a sign-in goes on; raises SignInFailed."""
    exchange = await provider.exchange(redirect_uri)
    return await provider.address(exchange, state=state, verifier=verifier, nonce=nonce)


async def identified(
    provider: Provider, code: str, *, redirect_uri: str, verifier: str, nonce: str
) -> tuple[Profile, Tokens]:
    """The account that a code stands for, and its tokens; raises SignInFailed."""
    exchange = await provider.exchange(redirect_uri)
    proof = {"code": code, "code_verifier": verifier, "grant_type": "authorization_code"}
    try:
        tokens, told = await exchange.tokens(await provider.token_endpoint(), redirect_uri=redirect_uri, **proof)
    except Refused as error:
        raise unusable(f"the token endpoint says {error}") from None
    return await provider.profile(tokens, told, nonce=nonce), tokens


class Providers:
    """Those that are configured, by name."""

    def __init__(self, settings: Mapping[str, ProviderSettings], web: Web, database: Database) -> None:
        from app.oauth.github import GitHub
        from app.oauth.openid import OpenID

        self.database = database
        self.by_name: dict[str, Provider] = {
            name: (GitHub if name == GITHUB else OpenID)(name, one, web) for name, one in settings.items()
        }

    async def token(self, account_id: UUID) -> str:
        """An access token of an account that holds, to ask its provider with; raises NoToken, and SignInFailed."""
        return await fresh_token(self.database, account_id, self.refresh)

    async def refresh(self, name: str, refresh_token: str) -> Tokens:
        """New tokens of a provider; raises TokensRefused where it will give no more, and SignInFailed."""
        if (provider := self.by_name.get(name)) is None:
            raise SignInFailed(Failure.PROVIDER_UNAVAILABLE, "it is not configured any more")
        exchange = await provider.exchange()
        try:
            return await exchange.refreshed(await provider.token_endpoint(), refresh_token)
        except Refused as error:
            if str(error) in SPENT:
                raise TokensRefused from None
            raise unusable(f"the token endpoint says {error}") from None

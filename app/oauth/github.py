"""GitHub, or GitHub Enterprise: OAuth 2 without OpenID. People and their addresses are asked for of its API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.oauth.exchange import Exchange, text_in
from app.oauth.failures import unusable
from app.oauth.profiles import address_in, picture_in
from app.oauth.settings import ISSUERS, ProviderSettings
from app.oauth.web import Web
from db.actions.provider_tokens import Tokens
from db.actions.providers import Profile

SCOPE = "read:user user:email"
HIDDEN = "@users.noreply.github.com"
"""The end of addresses at which nobody is reached."""


@dataclass
class GitHub:
    """A provider, see `app.oauth.providers.Provider`."""

    name: str
    settings: ProviderSettings
    web: Web

    @property
    def api(self) -> str:
        """The address of the API."""
        issuer = self.settings.issuer
        return "https://api.github.com" if issuer == ISSUERS[self.name] else f"{issuer}/api/v3"

    async def exchange(self, redirect_uri: str = "") -> Exchange:
        """A new exchange, in which we say who we are in the body."""
        return Exchange(
            self.web,
            client_id=self.settings.client_id,
            client_secret=self.settings.client_secret,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106  (the name of a method)
            redirect_uri=redirect_uri,
        )

    async def token_endpoint(self) -> str:
        """The address that gives tokens."""
        return f"{self.settings.issuer}/login/oauth/access_token"

    async def address(self, exchange: Exchange, *, state: str, verifier: str, nonce: str) -> str:
        """The address to which a person is led. GitHub knows no nonce, as it gives no `id_token`."""
        url = f"{self.settings.issuer}/login/oauth/authorize"
        found, _state = exchange.create_authorization_url(url, state=state, code_verifier=verifier, scope=SCOPE)
        return str(found)

    async def profile(self, tokens: Tokens, told: Mapping[str, Any], *, nonce: str) -> Profile:
        """The person, and of their addresses the primary one if it is verified, or else another that is."""
        user = await self.web.get(f"{self.api}/user", token=tokens.access)
        if not isinstance(user, dict) or type(key := user.get("id")) is not int:
            raise unusable("it does not say who this is")
        login = text_in(user, "login", longest=100)
        return Profile(
            provider=self.name,
            account_id=str(key),
            email=await self._address(tokens.access),
            name=text_in(user, "name", longest=200),
            username=login,
            avatar_url=picture_in(user, "avatar_url"),
            github_login=login,
        )

    async def _address(self, token: str) -> str | None:
        emails = await self.web.get(f"{self.api}/user/emails?per_page=100", token=token)
        if not isinstance(emails, list):
            raise unusable("it does not say which addresses there are")
        verified = [one for one in emails if isinstance(one, dict) and one.get("verified") is True]
        verified.sort(key=lambda one: one.get("primary") is not True)
        found = (address_in(one, "email") for one in verified)
        return next((address for address in found if address and not address.lower().endswith(HIDDEN)), None)

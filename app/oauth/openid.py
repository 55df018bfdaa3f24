"""Providers that speak OpenID Connect, such as Google: their metadata say where all is, an `id_token` who somebody is.

Its signature is checked with the keys of the provider, and that it was made by it, for us, for this sign-in, and just
now (OpenID Connect Core 1.0, 3.1.3.7).
"""

import asyncio
import time
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.oauth.exchange import LONGEST_TOKEN, Exchange, text_in
from app.oauth.failures import unusable
from app.oauth.profiles import address_in, picture_in
from app.oauth.settings import ProviderSettings
from app.oauth.web import Web
from db.actions.provider_tokens import Tokens
from db.actions.providers import Profile

SCOPE = "openid email profile"
ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
"""Signatures that only the provider can make: `none` is no signature, and with HS256 our secret would be the key."""
CACHED_FOR = 3600.0
"""Seconds for which metadata and keys of a provider are cached."""
KEYS_AT_LEAST_FOR = 30.0
"""Seconds until keys are asked for again where a token is signed with one that is not among them."""
LEEWAY = 60
"""Seconds by which clocks may differ."""
Document = dict[str, Any]


class OpenID:
    """A provider, see `app.oauth.providers.Provider`."""

    def __init__(self, name: str, settings: ProviderSettings, web: Web) -> None:
        self.name = name
        self.settings = settings
        self.web = web
        self._metadata: tuple[Document, float] = {}, 0.0
        self._keys: tuple[KeySet | None, float] = None, 0.0
        self._turn = asyncio.Lock()

    async def exchange(self, redirect_uri: str = "") -> Exchange:
        """A new exchange, in which we say who we are as the provider wants it."""
        methods = (await self.metadata()).get("token_endpoint_auth_methods_supported")
        is_posted = isinstance(methods, list) and "client_secret_basic" not in methods
        return Exchange(
            self.web,
            client_id=self.settings.client_id,
            client_secret=self.settings.client_secret,
            token_endpoint_auth_method="client_secret_post" if is_posted else "client_secret_basic",
            redirect_uri=redirect_uri,
        )

    async def token_endpoint(self) -> str:
        """The address that gives tokens."""
        return self._endpoint(await self.metadata(), "token_endpoint")

    async def address(self, exchange: Exchange, *, state: str, verifier: str, nonce: str) -> str:
        """The address to which a person is led."""
        url = self._endpoint(await self.metadata(), "authorization_endpoint")
        found, _state = exchange.create_authorization_url(
            url, state=state, code_verifier=verifier, nonce=nonce, scope=SCOPE
        )
        return str(found)

    async def profile(self, tokens: Tokens, told: Mapping[str, Any], *, nonce: str) -> Profile:
        """The person of the `id_token`, whose address the endpoint `userinfo` tells where the token does not."""
        claims = await self._claims(text_in(told, "id_token", longest=LONGEST_TOKEN) or "", nonce)
        if "email" not in claims and "userinfo_endpoint" in (metadata := await self.metadata()):
            user = await self.web.get(self._endpoint(metadata, "userinfo_endpoint"), token=tokens.access)
            if not isinstance(user, dict) or user.get("sub") != claims["sub"]:
                raise unusable("userinfo is of somebody else")
            claims = {**user, **claims}
        said = claims.get("email_verified")
        is_verified = said is True or said == "true"  # some say it so
        return Profile(
            provider=self.name,
            account_id=str(claims["sub"]),
            email=address_in(claims, "email") if is_verified else None,
            name=text_in(claims, "name", longest=200),
            username=text_in(claims, "preferred_username", longest=100),
            avatar_url=picture_in(claims, "picture"),
        )

    async def metadata(self) -> Document:
        """The metadata of the provider (OpenID Connect Discovery 1.0), cached for an hour."""
        async with self._turn:
            found, until = self._metadata
            if until < time.monotonic():
                found = await self._document(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self.settings.issuer:
                    raise unusable("its metadata are those of another issuer")
                self._metadata = found, time.monotonic() + CACHED_FOR
        return found

    async def _claims(self, id_token: str, nonce: str) -> Document:
        """The claims of an `id_token`; raises SignInFailed where it does not hold."""
        try:
            token = await self._verified(id_token)
            mine = {"essential": True, "value": self.settings.client_id}
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY,
                iss={"essential": True, "value": self.settings.issuer},
                aud=mine,  # type: ignore[arg-type]  # one of several may be ours
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
            ).validate(token.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise unusable(f"the id_token does not hold: {type(error).__name__}") from None
        claims = token.claims
        if not compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise unusable("the id_token is of another sign-in")
        if claims.get("azp", self.settings.client_id) != self.settings.client_id:
            raise unusable("the id_token is for somebody else")
        if text_in(claims, "sub", longest=255) != claims["sub"]:
            raise unusable("the id_token does not say who this is")
        return claims

    async def _verified(self, id_token: str) -> jwt.Token:
        """A token whose signature is that of the provider. A key that is new is looked for once more."""
        said = (await self.metadata()).get("id_token_signing_alg_values_supported")
        algorithms = sorted(ALGORITHMS.intersection(map(str, said)) if isinstance(said, list) else {"RS256"})
        try:
            return jwt.decode(id_token, await self._key_set(CACHED_FOR), algorithms)
        except (JoseError, ValueError):
            return jwt.decode(id_token, await self._key_set(KEYS_AT_LEAST_FOR), algorithms)

    async def _key_set(self, no_older_than: float) -> KeySet:
        """The keys of the provider, as they were so many seconds ago at the most."""
        url = self._endpoint(await self.metadata(), "jwks_uri")
        async with self._turn:
            keys, since = self._keys
            if keys is None or since + no_older_than < time.monotonic():
                keys = KeySet.import_key_set(await self._document(url))  # type: ignore[arg-type]  # it is checked there
                self._keys = keys, time.monotonic()
        return keys

    async def _document(self, url: str) -> Document:
        found = await self.web.get(url)
        if not isinstance(found, dict):
            raise unusable("a document is no object")
        return found

    def _endpoint(self, metadata: Mapping[str, Any], name: str) -> str:
        """An address in the metadata, over TLS unless the provider itself is reached without."""
        url = text_in(metadata, name, longest=2_000) or ""
        if urlsplit(url).scheme not in {"https", urlsplit(self.settings.issuer).scheme}:
            raise unusable(f"its metadata have no {name}")
        return url

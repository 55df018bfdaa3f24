"""What an `id_token` has to be for us to believe it."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.responses import JSONResponse

from app.oauth import openid
from app.oauth.failures import SignInFailed
from app.oauth.openid import OpenID
from app.oauth.providers import begun, identified
from app.oauth.settings import ProviderSettings
from app.oauth.web import Web
from db.actions.providers import Profile
from tests.app.oauth.fakes import CLIENT, FakeOpenID, running
from tests.app.serving import PLAIN

HERE = "https://trellis.example/auth/acme/callback"
OTHER = RSAKey.generate_key(2048, {"kid": "first"})


@pytest.fixture
async def acme() -> AsyncIterator[FakeOpenID]:
    async with running(FakeOpenID()) as fake:
        fake.add("ada", "ada@example.com", picture="https://pictures.example/ada.png")
        yield fake


async def signed_in(acme: FakeOpenID, provider: OpenID | None = None) -> Profile:
    """What we make of what the provider says; raises SignInFailed."""
    async with Web() as web:
        provider = provider or OpenID("acme", ProviderSettings(**CLIENT, issuer=acme.address), web)
        proofs = {"redirect_uri": HERE, "verifier": "v" * 43, "nonce": "n" * 43}
        there = await begun(provider, state="s" * 43, **proofs)
        async with httpx.AsyncClient(verify=PLAIN) as person:
            back = (await person.get(there)).headers["location"]
        profile, _tokens = await identified(provider, parse_qs(urlsplit(back).query)["code"][0], **proofs)
    return profile


async def refused(acme: FakeOpenID) -> str:
    with pytest.raises(SignInFailed) as failed:
        await signed_in(acme)
    return f"{failed.value.failure}: {failed.value.because}"


async def test_what_it_says_is_believed(acme: FakeOpenID) -> None:
    found = await signed_in(acme)
    assert found == Profile("acme", "ada", "ada@example.com", "Ada", avatar_url="https://pictures.example/ada.png")


LIES: dict[str, tuple[dict[str, Any], str]] = {
    "for another": ({"aud": "somebody-else"}, "InvalidClaimError"),
    "for nobody": ({"aud": None}, "MissingClaimError"),
    "for us and another, who asked": ({"aud": ["trellis", "other"], "azp": "other"}, "is for somebody else"),
    "by another": ({"iss": "https://evil.example"}, "InvalidClaimError"),
    "of another sign-in": ({"nonce": "m" * 43}, "of another sign-in"),
    "of no sign-in": ({"nonce": None}, "of another sign-in"),
    "of many sign-ins": ({"nonce": ["n" * 43]}, "of another sign-in"),
    "too old": ({"exp": time.time() - 61}, "ExpiredTokenError"),
    "for ever": ({"exp": None}, "MissingClaimError"),
    "not yet": ({"nbf": time.time() + 86_400}, "InvalidClaimError"),  # later than the last test runs
    "of nobody": ({"sub": None}, "MissingClaimError"),
    "of a number": ({"sub": 5}, "InvalidClaimError"),
    "of a blank": ({"sub": " ada"}, "does not say who"),
    "of somebody with a long id": ({"sub": "x" * 256}, "does not say who"),
}


@pytest.mark.parametrize(("lie", "because"), LIES.values(), ids=LIES)
async def test_a_lie_is_found(acme: FakeOpenID, lie: dict[str, Any], because: str) -> None:
    acme.lie = lambda claims: claims.update(lie)
    found = await refused(acme)
    assert found.startswith("PROVIDER_FAILED: ")
    assert because in found


def _unsigned(acme: FakeOpenID, claims: dict[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), ""])


FORGERIES: dict[str, Callable[[FakeOpenID, dict[str, Any]], str]] = {
    "signed by nobody": _unsigned,
    "signed with another key": lambda acme, claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, OTHER),
    "signed with our secret": lambda acme, claims: jwt.encode(
        {"alg": "HS256"}, claims, OctKey.import_key(CLIENT["client_secret"].ljust(32))
    ),
    "signed with the key that everybody sees": lambda acme, claims: jwt.encode(
        {"alg": "HS256", "kid": "first"}, claims, OctKey.import_key(acme.key.as_pem(private=False).hex())
    ),
    "no token": lambda acme, claims: "a.b",
    "nothing": lambda acme, claims: "",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_forgery_is_found(acme: FakeOpenID, forge: Callable[[FakeOpenID, dict[str, Any]], str]) -> None:
    acme.sign = forge
    assert (await refused(acme)).startswith("PROVIDER_FAILED: the id_token does not hold")


async def test_the_clocks_may_differ_by_a_minute(acme: FakeOpenID) -> None:
    acme.lie = lambda claims: claims.update(exp=int(time.time()) - 30)
    assert (await signed_in(acme)).account_id == "ada"


@pytest.mark.parametrize(("said", "is_verified"), [(True, True), ("true", True), (False, False), ("false", False)])
async def test_an_address_counts_where_it_is_verified(acme: FakeOpenID, said: Any, is_verified: bool) -> None:
    acme.claims["ada"]["email_verified"] = said
    assert (await signed_in(acme)).email == ("ada@example.com" if is_verified else None)


@pytest.mark.parametrize("said", [None, 1, "yes", [True], {}])
async def test_whatever_else_is_said_of_an_address_is_no_proof(acme: FakeOpenID, said: Any) -> None:
    acme.claims["ada"]["email_verified"] = said
    assert (await signed_in(acme)).email is None


@pytest.mark.parametrize("email", ["ada", "@", "a@b c", "x" * 300 + "@example.com", 5, None, ["ada@example.com"]])
async def test_what_is_no_address_is_none(acme: FakeOpenID, email: Any) -> None:
    acme.claims["ada"]["email"] = email
    assert (await signed_in(acme)).email is None


def silent(claims: dict[str, Any]) -> None:
    for name in ("email", "email_verified", "name"):
        del claims[name]


async def test_userinfo_tells_what_the_token_does_not(acme: FakeOpenID) -> None:
    acme.lie = silent
    found = await signed_in(acme)
    assert (found.email, found.name) == ("ada@example.com", "Ada")
    acme.answers["/userinfo"] = lambda _request: JSONResponse({**acme.claims["ada"], "sub": "ben"})
    assert await refused(acme) == "PROVIDER_FAILED: userinfo is of somebody else"


async def test_metadata_of_another_issuer_are_refused(acme: FakeOpenID) -> None:
    acme.answers["/.well-known/openid-configuration"] = lambda _request: JSONResponse(
        {"issuer": "https://evil.example"}
    )
    assert await refused(acme) == "PROVIDER_FAILED: its metadata are those of another issuer"


async def test_metadata_and_keys_are_asked_for_once_until_there_is_a_new_key(
    acme: FakeOpenID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Web() as web:
        provider = OpenID("acme", ProviderSettings(**CLIENT, issuer=acme.address), web)
        for _ in range(3):
            await signed_in(acme, provider)
        assert (acme.asked.count("/keys"), acme.asked.count("/.well-known/openid-configuration")) == (1, 1)
        acme.key = RSAKey.generate_key(2048, {"kid": "second"})
        acme.shown.append(acme.key)
        with pytest.raises(SignInFailed):  # it was asked just now
            await signed_in(acme, provider)
        assert acme.asked.count("/keys") == 1
        monkeypatch.setattr(openid, "KEYS_AT_LEAST_FOR", 0.0)
        await signed_in(acme, provider)
        assert acme.asked.count("/keys") == 2


async def test_an_address_without_tls_in_the_metadata_of_a_provider_with_it_is_not_asked(acme: FakeOpenID) -> None:
    async with Web() as web:
        provider = OpenID("acme", ProviderSettings(**CLIENT, issuer="https://login.example"), web)
        said = {"issuer": "https://login.example", "token_endpoint": f"{acme.address}/token"}
        provider._metadata = said, time.monotonic() + 60
        with pytest.raises(SignInFailed, match="no token_endpoint"):
            await provider.token_endpoint()

"""The settings of providers: what they have to say, and that the secrets in them are never shown."""

import pytest
from pydantic import ValidationError

from app.oauth.settings import ProviderSettings
from app.settings import Settings

SECRET = "GOCSPX-of-nobody"


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"TRELLIS_OAUTH__{name}", value)
    return Settings(database_url="postgresql://db", redis_url="redis://r")


def test_github_and_google_need_an_id_and_a_secret_only(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {f"{name}__CLIENT_{part}": SECRET for name in ("GITHUB", "GOOGLE") for part in ("ID", "SECRET")}
    assert settings(monkeypatch, **given).oauth == {
        "github": ProviderSettings(SECRET, SECRET, "https://github.com", "GitHub"),
        "google": ProviderSettings(SECRET, SECRET, "https://accounts.google.com", "Google"),
    }


def test_any_other_has_an_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"ACME__CLIENT_ID": "trellis", "ACME__CLIENT_SECRET": SECRET, "ACME__TITLE": "Acme Inc"}
    with pytest.raises(ValidationError, match="the issuer of acme"):
        settings(monkeypatch, **given)
    found = settings(monkeypatch, ACME__ISSUER="https://login.acme.example/realm").oauth["acme"]
    assert (found.issuer, found.title) == ("https://login.acme.example/realm", "Acme Inc")


@pytest.mark.parametrize(
    "variables",
    [
        {"GITHUB__CLIENT_ID": "trellis"},
        {"GITHUB__CLIENT_ID": "trellis", "GITHUB__CLIENT_SECRET": ""},
        {
            "GITHUB__CLIENT_ID": "trellis",
            "GITHUB__CLIENT_SECRET": SECRET,
            "GITHUB__ISSUER": "http://github.acme.example",
        },
        {"GITHUB__CLIENT_ID": "trellis", "GITHUB__CLIENT_SECRET": SECRET, "GITHUB__ISSUER": "github.acme.example"},
        {"SESSION__CLIENT_ID": "trellis", "SESSION__CLIENT_SECRET": SECRET, "SESSION__ISSUER": "https://a.example"},
        {"GITHUB__CLIENT_ID": "trellis", "GITHUB__CLIENT_SECRET": SECRET, "GITHUB__SCOPE": "repo"},
    ],
)
def test_what_makes_no_sense_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(monkeypatch, **variables)
    assert SECRET not in str(refused.value)


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch, GITHUB__CLIENT_ID="trellis", GITHUB__CLIENT_SECRET=SECRET)
    assert SECRET not in f"{found!r} {found} {found.oauth!r}"

"""The settings of a provider: what it knows us by, and where it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

GITHUB = "github"
ISSUERS = {GITHUB: "https://github.com", "google": "https://accounts.google.com"}
TITLES = {GITHUB: "GitHub"}
NAME = re.compile("[a-z0-9_-]{1,32}")
TAKEN = {"providers", "session"}
"""Names that are addresses below `/auth` already."""
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """An agreement of this installation with a provider."""

    client_id: str
    """The id that the provider has given us; `GITHUB` in the name of the variable stands for any provider: `GITHUB`,
    `GOOGLE`, or a name of yours for one that speaks OpenID Connect. To the provider our address is
    `https://…/auth/github/callback`."""
    client_secret: str = field(repr=False)
    """The secret that belongs to that id."""
    issuer: str = ""
    """The address of the provider: for GitHub Enterprise that of your server, for others the issuer, whose
    `/.well-known/openid-configuration` has all else. GitHub and Google have theirs. Whoever runs the provider says
    which addresses are verified, and so who people are."""
    title: str = ""
    """How people call it. Without one it is its name."""


def completed(providers: Mapping[str, ProviderSettings]) -> dict[str, ProviderSettings]:
    """The providers with what need not be said of them; raises ValueError for what makes no sense."""
    return {name: _completed(name, provider) for name, provider in providers.items()}


def _completed(name: str, provider: ProviderSettings) -> ProviderSettings:
    if not NAME.fullmatch(name) or name in TAKEN:
        raise ValueError("a provider is named by up to 32 letters, digits, - and _, and not `providers` or `session`")
    issuer = provider.issuer or ISSUERS.get(name, "")
    parts = urlsplit(issuer)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in LOOPBACK):
        raise ValueError(f"the issuer of {name} is an address such as https://login.example")
    if not provider.client_id or not provider.client_secret:
        raise ValueError(f"the provider {name} needs an id and a secret")
    return replace(provider, issuer=issuer, title=provider.title or TITLES.get(name, name.capitalize()))

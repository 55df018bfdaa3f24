"""Kinds of files by their paths: those that need a second look, tests, code, and what a program has written."""

import re
from collections.abc import Mapping


def _paths(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


def _words(*words: str) -> str:
    """Whole words of a path: `auth` is in `app/auth.py` and in `auth_tokens/`, and not in `authors.py`."""
    return rf"(?:^|[/_.-])(?:{'|'.join(words)})(?:$|[/_.-])"


SENSITIVE: Mapping[str, re.Pattern[str]] = {
    "who may do what": _paths(
        _words("auth", "authn", "authz", "oauth2?", "login", "sessions?", "permissions?", "access", "acl", "roles?")
    ),
    "secrets": _paths(
        _words("secrets?", "crypto", "keyring", "passwords?", "credentials?", "certs?"),
        r"(?:^|/)\.env",
        r"\.(?:pem|key)$",
    ),
    "money": _paths(_words("payments?", "billing", "invoices?", "checkout")),
    "the schema of data": _paths(_words("migrations?"), r"\.sql$"),
    "builds and releases": _paths(
        r"^\.github/(?:workflows|actions)/",
        r"(?:^|/)(?:\.gitlab-ci\.yml|Jenkinsfile|Dockerfile[^/]*)$",
        r"\.(?:tf|tfvars)$",
    ),
    "what it depends on": _paths(
        r"(?:^|/)(?:package\.json|pyproject\.toml|requirements[^/]*\.txt|go\.mod|Cargo\.toml|Gemfile|pom\.xml)$"
    ),
}
"""Files of which a fault costs more than elsewhere, by what they are about."""

TESTS = _paths(r"(?:^|/)(?:tests?|specs?|__tests__|e2e)/", r"(?:^|/)test_[^/]*$", r"[._-](?:test|spec)s?\.[a-z]+$")
CODE = _paths(r"\.(?:py|pyi|js|jsx|mjs|ts|tsx|go|rs|java|kt|rb|php|cs|swift|scala|c|h|cc|cpp|hpp|sh|sql|vue|svelte)$")
GENERATED = _paths(
    r"(?:^|/)(?:node_modules|vendor|dist|build|__generated__|generated)/",
    r"(?:^|/)(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|uv\.lock|Cargo\.lock|go\.sum|Gemfile\.lock)$",
    r"\.(?:min\.(?:js|css)|map|pb\.go|snap)$",
    r"_pb2(?:_grpc)?\.pyi?$",
)

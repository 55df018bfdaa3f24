"""Servers that people sign in to with providers, and the browsers in which they do."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.cookies import SESSION
from app.oauth.settings import ProviderSettings
from tests.app.oauth.fakes import CLIENT, FakeGitHub, FakeOpenID, running
from tests.app.serving import PLAIN, Served, serving
from tests.deadline import DEADLINE


@pytest.fixture
async def github() -> AsyncIterator[FakeGitHub]:
    async with running(FakeGitHub()) as fake:
        fake.add("ada", "ada@example.com")
        fake.add("newcomer", "New.Comer@example.com", name="New Comer", avatar_url="https://pictures.example/new.png")
        yield fake


@pytest.fixture
async def acme() -> AsyncIterator[FakeOpenID]:
    async with running(FakeOpenID()) as fake:
        fake.add("ada", "ada@example.com")
        fake.add("newcomer", "new.comer@example.com", name="New Comer", preferred_username="comer")
        yield fake


def of(issuer: str, **more: Any) -> ProviderSettings:
    return ProviderSettings(**{**CLIENT, "issuer": issuer, **more})


@pytest.fixture
async def signing(
    database_url: str, redis_url: str, prefix: str, github: FakeGitHub, acme: FakeOpenID
) -> AsyncIterator[Served]:
    """A server with both providers."""
    oauth = {"github": of(github.address), "acme": of(acme.address, title="Acme")}
    async with serving(database_url, redis_url, redis_prefix=prefix, oauth=oauth, credential_interval=0.1) as served:
        yield served


@dataclass
class Tab:
    """A browser that keeps the cookies of the server, with or without TLS, as browsers do on loopback."""

    served: Served
    client: httpx.AsyncClient
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, url: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(url, headers=named)

    async def begin(self, provider: str, back: str | None = None, **headers: str) -> str:
        """The address at the provider to which a sign-in leads."""
        query = "" if back is None else f"?{httpx.QueryParams({'return': back})}"
        answer = await self.get(f"/auth/{provider}{query}", **headers)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def agree(self, there: str) -> str:
        """The address to which the provider leads back."""
        async with httpx.AsyncClient(verify=PLAIN, timeout=DEADLINE) as client:
            answer = await client.get(there)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def end(self, back: str, **headers: str) -> str:
        """The page that follows."""
        answer = await self.get(back, **headers)
        assert answer.status_code == 303, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return str(answer.headers["location"])

    async def sign_in(self, provider: str, back: str | None = None) -> str:
        """The page that follows all of it."""
        return await self.end(await self.agree(await self.begin(provider, back)))

    async def who(self) -> Any:
        """What the graph says of the person who looks at the page."""
        query = "{ viewer { name email username githubLogin avatarUrl accounts { nodes { provider name } } } }"
        answer = await self.client.post("/graphql", json={"query": query})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["viewer"]

    @property
    def session(self) -> str | None:
        """The token in the cookie."""
        return self.cookies.get(SESSION)

    async def send(self, request: httpx.Request) -> None:
        """Put the cookies into a request."""
        if self.cookies:
            request.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    async def keep(self, response: httpx.Response) -> None:
        """Take the cookies out of an answer."""
        for line in response.headers.get_list("set-cookie"):
            for name, cookie in SimpleCookie(line).items():
                if cookie["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = cookie.value


@asynccontextmanager
async def tab(served: Served) -> AsyncIterator[Tab]:
    """A browser of its own."""
    async with served.client() as client:
        opened = Tab(served, client)
        client.event_hooks = {"request": [opened.send], "response": [opened.keep]}
        yield opened


@pytest.fixture
async def browser_tab(signing: Served) -> AsyncIterator[Tab]:
    async with tab(signing) as opened:
        yield opened


def parameter(url: str, name: str) -> str:
    """A parameter of an address."""
    return parse_qs(urlsplit(url).query)[name][0]


@pytest.fixture(scope="session")
def mock() -> Iterator[str]:
    """The address of an OpenID provider that others have written."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  (ours)
    address = f"http://127.0.0.1:{port}"
    try:
        transport = httpx.HTTPTransport(retries=10)  # it comes up meanwhile
        with httpx.Client(transport=transport, timeout=DEADLINE) as client:
            client.get(f"{address}/.well-known/openid-configuration").raise_for_status()
        yield address
    finally:
        process.terminate()
        process.wait(DEADLINE)

"""Running servers for the tests of the process."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from app import cli
from db.prepared import Prepared
from tests.app.browser import PROGRAM, Browser, chromium
from tests.app.serving import NO_DATABASE, Served, serving

Run = Callable[..., None]


class Clock:
    """Seconds that pass when the test says so."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str) -> Run:
    """Runs a command on the test's own database, and raises SystemExit for a command that fails."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)

    def main(*arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["trellis", *arguments])
        try:
            cli.main()
        except SystemExit as end:
            if end.code:
                raise

    return main


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are sent to PostgreSQL from here on, but for those of sessions."""
    sent, fetch = list[str](), Prepared.fetch

    async def noting(self: Prepared, statement: str, *arguments: Any, **options: Any) -> Any:
        sent.append(statement)
        return await fetch(self, statement, *arguments, **options)

    monkeypatch.setattr(Prepared, "fetch", noting)
    return sent


@pytest.fixture
async def served(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """The server with its default settings, over the test's own database."""
    async with serving(database_url, redis_url) as running:
        yield running


@pytest.fixture
async def bare(redis_url: str) -> AsyncIterator[Served]:
    """A server that cannot reach its database: for what must never need it, and to be quick about it."""
    async with serving(NO_DATABASE, redis_url) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all that this worker visits."""
    if PROGRAM is None:
        pytest.skip("no Chromium on this machine")
    with chromium(PROGRAM) as running:
        yield running


@pytest.fixture
def prefix() -> str:
    """The start of this test's own channels and keys in Redis."""
    return f"{uuid4().hex}:"


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    """The server, asked directly, without the client's timeouts: they can swallow those of a test."""
    async with Redis.from_url(redis_url, decode_responses=True, socket_timeout=None) as client:
        yield client

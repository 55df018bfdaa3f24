"""Running servers for the tests of the process."""

from collections.abc import AsyncIterator

import pytest

from tests.app.serving import NO_DATABASE, Served, serving


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

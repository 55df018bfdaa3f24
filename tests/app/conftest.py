"""A running server for each test of the process."""

from collections.abc import AsyncIterator

import pytest

from tests.app.serving import Served, serving


@pytest.fixture
async def served(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """The server with its default settings, over the test's own database."""
    async with serving(database_url, redis_url) as running:
        yield running

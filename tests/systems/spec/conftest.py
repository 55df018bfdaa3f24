"""A running server, for what a system promises beyond the graph itself."""

from collections.abc import AsyncIterator

import pytest

from tests.app.serving import Served, serving


@pytest.fixture
async def served(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """The product, running over the small world."""
    async with serving(database_url, redis_url) as running:
        yield running

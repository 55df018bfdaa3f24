"""The memory of what clients have sent, on the real server."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from app.persisted.automatic import Automatic


@pytest.fixture
def prefix() -> str:
    """Keys of this test's own."""
    return f"{uuid4().hex}:"


@pytest.fixture
async def automatic(redis_url: str, prefix: str) -> AsyncIterator[Automatic]:
    async with Automatic(redis_url, prefix=prefix) as opened:
        yield opened


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    """The server, asked directly."""
    async with Redis.from_url(redis_url, decode_responses=True, socket_timeout=None) as client:
        yield client

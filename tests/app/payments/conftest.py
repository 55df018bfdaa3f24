"""A server that a provider of payments tells what it signs."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from app.payments.signatures import signed
from tests.app.serving import Served, serving

SECRET, NEXT = "the-secret-that-the-provider-signs-with", "the-next-secret-that-the-provider-signs-with"


@pytest.fixture
async def host(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """A server that knows the provider `test`, with two secrets, and runs no jobs."""
    async with serving(database_url, redis_url, payments=(f"test:{SECRET}", f"test:{NEXT}")) as running:
        yield running


async def told(
    host: Served, content: Any, *, provider: str = "test", secret: str = SECRET, late: int = 0, **headers: str
) -> httpx.Response:
    """The answer to a provider that tells something: an event, or any bytes."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    given = {"stripe_signature": signed(body, [secret], at=int(time.time()) - late)} | headers
    return await host.send("POST", f"/webhooks/payments/{provider}", content=body, **given)

"""A server that GitHub tells what it signs for Analytical."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from app.webhooks.signatures import HEADER, signed
from db.actions import webhook_secrets
from tests.app.serving import Served, serving
from tests.world import World


@pytest.fixture
async def host(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """A server that runs no jobs."""
    async with serving(database_url, redis_url) as running:
        yield running


@pytest.fixture
async def secret(host: Served, world: World) -> str:
    """The secret of Analytical."""
    return await rotated(host, world)


async def rotated(host: Served, world: World, name: str = "analytical", who: str = "ada") -> str:
    """A new secret of an organization."""
    async with host.app.database.work(world.viewer(who)) as work:
        found = await work.get(type(world.analytical), getattr(world, name).public_id, at="id", lock=True)
        return await webhook_secrets.rotate(work, found)


async def told(
    host: Served,
    content: Any,
    secret: str,
    *,
    slug: str = "analytical",
    event: str = "push",
    delivery: str = "d-1",
    **headers: str,
) -> httpx.Response:
    """The answer to GitHub, which tells something: a message, or any bytes."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    name = HEADER.lower().replace("-", "_")
    given = {name: signed(body, secret), "x_github_event": event, "x_github_delivery": delivery} | headers
    return await host.send("POST", f"/webhooks/github/{slug}", content=body, **given)

"""A server with a folder for files."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.serving import Served, serving


@pytest.fixture
async def host(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(database_url, redis_url, media=tmp_path / "media") as running:
        yield running

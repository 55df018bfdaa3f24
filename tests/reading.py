"""One database for all tests of a module that keep nothing of what they write: import its `database_url`."""

import asyncio
from collections.abc import Iterator

import pytest

from db.embedded import Servers
from tests.conftest import TEMPLATE, _administer, _named, names
from tests.world import World


@pytest.fixture(scope="module")
def database_url(servers: Servers, template: World) -> Iterator[str]:
    """A database with the small world in it."""
    name = f"reading_{next(names)}"
    asyncio.run(_administer(servers, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    yield _named(servers.database_url, name)
    asyncio.run(_administer(servers, f"DROP DATABASE {name} WITH (FORCE)"))

"""Both paths over one database, for all examples of a module: no query changes anything."""

import asyncio
from collections.abc import Iterator

import pytest

from db.embedded import Servers
from tests.conftest import TEMPLATE, _administer, _named
from tests.graphql_schema.execution.both_paths import BothPaths, both_paths
from tests.world import World


@pytest.fixture(scope="package")
def both(servers: Servers, template: World) -> Iterator[BothPaths]:
    asyncio.run(_administer(servers, f"CREATE DATABASE both_paths TEMPLATE {TEMPLATE}"))
    with both_paths(_named(servers.database_url, "both_paths"), template) as opened:
        yield opened
    asyncio.run(_administer(servers, "DROP DATABASE both_paths WITH (FORCE)"))

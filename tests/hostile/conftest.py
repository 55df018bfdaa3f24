"""A server that everything is sent to, over a database of its own, for all examples of a module."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from tests.app.serving import Served, serving
from tests.conftest import TEMPLATE
from tests.databases import Databases
from tests.world import World

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """The server, asked from outside of its event loop; it only runs while it is asked."""

    runner: asyncio.Runner
    served: Served
    world: World

    def run(self, asking: Coroutine[Any, Any, T]) -> T:
        """The result of what is asked of the server."""
        return self.runner.run(asking)


@pytest.fixture(scope="module")
def target(databases: Databases, redis_url: str, template: World) -> Iterator[Target]:
    with targeted(databases.copy(TEMPLATE), redis_url, template) as found:
        yield found


@contextmanager
def targeted(database_url: str, redis_url: str, world: World, **others: Any) -> Iterator[Target]:
    """A server that refuses nobody for asking too often, with other settings than usual."""
    limits = {"rate_limit_mode": "off", "socket_limit": 10_000, **others}
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        served = runner.run(stack.enter_async_context(serving(database_url, redis_url, **limits)))
        yield Target(runner, served, world)
        runner.run(stack.aclose())

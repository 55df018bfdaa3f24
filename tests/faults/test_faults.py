"""Whatever breaks, every write is there once, and every listener hears of it once and in order, or is told of a gap.

Two processes share one PostgreSQL and one Valkey. Clients write and listen at both while something breaks.
"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.app.serving import until
from tests.app.spending import left, spend
from tests.deadline import DEADLINE
from tests.faults.crowd import crowd
from tests.faults.installation import POINTS, Installation, installed
from tests.graphql_schema.core.test_presence import comes_to, opened

SLACK = 5

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    async with installed(tmp_path_factory.mktemp("faults")) as found:
        yield found


async def test_who_stays_hears_everything_while_the_ways_to_redis_are_cut(installation: Installation) -> None:
    async with crowd(installation) as clients:
        for _ in range(3):
            for one in installation.processes:
                await clients.writes(random.randint(1, 3))
                await until(one.wire.reset)
        for one in installation.processes:
            await one.wire.close()
        await clients.writes(5)
        for one in installation.processes:
            await one.wire.open()
    assert (clients.gaps, clients.returns) == (0, 0)


async def test_a_slow_way_to_redis_keeps_the_order(installation: Installation) -> None:
    one, other = installation.processes
    async with crowd(installation) as clients:
        one.wire.delay = 0.3
        await clients.writes(10)
        one.wire.delay, other.wire.delay = 0, 0.3
        await clients.writes(10)
        other.wire.delay = 0
    assert (clients.gaps, clients.returns) == (0, 0)


async def test_a_process_that_is_killed_is_followed_by_others_which_its_clients_go_on_with(
    installation: Installation,
) -> None:
    async with crowd(installation, listeners=20) as clients:
        for _ in range(2):
            await clients.writes(random.randint(3, 9))
            await installation.kill(installation.processes[0])
            await clients.writes(5)
            await installation.start()
    assert clients.gaps == 0
    assert clients.returns


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
async def test_postgresql_that_restarts_under_writers_keeps_every_write_once(
    installation: Installation, stop: signal.Signals
) -> None:
    async with crowd(installation) as clients:
        await clients.writes(5)
        await installation.restart(installation.postgres, stop)
        await clients.writes(5)


async def test_who_stays_while_another_history_with_more_events_takes_over_begins_again_with_a_snapshot(
    installation: Installation,
) -> None:
    postgres = installation.postgres
    await installation.restart(postgres, signal.SIGINT, meanwhile=installation.fork_files)
    async with crowd(installation, writers=0) as others:
        await others.write_until(lambda: len(others.written) == 3)
    await installation.restart(postgres, signal.SIGINT, meanwhile=installation.swap_files)
    async with crowd(installation, writers=0) as clients:
        await clients.write_until(lambda: len(clients.written) == 2)
        await until(lambda: all(len(listener.comments) == 2 for listener in clients.listeners))
        await installation.restart(postgres, signal.SIGINT, meanwhile=installation.swap_files)
        clients.name, clients.written = others.name, others.written
    assert clients.gaps == len(clients.listeners)


async def test_valkey_that_restarts_empty_loses_no_event(installation: Installation) -> None:
    async with crowd(installation) as clients:
        await clients.writes(5)
        await installation.restart(installation.valkey, signal.SIGKILL)
        await clients.writes(5)
    assert (clients.gaps, clients.returns) == (0, 0)


async def test_valkey_that_restarts_empty_is_told_again_who_is_there(installation: Installation) -> None:
    one, other = (process.served for process in installation.processes)
    world = installation.world
    async with opened(one, world, "ada"), opened(other, world, "ben") as ben:
        await comes_to(ben, "Ada", "Ben")
        await installation.restart(installation.valkey, signal.SIGKILL)
        async with opened(one, world, "vera") as vera:
            await comes_to(ben, "Ada", "Ben", "Vera")
            await comes_to(vera, "Ada", "Ben", "Vera")


async def test_valkey_that_restarts_empty_counts_again_what_is_spent_at_all_processes(
    installation: Installation,
) -> None:
    for times in (3, 8):
        await installation.restart(installation.valkey, signal.SIGKILL)
        await is_counted_everywhere(installation, times=times)


async def is_counted_everywhere(installation: Installation, *, times: int) -> None:
    """Spend points at all processes, and wait until each knows of all of these, and of no others."""
    served, began = [process.served for process in installation.processes], time.monotonic()
    spent = sum([await spend(one, installation.world) for one in served for _ in range(times)])
    async with asyncio.timeout(DEADLINE):
        for one in served:
            while not -SLACK < await left(one, installation.world) - POINTS + spent < SLACK + time.monotonic() - began:
                spent += 1  # it costs a point to ask, and one is restored each second

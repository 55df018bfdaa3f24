"""Presence over Redis: every process comes to the same state, whatever is lost or killed on the way."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest

import app.presence
from app.presence import Presence
from graphql_schema.core.context import MAX_HERE, Here
from tests.app.killed import present
from tests.app.serving import until
from tests.app.wire import Wire
from tests.deadline import DEADLINE

PLACE = "document:1"
ADA, BEN, VERA = sorted(uuid4() for _ in range(3))

forked = multiprocessing.get_context("forkserver")
forked.set_forkserver_preload(["tests.app.killed"])


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis may take as long as a busy machine needs."""
    monkeypatch.setattr(app.presence, "TIMEOUT", DEADLINE)


def process(redis_url: str, prefix: str, **options: Any) -> Presence:
    """A process that is quick about it."""
    return Presence(redis_url, prefix=prefix, **{"interval": 0.05, **options})


@pytest.fixture
async def one(redis_url: str, prefix: str) -> AsyncIterator[Presence]:
    async with process(redis_url, prefix) as running:
        yield running


@pytest.fixture
async def other(redis_url: str, prefix: str) -> AsyncIterator[Presence]:
    async with process(redis_url, prefix) as running:
        yield running


async def comes_to(states: AsyncIterator[Here], *people: UUID, typing: tuple[UUID, ...] = ()) -> None:
    """Hear states until this is one."""
    async with asyncio.timeout(DEADLINE):
        while (await anext(states)) != Here(sorted(people), sorted(typing)):
            pass


async def test_people_of_two_processes_see_each_other(one: Presence, other: Presence) -> None:
    async with one.here(PLACE, ADA) as adas:
        await comes_to(adas, ADA)
        async with other.here(PLACE, BEN) as bens:
            await comes_to(bens, ADA, BEN)
            await comes_to(adas, ADA, BEN)
        await comes_to(adas, ADA)


async def test_who_comes_is_in_the_first_state_that_they_see(one: Presence) -> None:
    async with one.here(PLACE, ADA) as adas:
        await comes_to(adas, ADA)
        async with one.here(PLACE, BEN) as bens:
            assert await anext(bens) == Here(sorted((ADA, BEN)), [])


async def test_only_the_people_of_the_same_place_are_seen(one: Presence, other: Presence) -> None:
    async with one.here("document:2", ADA), other.here(PLACE, BEN) as bens, one.here(PLACE, VERA):
        await comes_to(bens, BEN, VERA)


async def test_who_is_there_on_several_devices_is_there_until_the_last_has_left(one: Presence, other: Presence) -> None:
    async with one.here(PLACE, ADA) as adas, one.here(PLACE, BEN):
        async with other.here(PLACE, BEN), other.here(PLACE, BEN), other.here(PLACE, VERA):
            await comes_to(adas, ADA, BEN, VERA)
        async with asyncio.timeout(DEADLINE):
            async for state in adas:
                assert BEN in state.people
                if VERA not in state.people:
                    break
    await until(lambda: not one._rooms and not other._rooms)


async def test_the_people_of_a_process_that_is_killed_are_gone_soon(redis_url: str, prefix: str) -> None:
    ours, theirs = forked.Pipe()
    killed = forked.Process(target=present, args=(redis_url, prefix, PLACE, BEN, 0.5, theirs))
    async with process(redis_url, prefix, life=0.5) as one, one.here(PLACE, ADA) as adas:
        killed.start()
        try:
            assert await asyncio.to_thread(ours.poll, DEADLINE)
            await comes_to(adas, ADA, BEN)
        finally:
            killed.kill()
        await comes_to(adas, ADA)
        await asyncio.to_thread(killed.join)


async def test_who_is_there_for_long_stays(redis_url: str, prefix: str, redis: Any) -> None:
    async with (
        process(redis_url, prefix, life=1.5) as one,
        process(redis_url, prefix, life=1.5) as other,
        one.here(PLACE, ADA) as adas,
        other.here(PLACE, BEN),
    ):
        await comes_to(adas, ADA, BEN)
        over = max([score for _, score in await redis.zrange(f"{{{prefix}presence}}:{PLACE}", 0, -1, withscores=True)])
        while (await redis.time())[0] * 1_000 < over:
            await one.reconcile()
            assert one._rooms[PLACE].here.people == [ADA, BEN]


async def test_all_see_who_types_and_it_ends_by_itself(redis_url: str, prefix: str) -> None:
    """Whichever process hears of it: a mutation comes over another connection than the socket of its sender."""
    async with (
        process(redis_url, prefix, typing=2) as one,
        process(redis_url, prefix, typing=2) as other,
        one.here(PLACE, ADA) as adas,
        one.here(PLACE, BEN) as bens,
    ):
        await comes_to(adas, ADA, BEN)
        other.type(PLACE, BEN)
        await comes_to(adas, ADA, BEN, typing=(BEN,))
        await comes_to(bens, ADA, BEN, typing=(BEN,))
        await comes_to(adas, ADA, BEN)


async def test_who_types_where_they_are_not_is_not_seen(one: Presence, other: Presence) -> None:
    async with one.here(PLACE, ADA) as adas:
        await comes_to(adas, ADA)
        other.type(PLACE, BEN)
        async with other.here(PLACE, VERA):
            await comes_to(adas, ADA, VERA)


async def test_who_types_is_noted_once_a_second(one: Presence, redis: Any) -> None:
    async with one.here(PLACE, ADA) as adas:
        await comes_to(adas, ADA)
        before = await calls(redis, "zadd")
        for _ in range(100):
            one.type(PLACE, ADA)
            one.type(PLACE, ADA)
        await comes_to(adas, ADA, typing=(ADA,))
        assert await calls(redis, "zadd") == before + 1


async def test_a_process_makes_one_call_for_all_of_its_sockets(redis_url: str, prefix: str, redis: Any) -> None:
    async with AsyncExitStack() as stack:
        one = process(redis_url, prefix)  # it is not entered, so that it makes no call by itself
        stack.push_async_callback(one._redis.aclose)
        people = [uuid4() for _ in range(200)]
        for number, person in enumerate(people):
            await stack.enter_async_context(one.here(f"document:{number % 50}", person))
        before = await calls(redis, "evalsha")
        await one.reconcile()
        assert await calls(redis, "evalsha") == before + 1


async def test_so_many_are_shown_and_no_more(one: Presence) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MAX_HERE + 1):
            states = await stack.enter_async_context(one.here(PLACE, uuid4()))
        async with asyncio.timeout(DEADLINE):
            while len((await anext(states)).people) < MAX_HERE:
                pass
        assert len(one._rooms[PLACE].here.people) == MAX_HERE


async def test_without_redis_a_process_shows_its_own_people_and_after_a_while_no_others(
    redis_url: str, prefix: str, other: Presence
) -> None:
    async with (
        Wire(redis_url) as wire,
        process(wire.url, prefix, life=1) as one,
        one.here(PLACE, ADA) as adas,
        other.here(PLACE, BEN),
    ):
        await comes_to(adas, ADA, BEN)
        await wire.close()
        await comes_to(adas, ADA)
        async with one.here(PLACE, VERA):
            await comes_to(adas, ADA, VERA)
            one.type(PLACE, VERA)
        await wire.open()
        await comes_to(adas, ADA, BEN)


async def test_a_redis_that_has_lost_everything_is_told_again(redis_url: str, prefix: str, redis: Any) -> None:
    async with (
        process(redis_url, prefix, life=1) as one,
        process(redis_url, prefix, life=1) as other,
        one.here(PLACE, ADA) as adas,
        other.here(PLACE, BEN),
    ):
        await comes_to(adas, ADA, BEN)
        await redis.delete(f"{{{prefix}presence}}:{PLACE}")
        async with asyncio.timeout(DEADLINE):
            while await redis.zcard(f"{{{prefix}presence}}:{PLACE}") < 2:
                pass


async def test_who_listens_slowly_gets_the_last_state_and_not_all(one: Presence) -> None:
    async with one.here(PLACE, ADA) as adas, one.here(PLACE, BEN) as bens:
        await comes_to(bens, ADA, BEN)
        for _ in range(3):
            async with one.here(PLACE, VERA):
                await comes_to(bens, ADA, BEN, VERA)
            await comes_to(bens, ADA, BEN)
        assert await anext(adas) == Here([ADA, BEN], [])


async def test_at_the_end_nothing_is_left_in_redis(redis_url: str, prefix: str, redis: Any) -> None:
    async with process(redis_url, prefix) as one, one.here(PLACE, ADA) as adas:
        await comes_to(adas, ADA)
        assert await redis.exists(f"{{{prefix}presence}}:{PLACE}")
        await one.__aexit__()
        assert not await redis.keys(f"*{prefix}*")


async def calls(redis: Any, command: str) -> int:
    """How often the server has run a command."""
    return int((await redis.info("commandstats")).get(f"cmdstat_{command}", {"calls": 0})["calls"])

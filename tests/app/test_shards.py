"""A cluster of three nodes instead of one server: a channel or a key is on one of them, and works wherever it is."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import chain

import pytest
import pytest_asyncio

from app.realtime import Realtime
from app.redis_address import reach
from db.errors import CannotRun, HistoryGap
from db.outbox import Event
from db.roots import topic_of
from tests.app.cluster import Cluster, clustered
from tests.app.serving import Served, happen, serving, told
from tests.app.sockets.test_conversation import HEARD, listen, next_of
from tests.app.spending import left, spend
from tests.app.test_persisted import ANSWER, TEXT, hashed
from tests.app.test_realtime import heard
from tests.app.test_tickets import listen as listen_with
from tests.app.test_tickets import ticket_of
from tests.app.wire import Wire
from tests.deadline import DEADLINE
from tests.graphql_schema.core.test_presence import comes_to, opened
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOPICS = [f"document:{number}" for number in range(12)]
POINTS = 1_000
TIMES = 8


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with clustered(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def both(cluster: Cluster, database_url: str, prefix: str) -> AsyncIterator[tuple[Served, Served]]:
    """Two processes of one installation."""
    shared = {"redis_prefix": prefix, "rate_limit": POINTS, "rate_limit_restored": 1}
    async with (
        serving(database_url, cluster.url, **shared) as one,
        serving(database_url, cluster.url, **shared) as other,
    ):
        yield one, other


async def test_an_address_has_to_say_whether_it_is_one_of_a_cluster(cluster: Cluster, redis_url: str) -> None:
    await reach(cluster.url)
    with pytest.raises(CannotRun, match=r"^Redis at 127.0.0.1:\d+ is a node of a cluster: .* cluster=true"):
        await reach(f"redis://127.0.0.1:{cluster.nodes[0].port}")
    async with Wire(redis_url) as wire:
        with pytest.raises(CannotRun, match=r"^Redis at 127.0.0.1:\d+ lets nobody in: .*cluster support disabled"):
            await reach(f"{wire.url}?cluster=true")


async def test_topics_are_on_all_nodes_and_heard_from_each(cluster: Cluster, prefix: str) -> None:
    async with (
        Realtime(cluster.url, prefix=prefix) as one,
        Realtime(cluster.url, prefix=prefix) as other,
        AsyncExitStack() as listening,
    ):
        streams = [await listening.enter_async_context(one.listen(topic)) for topic in TOPICS]
        channels = [await node.tell("PUBSUB", "SHARDCHANNELS", f"{prefix}*") for node in cluster.nodes]
        assert all(channels)
        assert sorted(chain(*channels)) == sorted(prefix + topic for topic in TOPICS)
        for number in (1, 2):
            events = [Event(topic, "COMMENT_ADDED", {}, number) for topic in TOPICS]
            await other.publish(events)
            assert [await heard(stream) for stream in streams] == events


async def test_a_channel_that_moves_to_another_node_is_heard_there(cluster: Cluster, prefix: str) -> None:
    topic = TOPICS[0]
    before = await cluster.at(prefix + topic)
    after = next(node for node in cluster.nodes if node is not before)
    async with (
        Realtime(cluster.url, prefix=prefix) as one,
        Realtime(cluster.url, prefix=prefix) as other,
        one.listen(topic) as stream,
    ):
        await other.publish([Event(topic, "COMMENT_ADDED", {}, 1)])
        assert (await heard(stream)).sequence == 1
        await cluster.move(prefix + topic, after)
        with pytest.raises(HistoryGap):
            await heard(stream)
        async with asyncio.timeout(DEADLINE):
            while (await after.tell("PUBSUB", "SHARDNUMSUB", prefix + topic))[1] != 1:
                pass
        await other.publish([Event(topic, "COMMENT_ADDED", {}, 2)])
        assert (await heard(stream)).sequence == 2


async def test_what_is_changed_at_one_process_is_heard_at_another(both: tuple[Served, Served], world: World) -> None:
    one, other = both
    async with other.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(other, talk, world.requirements)
        await happen(one, world.requirements)
        assert await talk.hear() == next_of(HEARD)


async def test_a_listener_goes_on_when_its_node_is_started_again(
    both: tuple[Served, Served], cluster: Cluster, world: World, prefix: str
) -> None:
    one, other = both
    node = await cluster.at(prefix + topic_of(world.atlas))
    async with other.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        await listen(other, talk, world.requirements)
        await happen(one, world.requirements)
        assert await talk.hear() == next_of(HEARD)
        assert node.process
        node.process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(node.process.wait)
        await happen(one, world.requirements)
        await asyncio.to_thread(node.start)
        await cluster.is_whole()
        await happen(one, world.requirements)
        for _ in range(2):
            assert await talk.hear() == next_of(HEARD)


async def test_people_at_two_processes_see_each_other(both: tuple[Served, Served], world: World) -> None:
    one, other = both
    async with (
        opened(one, world, "ada") as ada,
        opened(other, world, "ben") as ben,
        opened(one, world, "ada", document="design"),
        opened(other, world, "vera", document="design") as vera,
    ):
        await comes_to(ada, "Ada", "Ben")
        await comes_to(ben, "Ada", "Ben")
        await comes_to(vera, "Ada", "Vera")


async def test_points_that_are_spent_at_one_process_are_gone_at_another(
    both: tuple[Served, Served], world: World
) -> None:
    one, other = both
    began = time.monotonic()
    spent = sum([await spend(one, world) for _ in range(TIMES)])
    assert spent > DEADLINE
    async with asyncio.timeout(DEADLINE):
        while await left(other, world) > POINTS - spent + time.monotonic() - began:
            spent += 1  # it costs a point to ask, and one is restored each second


async def test_a_ticket_of_one_process_lets_in_at_another(both: tuple[Served, Served], world: World) -> None:
    one, other = both
    response = await listen_with(other, await ticket_of(one, world))
    assert b'"viewer":{"name":"Ada"}' in response.content


async def test_what_one_process_was_sent_another_knows(both: tuple[Served, Served]) -> None:
    one, other = both
    one.app.automatic.most = 1  # one more drops another, in the same slot
    for text in (f"{TEXT} ", TEXT):
        await one.post(hashed(text, query=text))
    assert told(await other.post(hashed(TEXT))) == ANSWER

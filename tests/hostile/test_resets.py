"""Connections to both servers that are reset while all kinds of work run, on the event loop that serves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import orjson
import uvloop
from httpx import AsyncClient

from app.persisted.names import digest
from db import background
from db.access import GUEST
from db.engine import Database
from db.epoch import decode, encode
from db.roots import topic_of
from db.tables import DocumentEventKind
from tests.app.serving import PLAIN, Served, listeners, serving, until
from tests.app.wire import Wire
from tests.db.waiting import until as until_stored
from tests.world import World

ROUNDS = 5
RESETS = 3
AT_ONCE = 2
PATIENT = 60.0
"""Seconds for an answer where all connections have to be opened anew, on a busy machine."""
READ = "{ viewer { name } }"
COMMENT = 'mutation ($id: ID!) { addComment(input: {threadId: $id, content: "Hi"}) { errors { code } } }'
RESOLVE = "mutation ($id: ID!) { resolveThread(input: {threadId: $id}) { errors { code } } }"
REOPEN = RESOLVE.replace("resolve", "reopen")
LISTEN = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind } }"
EXPECTED = {"SERVICE_UNAVAILABLE", "HISTORY_GAP", "PERSISTED_QUERY_NOT_FOUND", "OVERLOADED"}

numbers = count()
PUBLISHED = "SELECT count(*) = 0 FROM outbox_events WHERE published_at IS NULL"


class Crowd:
    """Ada on many connections, doing everything at once."""

    def __init__(self, served: Served, world: World) -> None:
        self.served = served
        self.world = world
        self.token = f"Bearer {world.tokens['ada']}"
        self.codes: set[str] = set()
        self.heard = 0

    async def post(self, query: str | None, **members: Any) -> None:
        body = members if query is None else {"query": query, **members}
        async with AsyncClient(verify=PLAIN, timeout=PATIENT) as client:
            url, headers = f"http://{self.served.address}/graphql", {"Authorization": self.token}
            answer = (await client.post(url, json=body, headers=headers)).json()
        self.codes |= {error["extensions"]["code"] for error in answer.get("errors", ())}

    async def read(self) -> None:
        """A read of known text and one of new text, which looks at the limits too."""
        await self.post(READ)
        await self.post(f"{{ viewer {{ a{next(numbers)}: name }} rateLimit {{ remaining }} }}")

    async def change(self) -> None:
        await self.post(COMMENT, variables={"id": self.world.thread_0.public_id})
        for change in (RESOLVE, REOPEN):
            await self.post(change, variables={"id": self.world.thread_1.public_id})

    async def persist(self) -> None:
        """A text that is sent once, and a hash that nobody has sent."""
        for text in (f"{{ viewer {{ b{next(numbers)}: name }} }}", None):
            key = digest(text or str(next(numbers)))
            await self.post(text, extensions={"persistedQuery": {"version": 1, "sha256Hash": key}})

    async def listen(self) -> None:
        """A subscription, begun again whenever it is told of a gap; its socket is never closed."""
        async with self.served.talk(authorization=self.token) as talk:
            for number in count():
                await talk.ask(LISTEN, key=str(number), id=self.world.requirements.public_id)
                message: Any = {"type": "next"}
                while message["type"] == "next":
                    message = orjson.loads(await talk.connection.recv())
                    self.heard += message["type"] == "next"
                assert message["type"] == "error", message
                self.codes |= {error["extensions"]["code"] for error in message["payload"]}


def under_uvloop(scenario: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())  # type: ignore[arg-type]  # it is a coroutine


@asynccontextmanager
async def listening(crowd: Crowd) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        ears = [tasks.create_task(crowd.listen()) for _ in range(AT_ONCE)]
        await until(lambda: listeners(crowd.served) == AT_ONCE, within=PATIENT)
        yield
        assert not any(ear.done() for ear in ears)
        for ear in ears:
            ear.cancel()


async def reset_all(wires: list[Wire], working: asyncio.Future[Any], *, every: float) -> int:
    """Reset all connections a few times while the work is done; how many that were."""
    reset = 0
    for _ in range(RESETS):
        await asyncio.wait([working], timeout=every)
        reset += sum(wire.reset() for wire in wires)
    await working
    return reset


async def test_whatever_runs_while_connections_are_reset_is_refused_with_a_code_or_works_and_then_all_works(
    database_url: str, redis_url: str, world: World
) -> None:
    async def scenario() -> None:
        async with (
            Wire(database_url) as database,
            Wire(redis_url) as redis,
            serving(database.url, redis.url, pool_size=4) as served,
        ):
            crowd, reset = Crowd(served, world), 0
            async with listening(crowd):
                for number in range(ROUNDS):
                    works = [work() for work in (crowd.read, crowd.change, crowd.persist) for _ in range(AT_ONCE)]
                    reset += await reset_all([database, redis], asyncio.gather(*works), every=0.005 * number)
                assert reset > ROUNDS
                assert crowd.codes <= EXPECTED
                await all_works(crowd)

    await asyncio.to_thread(under_uvloop, scenario)


FOLLOW = """
    subscription ($id: ID!, $after: String) { documentEvents(documentId: $id, after: $after) { cursor } }
"""
EVENTS = 30


@asynccontextmanager
async def writer(url: str) -> AsyncIterator[Database]:
    """Who writes past the wires. What a loop of uvloop has open when it is closed with warnings as errors stops it."""
    opened = Database(url)
    try:
        yield opened
    finally:
        await opened.close()


async def follow(served: Served, world: World, place: tuple[str, int], heard: list[int]) -> None:
    """Note the numbers of all events behind a place. Whatever is lost is asked for again."""
    about = topic_of(world.atlas)
    cursor = encode(about, *place)
    async with served.talk(authorization=f"Bearer {world.tokens['ada']}") as talk:
        for number in count():
            await talk.ask(FOLLOW, key=str(number), id=world.requirements.public_id, after=cursor)
            while True:
                message = orjson.loads(await talk.connection.recv())
                if message["id"] != str(number):
                    continue
                if message["type"] != "next" or message["payload"]["data"] is None:
                    break
                cursor = message["payload"]["data"]["documentEvents"]["cursor"]
                heard.append(decode(about, cursor)[1])
            await talk.say(type="complete", id=str(number))


async def test_a_listener_that_goes_on_behind_its_cursor_hears_every_event_once_whatever_is_reset(
    database_url: str, redis_url: str, world: World
) -> None:
    async def scenario() -> None:
        heard = list[int]()
        async with (
            writer(database_url) as writing,
            Wire(database_url) as database,
            Wire(redis_url) as redis,
            serving(database.url, redis.url, pool_size=4) as served,
        ):
            epoch, before, _ = await writing.past(topic_of(world.atlas), None)
            following = asyncio.create_task(follow(served, world, (epoch, before), heard))
            for number in range(1, EVENTS + 1):
                async with writing.work(GUEST) as work:
                    await work.happened(DocumentEventKind.COMMENT_EDITED, world.comment)
                if number % 3 == 0:
                    await until(lambda number=number: following.done() or len(heard) > number - 6, within=PATIENT)  # type: ignore[misc]
                    await until(lambda: database.reset() + redis.reset(), within=PATIENT)
            await until(lambda: following.done() or len(heard) >= EVENTS, within=PATIENT)
            following.cancel()
            await asyncio.wait([following])
        assert heard == [*range(before + 1, before + EVENTS + 1)]

    await asyncio.to_thread(under_uvloop, scenario)


async def all_works(crowd: Crowd) -> None:
    await until(lambda: listeners(crowd.served) == AT_ONCE and not background.down(), within=PATIENT)
    await until_stored(crowd.served.app.database, PUBLISHED)
    crowd.codes, before = set(), crowd.heard
    for work in (crowd.read, crowd.change):
        await work()
    # Or more: what happened while a connection was reset comes late, and was perhaps still on its way.
    await until(lambda: crowd.heard >= before + 3 * AT_ONCE, within=PATIENT)
    assert crowd.codes == set()
    assert (await crowd.served.send("GET", "/health/ready")).status_code == 200

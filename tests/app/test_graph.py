"""What ends operations while they run: time, too many of them, and the end of the server."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import Limits, Response
from sqlalchemy import text

from app.graph import Client
from app.requests import checked
from db.engine import Database
from tests.app.serving import Served, serving
from tests.app.serving import until as serving_until
from tests.app.test_http import code_of
from tests.db.scratch import scratch
from tests.db.waiting import until
from tests.deadline import DEADLINE
from tests.world import World

WAITING = "SELECT count(*) = :n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
READ = "{ courses(first: 1) { nodes { title } } }"
OTHER = "{ courses(first: 99) { nodes { title } } }"
COMMENT = 'mutation ($thread: ID!) { addComment(input: {threadId: $thread, content: "Late"}) { comment { id } } }'
LESSONS = "modules(first: 50) { nodes { lessons(first: 50) { nodes { title } } } }"
HEAVY = f"{{ courses(first: 1) {{ nodes {{ {LESSONS} }} }} }}"


@asynccontextmanager
async def held(database: Database, table: str) -> AsyncIterator[None]:
    """Nobody else can read the table or write to it."""
    async with scratch(database) as session:
        await session.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


@pytest.fixture
async def hurried(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """A server on which nothing may take longer than a moment."""
    async with serving(database_url, redis_url, deadline=1.5) as running:
        yield running


@pytest.mark.parametrize(("query", "table"), [(READ, "courses"), (COMMENT, "comments")])
async def test_an_operation_that_takes_too_long_is_504_and_gone_from_the_database(
    hurried: Served, database: Database, world: World, query: str, table: str
) -> None:
    async with held(database, table):
        asked = asyncio.create_task(as_ada(hurried, world, query, thread=world.thread_0.public_id))
        await until(database, WAITING, n=1)
        answer = await asked
        await until(database, WAITING, n=0)
    assert (answer.status_code, code_of(answer)) == (504, "GATEWAY_TIMEOUT")
    await until(database, "SELECT count(*) = 0 FROM comments WHERE content = 'Late'")


async def test_an_operation_that_takes_too_long_does_not_end_its_socket(
    hurried: Served, database: Database, world: World
) -> None:
    async with hurried.talk(Authorization=f"Bearer {world.tokens['ada']}") as talk:
        async with held(database, "courses"):
            await talk.ask(READ)
            stopped = await talk.hear()
        await talk.ask("{ viewer { name } }")
        heard = await talk.hear()
    assert (stopped["type"], stopped["payload"][0]["extensions"]) == ("error", {"code": "GATEWAY_TIMEOUT"})
    assert heard["payload"]["data"] == {"viewer": {"name": "Ada"}}


async def test_what_could_not_even_begin_costs_nothing(database_url: str, redis_url: str, database: Database) -> None:
    async with serving(database_url, redis_url, pool_size=4, rate_limit_restored=1) as served:
        for query in (READ, OTHER):
            assert (await served.post({"query": query})).status_code == 200
        async with held(database, "courses"):
            running = asyncio.create_task(served.post({"query": READ}))
            await until(database, WAITING, n=1)
            refused = await served.post({"query": OTHER})
        last = await running
    assert (refused.status_code, code_of(refused)) == (503, "OVERLOADED")
    assert int(last.headers["x-ratelimit-remaining"]) > 10_000 - 11, "which is what the other would have cost"


async def test_of_many_heavy_operations_some_are_refused_and_light_ones_are_answered(
    database_url: str, redis_url: str, database: Database
) -> None:
    async with (
        serving(database_url, redis_url, pool_size=10, rate_limit_mode="off") as served,
        served.client(limits=Limits(max_connections=None)) as client,
    ):
        for query in (HEAVY, READ):
            assert "errors" not in (await client.post("/graphql", json={"query": query})).json()
        async with held(database, "lessons"):
            heavy = [asyncio.create_task(client.post("/graphql", json={"query": HEAVY})) for _ in range(100)]
            light = [await client.post("/graphql", json={"query": READ}) for _ in range(10)]
            answers = await asyncio.gather(*heavy)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {(answer.status_code, code_of(answer)) for answer in refused} == {(503, "OVERLOADED")}
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert len(refused) > 50
    assert all(answer.json()["data"]["courses"]["nodes"] for answer in light)


async def test_what_runs_when_the_server_stops_is_answered(
    database_url: str, redis_url: str, database: Database, world: World
) -> None:
    async with serving(database_url, redis_url) as served:
        async with held(database, "courses"):
            asked = asyncio.create_task(as_ada(served, world, READ))
            await until(database, WAITING, n=1)
            stopping = asyncio.create_task(served.server.shutdown())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(stopping), 0.2)
        assert (await asked).json()["data"]
        await stopping


async def test_while_the_database_hangs_nobody_waits_for_it_and_then_all_is_well_again(
    hasty: None, served: Served, database: Database, world: World
) -> None:
    ada = {"Authorization": f"Bearer {world.tokens['ada']}"}
    variables = {"thread": world.thread_0.public_id}
    bodies = [{"query": READ}, {"query": HEAVY}, {"query": COMMENT, "variables": variables}]
    async with served.client(headers=ada, timeout=5) as client:
        for _ in range(2):  # who was looked up before changes of theirs were heard is looked up once more
            assert (await client.post("/graphql", json=bodies[0])).json()["data"]
            await serving_until(lambda: all(one.is_heard.is_set() for one in served.app.realtime._channels.values()))
        async with frozen(database), asyncio.timeout(8):
            answers = [client.post("/graphql", json=body) for body in bodies]
            live = await client.get("/health/live")
            schema = await client.post("/graphql", json={"query": "{ __schema { queryType { name } } }"})
            errors = [answer.json()["errors"] for answer in await asyncio.gather(*answers)]
        async with asyncio.timeout(DEADLINE):
            while "errors" in (await client.post("/graphql", json=bodies[0])).json():
                pass
    assert [error[0]["extensions"]["code"] for error in errors] == ["SERVICE_UNAVAILABLE"] * 3
    assert (live.status_code, schema.json()["data"]) == (200, {"__schema": {"queryType": {"name": "Query"}}})


@asynccontextmanager
async def frozen(database: Database) -> AsyncIterator[None]:
    """All processes of PostgreSQL stand still: it takes connections and bytes, and says nothing."""
    folder = Path(str(database.address.server))
    first = int((folder / "postmaster.pid").read_text().split()[0])
    async with scratch(database) as session:
        processes = [first, *await session.scalars(text("SELECT pid FROM pg_stat_activity"))]
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


async def as_ada(served: Served, world: World, query: str, **variables: Any) -> Response:
    body = {"query": query, "variables": variables if "$" in query else {}}
    return await served.post(body, authorization=f"Bearer {world.tokens['ada']}")


async def test_guests_of_one_address_wait_for_each_other_and_for_nobody_else(bare: Served) -> None:
    """Three new texts of one guest come first, and another guest's, which has to wait for one of them only."""
    graph, order = bare.app.sockets.graph, list[str]()

    async def prepare(host: str, number: int) -> None:
        await graph.prepare(checked({"query": f"{{ n{number}: __typename }}"}), Client(host=host))
        order.append(host)

    async with graph.executor.worker.turns.turn("somebody"):
        hosts = ["192.0.2.1"] * 3 + ["192.0.2.2"]
        asked = [asyncio.create_task(prepare(host, number)) for number, host in enumerate(hosts)]
        await serving_until(lambda: graph.executor.worker.turns.waiting == len(asked))
    await asyncio.gather(*asked)
    assert order.index("192.0.2.2") < 2

"""Health: whether the process lives, and whether it can serve."""

from db.address import Address
from tests.app.serving import NO_DATABASE, NO_REDIS, Served, serving
from tests.deadline import DEADLINE

LATE = """
    INSERT INTO queue.pgqueuer (priority, status, entrypoint, execute_after)
    VALUES (0, 'queued', 'anything', now() - interval '1 minute'), (0, 'failed', 'anything', now() - interval '1 hour')
"""
"""A job that waits for a minute, and one that has failed for good."""


async def execute(database_url: str, statement: str) -> None:
    connection = await Address.parse(database_url).connect()
    await connection.execute(statement)
    await connection.close()


async def test_a_process_with_both_servers_is_ready(served: Served) -> None:
    answer = await served.send("GET", "/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "redis": "ok",
        "tasks": "ok",
        "queue_age": 0,
        "outbox_age": 0,
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_without_the_database_it_is_not_ready_and_does_not_say_why(bare: Served) -> None:
    answer = await bare.send("GET", "/health/ready")
    assert answer.status_code == 503
    states = {"database": "unavailable", "redis": "ok", "tasks": "ok"}
    assert answer.json() == {"status": "unavailable", **states, "queue_age": None, "outbox_age": None}


async def test_without_redis_it_is_not_ready(database_url: str) -> None:
    async with serving(database_url, NO_REDIS) as served:
        answer = await served.send("GET", "/health/ready")
    assert answer.status_code == 503
    states = {"database": "ok", "redis": "unavailable", "tasks": "ok"}
    assert answer.json() == {"status": "unavailable", **states, "queue_age": 0, "outbox_age": 0}


async def test_it_is_ready_however_long_jobs_wait_and_says_how_long(served: Served, database_url: str) -> None:
    await execute(database_url, LATE)
    answer = await served.send("GET", "/health/ready")
    assert answer.status_code == 200
    assert 60 <= answer.json()["queue_age"] < 60 + DEADLINE


async def test_a_process_without_either_is_still_alive() -> None:
    async with serving(NO_DATABASE, NO_REDIS) as served:
        answer = await served.send("GET", "/health/live")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}

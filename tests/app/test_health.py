"""Health: whether the process lives, and whether it can serve."""

from tests.app.serving import NO_DATABASE, NO_REDIS, Served, serving


async def test_a_process_with_both_servers_is_ready(served: Served) -> None:
    answer = await served.send("GET", "/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "redis": "ok", "tasks": "ok"}
    assert answer.headers["cache-control"] == "no-store"


async def test_without_the_database_it_is_not_ready_and_does_not_say_why(bare: Served) -> None:
    answer = await bare.send("GET", "/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "unavailable", "redis": "ok", "tasks": "ok"}


async def test_without_redis_it_is_not_ready(database_url: str) -> None:
    async with serving(database_url, NO_REDIS) as served:
        answer = await served.send("GET", "/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "ok", "redis": "unavailable", "tasks": "ok"}


async def test_a_process_without_either_is_still_alive() -> None:
    async with serving(NO_DATABASE, NO_REDIS) as served:
        answer = await served.send("GET", "/health/live")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}

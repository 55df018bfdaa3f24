"""Following a job: how it is at once, and then every change."""

import pytest

from db.access import GUEST
from db.queue import reports
from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.graphql_schema.conftest import Listen
from tests.world import World

FOLLOW = "subscription ($id: ID!) { jobProgress(jobId: $id) { kind job { status done total message result } } }"


async def test_the_state_of_a_job_is_told_at_once_and_then_every_change(
    graph: Graph, world: World, listen: Listen
) -> None:
    arguments = {"job": world.export.public_id}

    async with listen("ben", FOLLOW, id=world.export.public_id) as ear:
        at_once = (await ear.hear())["data"]["jobProgress"]
        assert at_once["kind"] == "JOB_CHANGED"
        assert (at_once["job"]["done"], at_once["job"]["total"], at_once["job"]["message"]) == (2, 5, "Halfway")
        async with graph.database.work(GUEST) as work:
            await reports.progress(work, arguments, done=3, total=5, message="On")
        await graph.database.settle()
        assert (await ear.hear())["data"]["jobProgress"]["job"]["done"] == 3
        async with graph.database.work(GUEST) as work:
            await reports.done(work, arguments, {"rows": 7})
        await graph.database.settle()
        ended = (await ear.hear())["data"]["jobProgress"]["job"]
        assert (ended["status"], ended["result"]) == ("DONE", {"rows": 7})


async def test_nobody_follows_a_job_of_somebody_else(world: World, listen: Listen) -> None:
    with pytest.raises(RequestError):
        async with listen("vera", FOLLOW, id=world.export.public_id):
            pass

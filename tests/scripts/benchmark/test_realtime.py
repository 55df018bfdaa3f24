"""Real time as the benchmark measures it keeps to the tables and to the graph, and its figures say what they mean."""

from collections.abc import Mapping
from dataclasses import replace

from graphql import parse, validate

from graphql_schema.schema import schema
from scripts.benchmark.dataset import SQL
from scripts.benchmark.realtime.crowd import Crowd
from scripts.benchmark.realtime.load import QUERY, Heard
from scripts.benchmark.realtime.peers import Name
from scripts.benchmark.realtime.results import Results, Run, server_time
from scripts.benchmark.realtime.stage import HEARD, LISTENERS
from scripts.benchmark.realtime.targets import targets
from tests.conftest import NotingDatabase

LISTENING = """
SELECT count(*) FROM project_members m
JOIN bench.heard h ON h.project_id = m.project_id
JOIN bench.listeners l ON l.id = m.user_id
WHERE m.status = 'ACTIVE'"""
HEARD_WELL = Heard(
    server=20.0,
    client=10.0,
    writer=500.0,
    expected=500,
    delivered=500,
    doubled=0,
    wrong=0,
    closed=0,
    refused=0,
    per_second=500.0,
    p50=5.0,
    p99=20.0,
    longest=30.0,
    lag=1.0,
)


def results(*figures: tuple[int, Name, float], rate: int = 200) -> Results:
    """One run for each round, name, and microseconds of the server for a message."""
    return Results(Run(number, name, rate, replace(HEARD_WELL, server=cost)) for number, name, cost in figures)


def reached(results: Results, *crowds: Crowd) -> Mapping[str, bool]:
    return {target.what: target.reached for target in targets(results, list(crowds))}


async def test_everybody_who_listens_is_a_member_of_every_project_that_is_listened_to(database: NotingDatabase) -> None:
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver
        for script in "adapt", "realtime":
            await driver.execute((SQL / f"{script}.sql").read_text())
        topics, people = await driver.fetch(HEARD), await driver.fetch(LISTENERS)
        assert topics
        assert people
        assert await driver.fetchval(LISTENING) == len(topics) * len(people)


def test_the_subscription_is_one_of_the_graph() -> None:
    assert validate(schema.core, parse(QUERY)) == []


def test_servers_are_compared_within_the_rounds_that_both_were_measured_in() -> None:
    found = results(
        (0, Name.TRELLIS, 20), (0, Name.BUN, 10), (1, Name.TRELLIS, 90), (1, Name.BUN, 30), (2, Name.BUN, 1)
    )
    assert found.ratio(server_time, Name.TRELLIS, Name.BUN, 200) == 2.5
    assert found.ratio(server_time, Name.TRELLIS, Name.READING, 200) is None
    assert found.names(200) == [Name.TRELLIS, Name.BUN]


def test_a_target_is_missed_at_its_worst_rate() -> None:
    slower = results((0, Name.TRELLIS, 61), (0, Name.READING, 100), rate=400).runs
    assert reached(results((0, Name.TRELLIS, 59), (0, Name.READING, 100)))["processor ÷ graphql-ws, pg"]
    both = Results([*results((0, Name.TRELLIS, 59), (0, Name.READING, 100)).runs, *slower])
    assert not reached(both)["processor ÷ graphql-ws, pg"]


def test_one_lost_or_doubled_message_or_closed_socket_is_too_much() -> None:
    for what, heard in {
        "lost, to 200 a second": replace(HEARD_WELL, delivered=499),
        "doubled": replace(HEARD_WELL, doubled=1),
        "sockets closed": replace(HEARD_WELL, closed=1),
    }.items():
        fine = Results([Run(0, Name.TRELLIS, 200, HEARD_WELL)])
        assert reached(fine)[what]
        assert not reached(Results([*fine.runs, Run(1, Name.TRELLIS, 200, heard)]))[what]


def test_a_crowd_is_held_to_its_memory_its_time_and_its_sockets() -> None:
    crowd = Crowd(5_000, memory=190.0, opening=10.0, heard=HEARD_WELL)
    assert all(reached(Results([]), crowd).values())
    worse = replace(crowd, memory=201.0, heard=replace(HEARD_WELL, longest=1_001.0, closed=1))
    assert not any(reached(Results([]), worse).values())

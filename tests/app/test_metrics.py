"""What operators watch: who may read it, and what it counts."""

import re

import pytest
from prometheus_client import REGISTRY

from db import tables
from tests.app.serving import Served, serving
from tests.app.test_health import LATE, execute
from tests.db.paying import event, receive
from tests.graphql_schema.asking import add, change
from tests.world import NOON, World

TOKEN = "a-token-for-prometheus"


def value(name: str, **labels: str) -> float:
    """A number as it stands; processes count on, so tests look at differences."""
    return REGISTRY.get_sample_value(name, labels) or 0


async def test_an_administrator_reads_the_metrics(served: Served, world: World) -> None:
    await served.post({"query": "{ viewer { name } }"})
    answer = await served.send("GET", "/metrics", authorization=f"Bearer {world.tokens['root']}")
    assert answer.status_code == 200
    assert re.search(
        r'^trellis_operation_seconds_count\{answered="compiled",kind="query"\} [1-9]', answer.text, re.MULTILINE
    )


@pytest.mark.parametrize("credential", [None, "ada", "nonsense"])
async def test_for_everybody_else_there_are_none(served: Served, world: World, credential: str | None) -> None:
    headers = {"authorization": f"Bearer {world.tokens.get(credential, credential)}"} if credential else {}
    assert (await served.send("GET", "/metrics", **headers)).status_code == 404


async def test_a_token_of_the_settings_reads_them_too(database_url: str, redis_url: str) -> None:
    async with serving(database_url, redis_url, metrics_token=TOKEN) as served:
        assert (await served.send("GET", "/metrics", authorization=f"Bearer {TOKEN}")).status_code == 200
        assert (await served.send("GET", "/metrics", authorization=f"Bearer {TOKEN}x")).status_code == 404


async def test_the_queue_of_jobs_is_looked_at_whenever_metrics_are_read(
    served: Served, world: World, database_url: str
) -> None:
    await execute(database_url, LATE)
    await served.send("GET", "/metrics", authorization=f"Bearer {world.tokens['root']}")
    assert value("trellis_queue_age_seconds") >= 60
    assert [value("trellis_jobs", state=state) for state in ("waiting", "running", "failed")] == [1, 0, 1]


async def test_what_waits_of_payments_is_looked_at_whenever_metrics_are_read(served: Served, world: World) -> None:
    database, number = served.app.database, world.payment.public_id
    await receive(database, event(number), event(number))
    [parked] = await receive(database, event(number))
    await change(database, parked, parked_at=NOON)
    begun = {"user_email": "sam@example.com", "amount": 5, "created_at": NOON}
    await add(database, tables.Transaction(**begun))
    await served.send("GET", "/metrics", authorization=f"Bearer {world.tokens['root']}")
    assert [value("trellis_payment_events", state=state) for state in ("waiting", "parked")] == [2, 1]
    assert value("trellis_payments_overdue") == 1


async def test_an_operation_is_counted_by_how_it_was_answered(served: Served) -> None:
    labels = [{"kind": "query", "answered": way} for way in ("compiled", "resolved", "both")]
    before = [value("trellis_operation_seconds_count", **some) for some in labels]
    for query in ("{ viewer { name } }", "{ __schema { queryType { name } } }"):
        await served.post({"query": query})
    await served.post({"query": "{ viewer { name } __schema { queryType { name } } }"})
    after = [value("trellis_operation_seconds_count", **some) for some in labels]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 1]


async def test_what_stands_in_the_way_of_a_statement_is_counted(served: Served) -> None:
    before = value("trellis_resolved_total", field="Query.__schema")
    await served.post({"query": "{ __schema { queryType { name } } }"})
    assert value("trellis_resolved_total", field="Query.__schema") == before + 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ projects(first: 0) { totalCount } }", "BAD_USER_INPUT"),
        ("subscription { documentEvents(documentId: 1) { kind } }", "BAD_REQUEST"),
    ],
)
async def test_errors_are_counted_by_their_code(served: Served, query: str, code: str) -> None:
    before = value("trellis_errors_total", code=code)
    await served.post({"query": query})
    assert value("trellis_errors_total", code=code) == before + 1

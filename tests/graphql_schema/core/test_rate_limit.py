"""`rateLimit`: what it says for both ways to answer, and that a dry run answers it alone."""

from datetime import UTC, datetime
from typing import Any

import orjson

from graphql_schema.core.context import Budget
from graphql_schema.execution import Request
from tests.conftest import Graph

BUDGET = Budget(cost=4, node_count=30, limit=100, remaining=90, reset_at=datetime(2026, 1, 1, 12, tzinfo=UTC))
PRICED = """
    query ($dry: Boolean) {
        viewer { name }
        rateLimit(dryRun: $dry) { cost nodeCount limit remaining used resetAt }
        again: rateLimit { __typename cost }
    }
"""
PRICE = {
    "rateLimit": {
        "cost": 4,
        "nodeCount": 30,
        "limit": 100,
        "remaining": 90,
        "used": 10,
        "resetAt": "2026-01-01T12:00:00+00:00",
    },
    "again": {"__typename": "RateLimit", "cost": 4},
}


async def priced(graph: Graph, dry: bool | None) -> Any:
    operation = graph.executor.prepare(Request(PRICED, variables={"dry": dry}))
    context = graph.context("ada")
    context.budget = lambda: BUDGET
    graph.statements.clear()
    answer = await graph.executor.execute(operation, context)
    return orjson.loads(orjson.dumps(answer))


async def test_it_stands_beside_what_was_asked(graph: Graph) -> None:
    for dry in (False, None):
        answer = await priced(graph, dry)
        assert len(graph.statements) == 1
        assert answer["data"] == {**PRICE, "viewer": {"name": "Ada"}}


async def test_on_a_dry_run_it_stands_alone_and_no_statement_is_run(graph: Graph) -> None:
    assert await priced(graph, dry=True) == {"data": PRICE}
    assert graph.statements == []


async def test_it_is_null_where_nobody_counts(graph: Graph) -> None:
    assert await graph.data("ada", "{ rateLimit { cost } }") == {"rateLimit": None}


async def test_to_ask_costs_nothing_more(graph: Graph) -> None:
    with_it = "{ courses { nodes { id } } rateLimit { cost } }"
    without = "{ courses { nodes { id } } }"
    estimates = [graph.executor.prepare(Request(query)).estimate for query in (with_it, without)]
    assert estimates[0].weight == estimates[1].weight
    assert estimates[0].nodes == estimates[1].nodes

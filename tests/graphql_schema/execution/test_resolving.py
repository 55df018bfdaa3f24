"""What graphql-core is asked, and how the schema is shown without holding anybody up."""

import asyncio
import gc
import warnings

import pytest
from graphql.utilities import get_introspection_query

from tests.conftest import Graph
from tests.graphql_schema.execution.test_worker import busy_thread, waits


async def test_the_schema_is_shown_in_the_thread_and_kept_as_shown(graph: Graph) -> None:
    questions = get_introspection_query(), "{ __schema { queryType { name } } }"
    before = await graph.data(None, questions[0])
    with busy_thread():
        new = asyncio.create_task(graph.data(None, questions[1]))
        assert await graph.data(None, questions[0]) == before
        assert await waits(new)
    assert await new == {"__schema": {"queryType": {"name": "Query"}}}


NONE = "(first: 0) { totalCount }"
PAGE = "{ totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id } } }"
FAILING = (
    f"{{ projects {{ nodes {{ owner {{ name }} documents{NONE} members {PAGE} }} }} }}",
    f"{{ courses {{ nodes {{ modules {{ nodes {{ lessons{NONE} course {{ title }} }} }} }} }} other: courses {PAGE} }}",
    f"{{ repositories {{ nodes {{ commits{NONE} releases: commits {PAGE} pullRequests {PAGE} }} }} }}",
)


@pytest.mark.parametrize("query", FAILING)
async def test_no_field_is_left_unresolved_when_another_fails(resolved: Graph, query: str) -> None:
    """A coroutine that nobody awaits is told as a warning, when it is collected."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        answer = await resolved("root", query)
        gc.collect()
    assert answer["errors"]
    assert [warning.message for warning in told if "never awaited" in str(warning.message)] == []

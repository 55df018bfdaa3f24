"""What graphql-core is asked, and how the schema is shown without holding anybody up."""

import asyncio

from graphql.utilities import get_introspection_query

from tests.conftest import Graph
from tests.graphql_schema.execution.test_aside import busy_thread


async def test_the_schema_is_shown_in_the_thread_and_kept_as_shown(graph: Graph) -> None:
    questions = get_introspection_query(), "{ __schema { queryType { name } } }"
    before = await graph.data(None, questions[0])
    with busy_thread():
        new = asyncio.create_task(graph.data(None, questions[1]))
        assert await graph.data(None, questions[0]) == before
        assert not new.done()
    assert await new == {"__schema": {"queryType": {"name": "Query"}}}

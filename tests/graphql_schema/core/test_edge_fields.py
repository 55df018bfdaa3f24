"""Fields of edges: what is said of an item because of what its list looks for."""

from tests.conftest import Graph
from tests.graphql_schema.asking import change
from tests.world import World

SEARCH = """
    query ($typed: String!, $other: String!) {
      search(query: $typed) { edges { rank again: rank node { ... on Node { id } } } }
      other: search(query: $other) { edges { rank snippet { text } node { ... on Node { id } } } }
    }
"""


async def test_each_list_of_an_operation_has_its_own(graph: Graph, world: World) -> None:
    await change(graph.database, world.remark, content="zebra zebra lion")
    found = await graph.data("ada", SEARCH, typed="zebra", other="lion")
    (zebra,), (lion,) = found["search"]["edges"], found["other"]["edges"]
    assert zebra["node"] == lion["node"]
    assert zebra["rank"] == zebra["again"] > lion["rank"]
    assert lion["snippet"] == {"text": "zebra zebra lion"}

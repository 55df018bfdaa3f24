"""The compiled path and the resolvers give the same answers, to whatever is asked and whoever asks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db.base import Base
from tests.conftest import Graph
from tests.graphql_schema.execution.both_paths import PEOPLE, BothPaths
from tests.graphql_schema.execution.operations import written
from tests.graphql_schema.execution.still import MUTATIONS
from tests.world import World


@pytest.mark.parametrize("name", MUTATIONS)
async def test_the_mutations_that_are_compared_change_nothing(graph: Graph, world: World, name: str) -> None:
    who, arguments = MUTATIONS[name](world)
    before = await rows(graph)
    assert before["users"]
    await graph(who, f"mutation {{ {name}{written(arguments)} {{ errors {{ code }} }} }}")
    assert await rows(graph) == before


async def rows(graph: Graph) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    async with graph.database.read() as session:
        return {
            table.name: list(await session.scalars(text(f"SELECT t::text FROM {table.name} t ORDER BY id")))  # noqa: S608  (a name of ours)
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize("who", PEOPLE)
@settings(max_examples=150)
@given(data=st.data())
def test_both_paths_give_the_same_answer(both: BothPaths, who: str | None, data: st.DataObject) -> None:
    drawn = data.draw(both.operations(who))
    both.compare(drawn, who, data.draw(st.sampled_from(PEOPLE)))


@pytest.mark.parametrize("name", MUTATIONS)
@settings(max_examples=25)
@given(data=st.data())
def test_both_paths_give_the_same_payload_of_a_mutation(both: BothPaths, name: str, data: st.DataObject) -> None:
    who, arguments = MUTATIONS[name](both.compiled.world)
    both.compare(data.draw(both.payloads(who, "mutation", name, arguments)), who)

"""What is compiled is one round trip to the database, whatever its breadth and depth."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graphql_schema.execution.both_paths import PEOPLE, BothPaths
from tests.graphql_schema.execution.test_two_paths_agree import agreeing


@settings(agreeing, max_examples=100)
@given(data=st.data())
def test_a_query_is_one_statement(both: BothPaths, data: st.DataObject) -> None:
    who = data.draw(st.sampled_from(PEOPLE))
    drawn = data.draw(both.operations(who))
    assert len(both.statements(who, drawn)) <= 1, drawn.text

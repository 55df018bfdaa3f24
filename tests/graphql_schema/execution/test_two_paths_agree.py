"""The compiled path and the resolvers give the same answers, to whatever is asked and whoever asks."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.graphql_schema.execution.both_paths import PEOPLE, BothPaths

EXAMPLES = 250

agreeing = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("who", PEOPLE)
@agreeing
@given(data=st.data())
def test_both_paths_give_the_same_answer(both: BothPaths, who: str | None, data: st.DataObject) -> None:
    both.compare(who, data.draw(both.operations(who)))

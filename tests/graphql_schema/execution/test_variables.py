"""Values of variables that are taken as they are: exactly those that coercion would leave as they are."""

import re
from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, parse
from graphql.execution import get_variable_values
from graphql.execution.values import VariableValues
from hypothesis import given
from hypothesis import strategies as st

from graphql_schema.execution.variables import Variables
from graphql_schema.schema import executor

MISSING = " has invalid value: Expected a value of non-null type"
TYPES = (
    "ID",
    "ID!",
    "String",
    "String!",
    "Int",
    "Int!",
    "Boolean",
    "Boolean!",
    "Int = 7",
    "[ID!]",
    "DateTime",
    "[Int]",
)

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**31 - 1, 2**31, -(2**31), -(2**31) - 1]),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)


def declared(*types: str) -> Variables:
    """The variables `$v0`, `$v1` and so on of these types."""
    text = ", ".join(f"$v{index}: {type_}" for index, type_ in enumerate(types))
    operation = parse(f"query ({text}) {{ __typename }}").definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return Variables(executor.schema, operation.variable_definitions or ())


def shown(found: VariableValues | list[GraphQLError]) -> str:
    """What there is to compare of values, or where something is wrong with them; as text, since NaN is not itself."""
    if isinstance(found, list):
        return repr(
            [re.split(r":| has no value", error.message.replace(MISSING, " has no value"))[0] for error in found]
        )
    return repr((found.coerced, {name: source.value for name, source in found.sources.items()}))


@given(st.lists(st.tuples(st.sampled_from(TYPES), values, st.booleans()), min_size=1, max_size=3))
def test_the_values_are_those_that_graphql_core_finds(drawn: list[tuple[str, Any, bool]]) -> None:
    variables = declared(*(type_ for type_, _, _ in drawn))
    sent = {f"v{index}": value for index, (_, value, is_sent) in enumerate(drawn) if is_sent}
    ours = variables.values(sent, max_errors=20)
    theirs = get_variable_values(executor.schema, variables.declared, sent, max_errors=20)
    assert shown(ours) == shown(theirs)


@pytest.mark.parametrize(("type_", "value"), [("ID!", "x"), ("String", None), ("Int", 3), ("Boolean!", False)])
def test_a_plain_value_is_not_coerced(type_: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def coerced(*_: Any, **__: Any) -> None:
        raise AssertionError("It need not be coerced.")

    monkeypatch.setattr("graphql_schema.execution.variables.get_variable_values", coerced)
    found = declared(type_).values({"v0": value}, max_errors=20)
    assert not isinstance(found, list)
    assert found.coerced == {"v0": value}

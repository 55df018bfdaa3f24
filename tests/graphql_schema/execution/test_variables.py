"""Values of variables: no more than there may be, and paid for; those that need no coercion are taken as they are."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse
from graphql.execution import get_variable_values
from graphql.execution.values import VariableValues
from hypothesis import given
from hypothesis import strategies as st

from db.access import GUEST
from graphql_schema.core.strawberry_seam import definition_of
from graphql_schema.execution import Executor, Request, RequestError
from graphql_schema.execution.variables import Variables
from graphql_schema.limits import Limits
from graphql_schema.schema import executor
from tests.graphql_schema.execution.test_worker import busy_thread, waits

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
IDS = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
TWICE = """
    query ($f: SpecificationProjectFilter) {
      a: projects(filter: $f) { totalCount } b: projects(filter: $f) { totalCount }
    }
"""
INSIDE = "query ($ids: [ID!]) { projects(filter: {ownerId: $ids}) { totalCount } }"
COURSES = "query ($f: CourseFilter) { a: viewer { ...f } b: viewer { ...f } c: viewer { ...f } } "
SPREAD = f"{COURSES} fragment f on User {{ ...g }} fragment g on User {{ teaching(filter: $f) {{ totalCount }} }}"
COMMENT = "mutation ($i: AddCommentInput!) { addComment(input: $i) { errors { code } } }"

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
    document = parse(f"query ({text}) {{ __typename }}")
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return Variables(executor.schema, executor.limits, operation, document)


def ours(variables: Variables, sent: dict[str, Any]) -> VariableValues | list[str]:
    """The values for what was sent, or what is said of it."""
    try:
        return variables.values(sent)
    except RequestError as refusal:
        return [error["message"] for error in refusal.errors]


def theirs(variables: Variables, sent: dict[str, Any]) -> VariableValues | list[str]:
    """What graphql-core makes of what was sent, or says of it."""
    declared = variables.operation.variable_definitions or ()
    found = get_variable_values(executor.schema, declared, sent, max_errors=20)
    return found if isinstance(found, VariableValues) else [error.message for error in found]


def shown(found: VariableValues | list[str]) -> str:
    """What there is to compare of values, or where something is wrong with them; as text, since NaN is not itself."""
    if isinstance(found, list):
        return repr([re.split(r":| has no value", message.replace(MISSING, " has no value"))[0] for message in found])
    return repr((found.coerced, {name: source.value for name, source in found.sources.items()}))


@given(st.lists(st.tuples(st.sampled_from(TYPES), values, st.booleans()), min_size=1, max_size=3))
def test_the_values_are_those_that_graphql_core_finds(drawn: list[tuple[str, Any, bool]]) -> None:
    variables = declared(*(type_ for type_, _, _ in drawn))
    sent = {f"v{index}": value for index, (_, value, is_sent) in enumerate(drawn) if is_sent}
    assert shown(ours(variables, sent)) == shown(theirs(variables, sent))


@pytest.mark.parametrize(("type_", "value"), [("ID!", "x"), ("String", None), ("Int", 3), ("Boolean!", False)])
def test_a_plain_value_is_not_coerced(type_: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def coerced(*_: Any, **__: Any) -> None:
        raise AssertionError("It need not be coerced.")

    monkeypatch.setattr("graphql_schema.execution.variables.get_variable_values", coerced)
    assert declared(type_).values({"v0": value}).coerced == {"v0": value}


def refusal(query: str, limits: Limits, **variables: Any) -> str | None:
    """The code with which the variables are refused."""
    try:
        Executor(executor.schema, limits=limits).prepare(Request(query, variables=variables))
    except RequestError as error:
        return str(error.errors[0]["extensions"]["code"])
    return None


@pytest.mark.parametrize(
    ("query", "variables", "number"),
    [
        (IDS, {"ids": ["a"] * 8}, 9),
        (IDS, {"ids": ["a"], "unused": [1, {"a": 1}], "other": 1}, 7),
        (INSIDE, {"ids": ["a"] * 8}, 9),
        (TWICE, {"f": {"ownerId": ["a"] * 8}}, 20),
        (SPREAD, {"f": {"instructorId": ["a"] * 8}}, 30),
        ("{ __typename }", dict.fromkeys("abcdef"), 6),
    ],
)
def test_there_are_as_many_values_as_there_may_be(query: str, variables: dict[str, Any], number: int) -> None:
    assert refusal(query, Limits(values=number), **variables) is None
    assert refusal(query, Limits(values=number - 1), **variables) == "MAX_VALUES_LIMIT"


@pytest.mark.parametrize(("value", "depth"), [(1, 0), ([1], 1), ([[], [[2]]], 3), ({"a": {"b": [{"c": 1}]}}, 4)])
def test_they_are_as_deep_as_they_may_be(value: Any, depth: int) -> None:
    assert refusal("{ __typename }", Limits(nesting=max(1, depth)), x=value) is None
    assert refusal("{ __typename }", Limits(nesting=depth + 1), x=[[value, 1]]) == "MAX_NESTING_LIMIT"


def test_what_is_too_much_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def coerced(*_: Any, **__: Any) -> None:
        raise AssertionError("It is refused before.")

    monkeypatch.setattr("graphql_schema.execution.variables.Variables.values", coerced)
    assert refusal(IDS, Limits(), ids=["a"] * 2_000) == "MAX_VALUES_LIMIT"


@pytest.mark.parametrize(("number", "points"), [(98, 0), (99, 1), (1_500, 15)])
def test_each_hundred_values_cost_a_point_however_much_is_answered(number: int, points: int) -> None:
    few = executor.prepare(Request("{ __typename }"))
    many = executor.prepare(Request("{ __typename }", variables={"x": ["a"] * number}))
    assert many.points == few.points + points
    assert many.actual(1) == few.actual(1) + points


@pytest.fixture
def declaring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say that comments are added with more values than anything else."""
    assert executor.schema.mutation_type
    field = definition_of(executor.schema.mutation_type.fields["addComment"])
    monkeypatch.setattr(field, "declared", replace(field.declared, values=5_000))


@pytest.mark.usefixtures("declaring")
async def test_a_mutation_that_declares_more_has_them_looked_at_beside_the_event_loop() -> None:
    comment = {"threadId": "thr_1", "content": "Yes"}
    own = Executor(executor.schema)
    assert await own.read(Request(COMMENT, variables={"i": comment}), GUEST)
    many = Request(COMMENT, variables={"i": comment, "y": ["a"] * 4_000})
    with busy_thread():
        assert await own.read(Request(COMMENT, variables={"i": comment}), GUEST)
        looked_at = asyncio.create_task(own.read(many, GUEST))
        assert await waits(looked_at)
    assert (await looked_at).estimate.values > 4_000
    assert refusal(COMMENT, Limits(), i=comment, y=["a"] * 5_000) == "MAX_VALUES_LIMIT"
    assert refusal(IDS, Limits(), ids=["a"] * 4_000) == "MAX_VALUES_LIMIT"

"""What is compiled is one round trip to the database, whatever its breadth and depth."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, get_named_type, get_nullable_type, is_list_type
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from db.outbox import Event
from graphql_schema.core.made import Made
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.execution import Executor, Request
from graphql_schema.schema import executor
from tests.conftest import UNLIMITED, Graph
from tests.graphql_schema.execution.both_paths import PEOPLE, TIMEOUT, BothPaths
from tests.graphql_schema.execution.operations import Drawn, written
from tests.graphql_schema.execution.still import EVENTS, MUTATIONS, Arguments
from tests.invariants.schema import is_aggregate, needed

QUERY: Any = executor.schema.query_type
MADE = {
    name
    for type_ in executor.schema.type_map.values()
    if isinstance(type_, GraphQLObjectType)
    for name, field in type_.fields.items()
    if isinstance(getattr(declared_of(field), "declared", None), Made)
}
"""The names of fields that only Python computes, of what it reads for them."""


@pytest.fixture
def unlimited(graph: Graph) -> Graph:
    """The graph for operations that are larger than those of clients may be."""
    return replace(graph, executor=Executor(executor.schema, limits=UNLIMITED, deadline=TIMEOUT))


@settings(max_examples=90)
@given(data=st.data(), who=st.sampled_from(PEOPLE))
def test_a_query_is_one_statement(both: BothPaths, data: st.DataObject, who: str | None) -> None:
    drawn = data.draw(both.operations(who))
    statements, answer = both.statements(who, drawn)
    operation = both.compiled.executor.prepare(Request(drawn.text, variables=drawn.variables[0]))
    plan = operation.plan
    assert len(statements) <= 1
    assert len(statements) == 1 or not plan.compiled or operation.is_dry_run or "errors" in answer


async def test_a_broad_query_is_one_statement(unlimited: Graph) -> None:
    lists = "organizations", "projects", "courses", "repositories"
    fields = (f"{name}_{number}: {name} {{ totalCount }}" for name in lists for number in range(50))
    assert len(await unlimited.data("ada", f"{{ {' '.join(fields)} }}")) == 200
    assert len(unlimited.statements) == 1


async def test_a_deep_query_is_one_statement(unlimited: Graph) -> None:
    levels = 5
    way = "organizations(first: 2) { nodes { organization { members(first: 2) { nodes { user { "
    query = f"{{ viewer {{ {way * levels} name {'} } } } } } ' * levels} }} }}"
    assert (await unlimited.data("ada", query))["viewer"]["organizations"]["nodes"]
    assert len(unlimited.statements) == 1


FILTERS = [
    (name, field, member)
    for name, declared in QUERY.fields.items()
    if "filter" in declared.args
    for field, given in get_named_type(declared.args["filter"].type).fields.items()
    for member in getattr(get_named_type(given.type), "fields", [None])
]
"""Every condition of every list at the root: the field, the condition, and the end of a range."""
VALUES = {
    "Int": 1,
    "Float": 1.5,
    "Decimal": "1.5",
    "Date": "2026-01-01",
    "DateTime": "2026-01-01T00:00:00Z",
    "Boolean": True,
}


@pytest.mark.parametrize(("name", "field", "member"), FILTERS)
async def test_a_list_with_any_filter_is_read_by_many_at_once(
    unlimited: Graph, name: str, field: str, member: str | None
) -> None:
    """What PostgreSQL does not take of it makes the test fail, whatever is answered in the end."""
    type_: Any = get_named_type(QUERY.fields[name].args["filter"].type)
    value = sample(type_.fields[field].type, member)
    query = f"query ($f: {type_}) {{ {name}({_others(name)}first: 1, filter: $f) {{ {_shown(name)} }} }}"
    one = ["ada", "ben", "vera"]
    if declared_of(QUERY.fields[name]).declared.allows:  # type: ignore[union-attr]  # it is ours
        one = ["root"] * 3
    for people in (one[:1], one):  # the first time it is compiled
        await asyncio.gather(*(unlimited.data(who, query, f={field: value}) for who in people))


def _others(name: str) -> str:
    """The arguments that a list of groups must have."""
    return "".join(f"{name}: {value}, " for name, value in needed(QUERY.fields[name]).items())


def _shown(name: str) -> str:
    return "__typename" if is_aggregate(QUERY.fields[name]) else "totalCount nodes { id }"


def sample(type_: Any, member: str | None) -> Any:
    """A value of the type of a condition."""
    named: Any = get_named_type(type_)
    if member:
        return {member: sample(named.fields[member].type, None)}
    one = next(iter(named.values)) if isinstance(named, GraphQLEnumType) else VALUES.get(named.name, "a")
    return [one] if is_list_type(get_nullable_type(type_)) else one


@pytest.mark.parametrize("name", MUTATIONS)
@settings(max_examples=20)
@given(data=st.data())
def test_a_payload_is_one_statement_beside_those_of_the_mutation(
    both: BothPaths, name: str, data: st.DataObject
) -> None:
    who, arguments = MUTATIONS[name](both.compiled.world)
    assert more_statements(both, who, "mutation", name, arguments, data) in (0, 1)


@pytest.mark.parametrize("name", EVENTS)
@settings(max_examples=20)
@given(data=st.data())
def test_an_event_is_one_statement_beside_those_that_check_the_access(
    both: BothPaths, name: str, data: st.DataObject
) -> None:
    who, arguments, event = EVENTS[name](both.compiled.world)
    assert more_statements(both, who, "subscription", name, arguments, data, event) in (0, 1)


def more_statements(
    both: BothPaths,
    who: str,
    kind: str,
    name: str,
    arguments: Arguments,
    data: st.DataObject,
    event: Event | None = None,
) -> int:
    """How many statements more something selected of a payload needs than nothing."""
    some = data.draw(both.payloads(who, kind, name, arguments))
    assume(not MADE & set(re.findall(r"\w+", some.text)))
    nothing = Drawn(f"{kind} {{ {name}{written(arguments)} {{ __typename }} }}", ({},))
    return len(both.statements(who, some, event)[0]) - len(both.statements(who, nothing, event)[0])

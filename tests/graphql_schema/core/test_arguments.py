"""What is kept of arguments is made once for everybody who sends a document: it depends on nobody's variables."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import combinations
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    parse,
)
from graphql.execution import get_argument_values, get_variable_values
from graphql.execution.values import VariableValues

from graphql_schema.core.arguments import Given
from graphql_schema.core.inputs import converted
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.schema import executor
from tests.conftest import Graph

SCHEMA = executor.schema
VALUES: dict[str, tuple[Any, Any]] = {
    "Int": (1, 50),
    "String": ("a", "b"),
    "ID": ("usr_1", "usr_2"),
    "Boolean": (False, True),
    "DateTime": ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    "Decimal": ("1", "2"),
}
Place = tuple[tuple[str, ...], Any]


def places(declared: Any) -> Iterator[Place]:
    """The places in arguments, or in an input object, where a value can stand, each with its type."""
    for name, one in declared.items():
        yield (name,), one.type
        if is_input_object_type(get_named_type(one.type)) and not is_list_type(one.type):
            yield from (((name, *way), type_) for way, type_ in places(get_named_type(one.type).fields))


def literal(places: list[Place]) -> str:
    """Arguments with `$same` at these places."""
    found: dict[str, Any] = {}
    for way, type_ in places:
        *outer, last = way
        within = found
        for name in outer:
            within = within.setdefault(name, {})
        within[last] = "[$same]" if is_list_type(type_.of_type if is_non_null_type(type_) else type_) else "$same"
    return written(found)


def written(found: dict[str, Any]) -> str:
    return ", ".join(
        f"{name}: {value if isinstance(value, str) else f'{{{written(value)}}}'}" for name, value in found.items()
    )


def pairs() -> Iterator[tuple[str, str, str, str]]:
    """Every field with two places for one variable: type, field, type of the variable, and the arguments."""
    for type_ in SCHEMA.type_map.values():
        for name, field in type_.fields.items() if isinstance(type_, GraphQLObjectType) else ():
            if type_.name.startswith("__"):
                continue
            for one, other in combinations(places(field.args), 2):
                leaf = str(get_named_type(one[1]))
                if leaf == str(get_named_type(other[1])) and leaf in VALUES and one[0] != other[0][: len(one[0])]:
                    yield type_.name, name, leaf, literal([one, other])


@pytest.mark.parametrize("type_name", sorted({pair[0] for pair in pairs()}))
def test_a_variable_that_stands_twice_in_a_field_has_the_value_that_it_has_now(type_name: str) -> None:
    type_ = SCHEMA.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    for _, name, leaf, arguments in (pair for pair in pairs() if pair[0] == type_name):
        (operation,) = parse(f"query ($same: {leaf}!) {{ {name}({arguments}) }}").definitions
        assert isinstance(operation, OperationDefinitionNode)
        (node,) = operation.selection_set.selections
        assert isinstance(node, FieldNode)
        first, then = (variables(operation, value) for value in VALUES[leaf])
        given = Given(0, declared_of(type_.fields[name]), type_.fields[name], node)
        with suppress(GraphQLError):  # something else is needed beside the two
            expected = [get_argument_values(type_.fields[name], node, values) for values in (first, then)]
            found = [given.values(values) for values in (first, then)]
            assert found == [converted(one, type_.fields[name].args) for one in expected], (name, arguments)


def variables(operation: OperationDefinitionNode, value: Any) -> VariableValues:
    found = get_variable_values(SCHEMA, operation.variable_definitions or (), {"same": value})
    assert isinstance(found, VariableValues)
    return found


async def test_what_one_viewer_sent_answers_no_other(graph: Graph) -> None:
    query = """query ($n: Int) { repository(fullName: "analytical/engine") {
        commits(first: $n, filter: { pullRequestNumber: { min: $n } }) { totalCount } } }"""
    for n, who, commits in ((50, "ada", 0), (1, "ben", 3), (50, "root", 0), (1, "ada", 3)):
        assert await graph.data(who, query, n=n) == {"repository": {"commits": {"totalCount": commits}}}


async def test_what_a_client_sends_has_no_name_that_a_value_of_the_declarations_has(graph: Graph) -> None:
    """`status` is in the filter of the second field, and in the figure that counts those who have completed."""
    range_ = 'since: "2026-01-01T00:00:00Z", until: "2026-02-01T00:00:00Z"'
    counted = f"enrollmentActivity({range_}, filter: {{ status: [ACTIVE] }}) {{ completed }}"
    assert await graph.data("ada", f"{{ courses(first: 1) {{ __typename }} {counted} }}")

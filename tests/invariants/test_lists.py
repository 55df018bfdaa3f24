"""Every list in the input of a mutation says how many items it may have, and refuses more before anything is done."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLList, get_named_type, get_nullable_type

from tests.conftest import Graph
from tests.invariants.asking import any_value, is_required
from tests.invariants.conftest import as_served
from tests.invariants.schema import object_type

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST = re.compile(r"At most ([\d,]+)(?:, of at most [\d,]+ characters each)?\.$")


@dataclass(frozen=True)
class Place:
    """A list in the input of a mutation, by the way to it; `literal` has it with `%s` for its items."""

    mutation: str
    way: str
    literal: str
    item: str
    description: str

    def __str__(self) -> str:
        return f"{self.mutation}.{self.way}"


def places() -> Iterator[Place]:
    for mutation, field in object_type("Mutation").fields.items():
        for way, literal, declared in lists(field.args):
            item = any_value(get_nullable_type(declared.type).of_type)
            yield Place(mutation, way, literal, item, declared.description or "")


def lists(inputs: Any) -> Iterator[tuple[str, str, Any]]:
    """Every list in arguments, or in an input: the way to it, values with `%s` in it, and where it is declared."""
    for name, input_ in inputs.items():
        others = [f"{other}: {any_value(it.type)}" for other, it in inputs.items() if other != name and is_required(it)]
        is_list = isinstance(get_nullable_type(input_.type), GraphQLList)
        if is_list:
            yield name, ", ".join([f"{name}: [%s]", *others]), input_
        type_ = get_named_type(input_.type)
        if isinstance(type_, GraphQLInputObjectType):
            index, (start, end) = (".0", "[]") if is_list else ("", ("", ""))
            for way, value, declared in lists(type_.fields):
                yield f"{name}{index}.{way}", ", ".join([f"{name}: {start}{{{value}}}{end}", *others]), declared


PLACES = list(places())


async def test_the_lists_of_inputs_are_found() -> None:
    assert {"createProject.input.members", "createCourse.input.modules.0.lessons"} <= set(map(str, PLACES))


@as_served
@pytest.mark.parametrize("place", PLACES, ids=str)
async def test_a_list_that_is_too_long_is_refused_before_anything_is_done(graph: Graph, place: Place) -> None:
    limit = MOST.search(place.description)
    assert limit, "declare the list with graphql_schema.core.bulk.items"
    given = place.literal % " ".join([place.item] * (int(limit[1].replace(",", "")) + 1))
    mutation = f"mutation {{ it: {place.mutation}({given}) {{ errors {{ code message path }} }} }}"
    message = f"Send at most {limit[1]} at a time."
    refused = {"code": "BAD_USER_INPUT", "message": message, "path": place.way.split(".")}
    assert await graph.data("root", mutation) == {"it": {"errors": [refused]}}
    assert graph.statements == []

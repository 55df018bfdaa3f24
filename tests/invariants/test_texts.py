"""Every text has a greatest length: inputs say it and refuse more at the field, columns hold it, and so do cursors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, get_named_type, get_nullable_type
from sqlalchemy import Text, UniqueConstraint

from db.base import new_id, tables
from graphql_schema.core import cursors
from graphql_schema.core.orders import order_of
from tests.conftest import Graph
from tests.invariants.asking import any_value, is_required
from tests.invariants.schema import SCHEMA, TABLES, object_type

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOUNDED_OTHERWISE = {"idempotency_keys.mutation": "names of root fields, of which an operation may have a few"}
"""The texts in indexes that have no limit of their own, with the reason."""
LONGEST_OF_INDEX = 2_600
"""Bytes of an entry that a B-tree of PostgreSQL takes, which are a third of a page."""
LONGEST_CURSOR = 3_000
"""Characters of a cursor, so that it can be sent in an address with a document beside it."""


@dataclass(frozen=True)
class Place:
    """A text in the input of a mutation, by the way to it. The others that it needs have some value."""

    mutation: str
    way: tuple[str, ...]
    longest: int
    literal: str

    def __str__(self) -> str:
        return f"{self.mutation}.{'.'.join(self.way)}"

    async def ask(self, graph: Graph, value: str) -> list[tuple[str, list[str]]]:
        """The errors that a value of the text is refused for: their messages, and the ways to the field."""
        query = f"mutation ($text: String!) {{ {self.mutation}({self.literal}) {{ errors {{ code message path }} }} }}"
        payload = (await graph.data("root", query, text=value))[self.mutation]
        assert {error["code"] for error in payload["errors"]} <= {"BAD_USER_INPUT", "NOT_FOUND"}
        return [(error["message"], error["path"]) for error in payload["errors"]]


def places() -> Iterator[Place]:
    for mutation, field in object_type("Mutation").fields.items():
        for way, literal, described in texts(field.args):
            limit = re.search(r"[Aa]t most ([\d,]+) characters(?: each)?\.$", described.description or "")
            yield Place(mutation, way, int(limit[1].replace(",", "")) if limit else 0, literal)


def texts(inputs: Any) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Every text in arguments, or in an input: the way to it, values with `$text` there, and where it is declared."""
    for name, input_ in inputs.items():
        others = [f"{o}: {any_value(it.type)}" for o, it in inputs.items() if o != name and is_required(it)]
        is_list = isinstance(get_nullable_type(input_.type), GraphQLList)
        index, (start, end) = ("0",) if is_list else (), "[]" if is_list else ("", "")
        match get_named_type(input_.type):
            case GraphQLInputObjectType(fields=fields):
                for way, value, declared in texts(fields):
                    yield (name, *index, *way), ", ".join([f"{name}: {start}{{{value}}}{end}", *others]), declared
            case type_ if type_.name == "String":
                yield (name, *index), ", ".join([f"{name}: {start}$text{end}", *others]), input_


PLACES = list(places())


async def test_the_texts_of_inputs_are_found() -> None:
    assert {"addComment.input.content", "createProject.input.description", "signIn.input.device"} <= set(
        map(str, PLACES)
    )


@pytest.mark.parametrize("place", PLACES, ids=str)
async def test_a_text_that_does_not_fit_is_refused_at_its_field(graph: Graph, place: Place) -> None:
    assert place.longest, "declare the text with graphql_schema.core.texts.text"
    too_long = await place.ask(graph, "é" * (place.longest + 1))
    assert too_long == [(f"This may have at most {place.longest:,} characters.", list(place.way))]
    for unstorable in ("\0", f"a{chr(0)}b"):
        [(message, way)] = await place.ask(graph, unstorable)
        assert (way, message) == (list(place.way), "This has a character that no text can have, such as U+0000.")


def longest(column: Any) -> int:
    """Characters that a text column holds."""
    assert "longest" in column.info, f"{column} needs a limit: declare it with db.base.string"
    return int(column.info["longest"])


def is_limited(column: Any) -> bool:
    """Whether a column is a text that needs a limit."""
    return isinstance(column.type, Text) and str(column) not in BOUNDED_OTHERWISE


def indexed(table: Any) -> Iterator[tuple[str, list[Any]]]:
    """The indexes and unique constraints of a table, with the columns of text that an entry holds."""
    trees = [index for index in table.indexes if index.dialect_options["postgresql"]["using"] in (None, "btree", False)]
    for index in trees:
        words = set(re.findall(r"\w+", " ".join(map(str, index.expressions))))
        yield str(index.name), [c for c in table.c if c.name in words and is_limited(c)]
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield str(constraint.name), [c for c in constraint.columns if is_limited(c)]


async def test_a_text_in_an_index_is_not_too_long_for_it() -> None:
    entries = [(name, columns) for table in tables() for name, columns in indexed(table.__table__) if columns]
    assert entries
    assert [name for name, columns in entries if sum(4 * longest(c) for c in columns) > LONGEST_OF_INDEX] == []


async def test_a_cursor_is_short_whatever_a_list_is_sorted_by() -> None:
    sorted_by_text = 0
    for name, table in TABLES.items():
        type_ = SCHEMA.type_map.get(f"{name}Order")
        for value in type_.values.values() if isinstance(type_, GraphQLEnumType) else ():
            order = order_of(value.value)
            if isinstance(order.type, Text):
                sorted_by_text += 1
                # Every character of the longest text is escaped in JSON.
                text = "\x01" * longest(table.__table__.c[order.name])
                assert len(cursors.encode(order, text, new_id())) <= LONGEST_CURSOR, (name, value)
    assert sorted_by_text

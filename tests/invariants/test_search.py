"""Whatever is typed into a search box is answered, in every list of the graph that can be searched."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_schema.core.filters import LONGEST_SEARCH
from tests.conftest import Graph
from tests.invariants.oracle import Oracle
from tests.invariants.schema import EDGES, ROOTS, TABLES, Edge, object_type

pytestmark = pytest.mark.asyncio(loop_scope="session")


def searched(edge: Edge) -> bool:
    """Whether the list under an edge can be searched."""
    filter_ = object_type(edge.source).fields[edge.name].args.get("filter")
    type_ = get_named_type(filter_.type) if filter_ else None
    return isinstance(type_, GraphQLInputObjectType) and "search" in type_.fields


SEARCHED = [edge for edge in (*ROOTS, *EDGES) if edge.is_list and searched(edge)]
SEARCHES = [name for name, field in object_type("Query").fields.items() if "query" in field.args]
"""The fields of the root that search in several types."""
OPERATORS = ("-", "--", '"', "'", "|", "&", "!", "(", ")", "<->", ":*", "*", "\\", "%", " or ", "OR", " -", '-"', "\n")
TEXTS = (
    *("The", "who", "atlas", "node.js", "e\u0301", "\u0301\u0301", "ß", "東京", "한국", "ไทย", "हिन्दी", "العربية", "Ё"),
    *("🚀", "👩‍👩‍👧", "\u200b", "\ufdfa", "\u0345", "\u3099", "\U000e0001", "\uffff", "1e5", "-5", "<b>", "&amp;"),
    *("a@b.c", "http://x/y?z", "/usr/lib", "x" * 100, "\x01", "\x85", "\u2028"),
)
typed = st.lists(
    st.one_of(
        st.sampled_from(OPERATORS),
        st.sampled_from(TEXTS),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    ).flatmap(lambda piece: st.sampled_from((1, 1, 2, 33, 100)).map(lambda times: piece * times)),
    max_size=30,
).map(lambda pieces: "".join(pieces).replace("\0", "")[:LONGEST_SEARCH])


def operation(oracle: Oracle, order: str = "") -> tuple[str, dict[str, list[str]]]:
    """A query that searches every list, with the objects that it starts from."""
    page = f"(filter: {{search: $typed}}, first: 100{order}) {{ totalCount nodes {{ id }} }}"
    roots = [f"{edge.name}{page}" for edge in SEARCHED if edge.source == "Query"]
    below, ids = list[str](), dict[str, list[str]]()
    roots += [f"{name}(query: $given, first: 100) {{ totalCount nodes {{ __typename }} }}" for name in SEARCHES]
    for edge in (edge for edge in SEARCHED if edge.source != "Query"):
        table = TABLES[edge.source]
        ids[edge.source] = [f"{table.prefix}_{row.id.hex}" for row in oracle.rows[table.__tablename__]][:20]
        alias = f"{edge.source}_{edge.name}"
        below.append(f"{alias}: nodes(ids: ${edge.source}) {{ ... on {edge.source} {{ {edge.name}{page} }} }}")
    declared = ["$typed: String", "$given: String!", *(f"${source}: [ID!]!" for source in ids)]
    return f"query ({', '.join(declared)}) {{ {' '.join(roots + below)} }}", ids


def counts(found: Any) -> Iterator[tuple[int, int]]:
    """Every total of an answer, with the number of items on its page."""
    match found:
        case {"totalCount": total, "nodes": nodes}:
            yield total, len(nodes)
        case dict():
            for value in found.values():
                yield from counts(value)
        case list():
            for value in found:
                yield from counts(value)


async def test_there_are_lists_to_search() -> None:
    assert {edge.target for edge in SEARCHED} >= {"Course", "SpecificationProject", "SpecificationDocument"}


async def test_what_can_be_searched_has_an_index_for_it() -> None:
    for table in {edge.table for edge in (*SEARCHED, *(edge for edge in ROOTS if edge.name in SEARCHES))}:
        found = [index for index in table.__table__.indexes if list(index.columns.keys()) == ["search_vector"]]  # type: ignore[attr-defined]
        assert [index.dialect_options["postgresql"]["using"] for index in found] == ["gin"], table


@settings(max_examples=40)
@given(text=typed)
async def test_whatever_is_typed_is_searched_for(graph: Graph, oracle: Oracle, text: str) -> None:
    query, ids = operation(oracle, ", orderBy: RANK_DESC")
    found = list(counts(await graph.data("root", query, typed=text, given=text, **ids)))
    assert len(found) >= len(SEARCHED) + len(SEARCHES)
    assert all(total == listed or (total > listed and listed == 100) for total, listed in found)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "-", "-" * 33, "- " * 500, '"', '""', "((( & | ! <-> :*", "🚀"])
async def test_a_text_without_words_is_no_filter(graph: Graph, oracle: Oracle, text: str) -> None:
    query, ids = operation(oracle)
    given = {"given": "unheardof", **ids}
    assert await graph.data("root", query, typed=text, **given) == await graph.data("root", query, typed=None, **given)


@pytest.mark.parametrize("text", ["x" * (LONGEST_SEARCH + 1), " " * (LONGEST_SEARCH + 1), "\0", "a\0b"])
async def test_what_cannot_be_searched_for_is_told_at_its_place(graph: Graph, oracle: Oracle, text: str) -> None:
    query, ids = operation(oracle)
    errors = (await graph("root", query, typed=text, given="word", **ids))["errors"]
    assert {tuple(error["extensions"].items()) for error in errors} == {
        (("code", "BAD_USER_INPUT"), ("argument", "search"))
    }

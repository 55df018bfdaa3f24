"""From a query to its tree, and from the tree to SQL: the golden files say how, and change only on purpose."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import GraphQLObjectType, get_named_type

from db.access import Viewer
from graphql_schema.core import NODES
from graphql_schema.core.fields import Column
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.execution import Request
from graphql_schema.schema import executor
from tests.graphql_schema.execution.golden import EXAMPLE, FILES, README, explained, written

TYPES: dict[str, Any] = executor.schema.type_map
TABLES = {table.__name__: table for table in NODES}
PAGE = re.compile(r"\) AS (page\d+)\b")
COLUMNS = re.compile(r'SELECT ([\w."]+(?:, [\w."]+)*)\s')


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_query_becomes_the_tree_and_the_statement_of_its_golden_file(path: Path) -> None:
    file = path.read_text()
    assert written(file) == file, "If this was meant, run scripts/statements."


def test_the_example_of_the_readme_is_that_of_a_golden_file() -> None:
    assert explained(README.read_text(), EXAMPLE.read_text()) == README.read_text()


def lists() -> Iterator[tuple[str, str, str]]:
    """Every edge to a list: the type that has it, its name, and the type of its rows."""
    for type_name in TABLES:
        for name, field in TYPES[type_name].fields.items():
            listed = get_named_type(field.type).name
            if listed.endswith("Connection"):
                yield type_name, name, listed.removesuffix("Connection")


def ruled(type_name: str) -> list[str]:
    """The fields of a type that have a rule of their own."""
    if type_name not in TABLES:  # of several tables a page has no fields, but keys alone
        return []
    type_: GraphQLObjectType = TYPES[type_name]
    found = {name: declared_of(field) for name, field in type_.fields.items()}
    return [name for name, one in found.items() if one and isinstance(one.declared, Column) and one.declared.needs]


def sql_of(parent: str, name: str, selected: str) -> str:
    """The statement for what is selected of the rows of a list."""
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {parent} {{ {name} {{ nodes {{ {selected} }} }} }} }} }}"
    operation = executor.prepare(Request(query, variables={"id": TABLES[parent](id=UUID(int=1)).public_id}))
    asked = operation.plan.asked(operation.plan.members, operation.variables)
    return operation.plan.statement(asked, Viewer(UUID(int=1))).sql


def pages(sql: str) -> dict[str, set[str]]:
    """The columns that every page of a statement reads."""
    return {match[1]: _columns(_in_parentheses(sql, match.start())) for match in PAGE.finditer(sql)}


def _columns(subselect: str) -> set[str]:
    """The names of what a subselect selects. What stands in parentheses is taken out of it, the innermost first."""
    while (plain := re.sub(r"\([^()]*\)", "", subselect)) != subselect:
        subselect = plain
    found = COLUMNS.search(subselect)
    assert found
    return {re.split(r"[. ]", column)[-1] for column in found[1].split(", ")}


def _in_parentheses(sql: str, end: int) -> str:
    depth, start = 1, end
    while depth:
        start -= 1
        depth += {")": 1, "(": -1}.get(sql[start], 0)
    return sql[start:end]


@pytest.mark.parametrize(("parent", "name", "listed"), list(lists()))
def test_a_page_reads_nothing_but_what_it_shows_and_is_sorted_by(parent: str, name: str, listed: str) -> None:
    ((columns,),) = [pages(sql_of(parent, name, "... on Node { id }")).values()]
    assert "id" in columns
    assert listed in TABLES or "kind" in columns  # the name of the table, which a row of one table does not need
    assert len(columns) == (2 if listed in TABLES else 3), columns


@pytest.mark.parametrize(
    ("parent", "name", "field"), [(parent, name, f) for parent, name, listed in lists() for f in ruled(listed)]
)
def test_a_page_reads_what_the_rule_of_a_field_looks_at(parent: str, name: str, field: str) -> None:
    sql = sql_of(parent, name, field)
    for page, columns in pages(sql).items():
        assert set(re.findall(rf'\b{page}\.("?\w+"?)', sql)) <= columns

"""The graph as it is printed, and who may do what with it: a change of either is seen in a review."""

from collections import Counter
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse
from graphql.execution import experimental_execute_incrementally

from db.access import matrix, slice_of
from db.base import Base, tables
from graphql_schema.core.fields import Field
from graphql_schema.schema import SLICES, executor, sdl

ROOT = Path(__file__).parents[2]


def test_the_printed_schema_is_the_schema() -> None:
    assert difference("graphql_schema/schema.graphql", sdl()) == "", "run scripts/schema and look at the difference"


def test_the_printed_matrix_is_what_the_access_rules_say() -> None:
    assert difference("db/access.txt", matrix(Base.metadata)) == "", "run scripts/access and look at the difference"


def difference(path: str, text: str) -> str:
    """What the text has otherwise than the file."""
    lines = unified_diff((ROOT / path).read_text().splitlines(), text.splitlines(), path, "now", lineterm="", n=1)
    return "\n".join(lines)


def test_the_printed_schema_can_be_read_by_others() -> None:
    assert build_schema(sdl()).query_type


@pytest.mark.parametrize("name", ["TimeRange", "SpecificationProjectFilter", "Query", "__Type", "ID"])
def test_every_type_says_whether_it_wants_one_of_its_fields(name: str) -> None:
    query = "query ($name: String!) { __type(name: $name) { isOneOf inputFields { type { isOneOf } } } }"
    answer: Any = experimental_execute_incrementally(executor.schema, parse(query), variable_values={"name": name})
    assert answer.errors is None
    assert answer.data
    is_input = answer.data["__type"]["inputFields"] is not None
    assert answer.data["__type"]["isOneOf"] is (False if is_input else None)


WITHOUT_TABLES = {
    "activity": "it lists rows of the tables of all others",
    "analytics": "it has figures of the tables of others",
    "search": "it finds rows of the tables of all others",
}
"""The slices that have no tables, with the reason."""


def test_every_slice_is_part_of_the_graph_and_has_tables_of_its_name() -> None:
    slices = {part.__name__.rpartition(".")[2] for part in SLICES}
    assert slices == {path.parent.name for path in (ROOT / "graphql_schema").glob("*/types.py")}
    named = {slice_of(table.__module__) for table in tables() if table.__module__.startswith("db.tables.")}
    assert slices - WITHOUT_TABLES.keys() == named


def test_a_field_belongs_to_one_slice() -> None:
    """Or the slice that comes later would take it from the other without a word."""
    for root in ("queries", "mutations", "subscriptions"):
        declaring = [vars(slice_)[root] for slice_ in SLICES if hasattr(slice_, root)]
        fields = Counter(name for each in declaring for name, value in vars(each).items() if isinstance(value, Field))
        assert [name for name, times in fields.items() if times > 1] == []

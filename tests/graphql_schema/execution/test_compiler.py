"""From a query to its tree, and from the tree to SQL: the golden files say how, and change only on purpose."""

import re
from pathlib import Path

import pytest

from tests.graphql_schema.execution.golden import EXAMPLE, FILES, README, explained, written


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_query_becomes_the_tree_and_the_statement_of_its_golden_file(path: Path) -> None:
    file = path.read_text()
    assert written(file) == file, "If this was meant, run scripts/statements."


def test_the_example_of_the_readme_is_that_of_a_golden_file() -> None:
    assert explained(README.read_text(), EXAMPLE.read_text()) == README.read_text()


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_page_reads_no_column_that_nobody_asks_for(path: Path) -> None:
    """A star is only over the rows of a page that name their columns."""
    for statement in re.findall(r"```sql\n(.*?)```", path.read_text(), re.DOTALL):
        assert not re.search(r"SELECT \*\s+FROM \w", statement)
        assert not re.search(r"SELECT [a-z]+\d+\.\*", statement)

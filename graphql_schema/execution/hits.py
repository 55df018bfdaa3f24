"""A page of a list that finds so many rows of each table at most, in SQL: the newest of those that an index finds.

They are found once, and page and total are made of them: what is sorted, counted and shown are the same rows. However
many rows have a frequent word, the work is bounded.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, literal_column

from db.access import reached
from db.unions import KIND
from db.windows import KEY
from graphql_schema.execution.pages import Arm, Page
from graphql_schema.execution.sql_text import Alias, Json, Sql, condition_of, conditions, from_, quoted, text_of

SAMPLE = 200
"""The newest rows of a table that are looked at to guess how many an index will find."""
MANY = 10_000
"""From so many rows on it costs less to look at one row after the other, the newest first, than to read an index."""


class Hits(Page):
    """Writes a list whose conditions find so many rows of a table at most."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # All that is said of the list is written around what is found once.
        self.is_alone, self.is_inside = False, True
        self.hits = f"hits{next(self.names)}"

    def over(self, expression: Sql) -> Sql:
        """An expression over all rows of the page, beside all that are found."""
        page = self._page()
        found = f"WITH {self.hits} AS MATERIALIZED ({self._hits()})"
        return Sql(f"({found}\nSELECT {expression}\nFROM ({page}) AS {self.row.name}\nHAVING true)")

    def total(self) -> Json:
        """How many rows are found."""
        return (Sql(f"(SELECT CAST(count(*) AS TEXT)\nFROM {self.hits})"),)

    def is_exact(self) -> Json:
        """Whether no more rows meet the conditions than are found."""
        by_kind = f"SELECT count(*) AS number\nFROM {self.hits} GROUP BY {self.hits}.{KIND}"
        exact = f"coalesce(max(by_kind.number), 0) < {self.window.most}"
        return (Sql(f"(SELECT CAST({exact} AS TEXT)\nFROM ({by_kind}) AS by_kind)"),)

    def _read(self) -> str:
        there = Alias(self.hits, self.table)
        key, id_ = self._key(there), there.c["id"]
        reads = []
        for behind in self._ranges(key, id_):
            where = f"\nWHERE {' AND '.join(behind)}" if behind else ""
            sorting = self._sorted(self.hits, backward=self.window.backward)
            reads.append(f"SELECT *\nFROM {self.hits}{where}{sorting} LIMIT {self.limit}{self.one_more}")
        if len(reads) == 1:
            return reads[0]
        all_ = "\nUNION ALL ".join(f"({read})" for read in reads)
        sorting = self._sorted("merged", backward=self.window.backward)
        return f"SELECT *\nFROM ({all_}) AS merged{sorting} LIMIT {self.limit}{self.one_more}"

    def _hits(self) -> str:
        """The rows of all tables that are found, with what they are sorted by."""
        self._share()
        found = "\nUNION ALL ".join(f"({self._found(arm)})" for arm in self._arms())
        shared = f"{self._shared()}, LATERAL " if self.queries else ""
        return f"SELECT found.*\nFROM {shared}({found}) AS found"

    def _found(self, arm: Arm) -> str:
        """The newest rows of a table that meet the conditions."""
        key = self.window.order.key(arm.columns, self._given("taken", self.window.order.takes))
        names = dict.fromkeys([*self._names, KIND])
        columns = ", ".join(f"{text_of(arm.columns[name])} AS {quoted(name)}" for name in names)
        if self.window.order.expression:
            columns = f"{columns}, {text_of(key)} AS {KEY}"
        access = conditions(arm.rows, self.scope, arm.row, self.viewer)
        tests = list(self._tests(arm))
        return f"SELECT {columns}\nFROM {self._newest(arm, access, tests)}"

    def _newest(self, arm: Arm, access: list[Sql], tests: list[Any]) -> str:
        name, most = arm.row.name, self.window.most
        indexed, scanned = ([*access, *map(condition_of, tests)], [*access, *(condition_of(t.is_(True)) for t in tests)])
        columns = ", ".join(f"{name}.{quoted(column)}" for column in arm.row.c.asked)
        newest = _order(func.greatest(literal_column(f"{name}.id")))
        if reached(arm.row, self.viewer) is not None:  # type: ignore[arg-type]
            return f"(SELECT {columns}{from_(arm.row, scanned)}{newest} LIMIT {most}) AS {name}"
        table = quoted(arm.row.element.name)
        aged = f"SELECT *\nFROM {table} ORDER BY id DESC"
        sample = f"SELECT count(*)\nFROM ({aged} LIMIT {SAMPLE}) AS {name}\nWHERE {' AND '.join(scanned[len(access):])}"
        size = f"SELECT reltuples\nFROM pg_catalog.pg_class\nWHERE oid = '{table}'::regclass"
        many = f"(SELECT ({sample}) * ({size}) > {MANY * SAMPLE} AS expected OFFSET 0) AS many"
        walked = f"SELECT {columns}\nFROM ({aged} OFFSET 0) AS {name}\nWHERE {' AND '.join(['many.expected', *scanned])}"
        looked_up = f"SELECT {columns}{from_(arm.row, ['NOT many.expected', *indexed])}{newest}"
        either = f"({walked} LIMIT {most})\nUNION ALL ({looked_up} LIMIT {most})"
        return f"{many}, LATERAL ({either}) AS {name}"

    def _tests(self, arm: Arm) -> Iterator[Any]:
        tests: Any = self.window.conditions
        for test in tests:
            yield test.build(arm.columns, self._given(test.name, test.type), self.viewer)


def _order(key: Any) -> str:
    return f"\nORDER BY {text_of(key)} DESC"

"""A page of a list that finds so many rows of each table at most, in SQL: the newest of those that an index finds.

They are found once, and page and total are made of them: what is sorted, counted and shown are the same rows. However
many rows have a frequent word, the work is bounded.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func

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
        """The newest rows of a table that meet the conditions, with what they are sorted by."""
        order = self.window.order
        key = order.key(arm.columns, self._given("taken", order.takes))
        names = dict.fromkeys([*self._names, KIND])
        columns = [f"{text_of(arm.columns[name])} AS {quoted(name)}" for name in names]
        columns += [f"{text_of(key)} AS {KEY}"] if order.expression else []
        may, tests = conditions(arm.rows, self.scope, arm.row, self.viewer), list(self._tests(arm))
        # A condition that is true is one that no index answers.
        looked_at = [condition_of(test.is_(True)) for test in tests]
        if reached(arm.row, self.viewer) is not None:  # type: ignore[arg-type]
            newest = f"({self._newest(arm, [*may, *looked_at])}) AS {arm.row.name}"
        else:
            newest = self._either(arm, [*may, *map(condition_of, tests)], may, looked_at)
        return f"SELECT {', '.join(columns)}\nFROM {newest}"

    def _newest(self, arm: Arm, terms: list[Sql]) -> str:
        """The newest rows that meet these conditions, of all that do. An expression is sorted by along no index."""
        newest = text_of(func.greatest(arm.row.c["id"]))
        found = f"SELECT {self._read_of(arm)}{from_(arm.row, terms)}"
        return f"{found}\nORDER BY {newest} DESC LIMIT {self.window.most}"

    def _either(self, arm: Arm, indexed: list[Sql], may: list[Sql], looked_at: list[Sql]) -> str:
        """The newest rows by an index over what they are searched by, or else, if that would find very many, one row
        after the other until there are enough.
        """
        name, table = arm.row.name, quoted(arm.row.element.name)
        rows = f"SELECT *\nFROM {table} ORDER BY id DESC"
        sample = f"SELECT count(*)\nFROM ({rows} LIMIT {SAMPLE}) AS {name}\nWHERE {' AND '.join(looked_at)}"
        size = f"SELECT reltuples\nFROM pg_catalog.pg_class\nWHERE oid = '{table}'::regclass"
        guess = f"(SELECT ({sample}) * ({size}) > {MANY * SAMPLE} AS are_many OFFSET 0) AS guess"
        terms = " AND ".join(["guess.are_many", *may, *looked_at])
        walked = (
            f"SELECT {self._read_of(arm)}\nFROM ({rows} OFFSET 0) AS {name}\nWHERE {terms} LIMIT {self.window.most}"
        )
        by_index = self._newest(arm, [Sql("NOT guess.are_many"), *indexed])
        return f"{guess}, LATERAL (({walked})\nUNION ALL ({by_index})) AS {name}"

    def _read_of(self, arm: Arm) -> str:
        """The columns of a table that are asked for."""
        return ", ".join(f"{arm.row.name}.{quoted(column)}" for column in arm.row.c.asked)

    def _tests(self, arm: Arm) -> Iterator[Any]:
        tests: Any = self.window.conditions
        for test in tests:
            yield test.build(arm.columns, self._given(test.name, test.type), self.viewer)

"""A page of a list that finds so many rows of each table at most, in SQL: the newest of those that an index finds.

They are found once, and page and total are made of them: what is sorted, counted and shown are the same rows. However
many rows have a frequent word, the work is bounded; and whether a viewer sees a row is looked at for the newest alone,
until there are enough.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func

from db.access import WHOEVER, Viewer, reached
from db.unions import KIND
from db.windows import KEY
from graphql_schema.execution.pages import Arm, Page
from graphql_schema.execution.sql_text import Alias, Json, Sql, condition_of, conditions, from_, quoted, text_of

SAMPLED = 6
"""How many of the newest rows that are looked at have the word, where an index finds as many rows as have to be looked
at one after the other until there are enough. Then so many rows are looked at first that this is the limit.
"""


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
        may, tests = conditions(arm.rows, self.scope, arm.row, self.viewer), list(self._tests(arm, self.viewer))
        # A condition that is true is one that no index answers.
        looked_at = [condition_of(test.is_(True)) for test in tests]
        if reached(arm.row, self.viewer) is not None:  # type: ignore[arg-type]
            newest = f"({self._newest(arm, [*may, *looked_at])}) AS {arm.row.name}"
        else:
            found = list(self._tests(arm, WHOEVER))
            checks = [*may, *(looked_at if [*map(condition_of, found)] != [*map(condition_of, tests)] else [])]
            newest = self._either(arm, found, [check for check in checks if check != "true"])
        return f"SELECT {', '.join(columns)}\nFROM {newest}"

    def _newest(self, arm: Arm, terms: list[Sql], end: str = "") -> str:
        """The newest rows that meet these conditions, of all that do. An expression is sorted by along no index."""
        newest = text_of(func.greatest(arm.row.c["id"]))
        found = f"SELECT {self._read_of(arm)}{from_(arm.row, terms)}"
        return f"{found}\nORDER BY {newest} DESC {end or self._enough}"

    def _either(self, arm: Arm, found: list[Any], checks: list[Sql]) -> str:
        """The newest rows by an index over what they are searched by, or one row after the other. Those that are found
        are checked one by one, until there are enough.

        An index leads to all rows that have the word. The more have it, the sooner enough of them are among the newest:
        a sample of these tells which way is the shorter one.
        """
        name, table = arm.row.name, quoted(arm.row.element.name)
        looked_at = " AND ".join(condition_of(test.is_(True)) for test in found)
        rows = f"SELECT *\nFROM {table} ORDER BY id DESC"
        size = f"SELECT greatest(reltuples, 0)\nFROM pg_catalog.pg_class\nWHERE oid = '{table}'::regclass"
        sample = f"{rows} LIMIT {SAMPLED} * sqrt(({size}) / {self.window.most})"
        are_many = f"(SELECT count(*)\nFROM ({sample}) AS {name}\nWHERE {looked_at}) > {SAMPLED}"
        guess = f"(SELECT {are_many} AS are_many OFFSET 0) AS guess"
        # All of them are sorted where some may not pass: no more than needed are checked.
        end = "OFFSET 0" if checks else self._enough
        one_by_one = f"SELECT {self._read_of(arm)}\nFROM ({rows} OFFSET 0) AS {name}"
        walked = f"{one_by_one}\nWHERE guess.are_many AND {looked_at} {end}"
        by_index = self._newest(arm, [Sql("NOT guess.are_many"), *map(condition_of, found)], end)
        either = f"{guess}, LATERAL (({walked})\nUNION ALL ({by_index})) AS {name}"
        if not checks:
            return either
        return f"(SELECT {name}.*\nFROM {either}\nWHERE {' AND '.join(checks)} {self._enough}) AS {name}"

    @property
    def _enough(self) -> str:
        return f"LIMIT {self.window.most}"

    def _read_of(self, arm: Arm) -> str:
        """The columns of a table that are asked for."""
        return ", ".join(f"{arm.row.name}.{quoted(column)}" for column in arm.row.c.asked)

    def _tests(self, arm: Arm, viewer: Viewer) -> Iterator[Any]:
        """The conditions of the list, as they are for this viewer."""
        tests: Any = self.window.conditions
        for test in tests:
            yield test.build(arm.columns, self._given(test.name, test.type), viewer)

"""A page of a list in SQL: its rows, and what fields say of all of them, each only where it is selected."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Text, and_, literal_column

from db.access import Viewer, reached
from db.search import Query, Typed, part, query
from db.unions import KIND
from db.windows import KEY, Window
from graphql_schema.core.cursors import VERSION, fingerprint, written
from graphql_schema.core.sources import Merged, Rows
from graphql_schema.core.tree import Each, List, Node, Object, Value
from graphql_schema.execution.sql_text import (
    Alias,
    Json,
    Sql,
    alias_of,
    coalesced,
    condition_of,
    conditions,
    from_,
    joined,
    parameter,
    quoted,
    text_of,
    value_of,
)

ORDINAL, FOUND = "place_", "found_"


class Arm(NamedTuple):
    """The rows of one table in a list: a row of it, and the columns of the list in that."""

    rows: Rows
    row: Alias
    columns: Any


class Page:
    """Writes one list over `scope`. The values of its window are bind parameters of the list."""

    def __init__(self, node: List, window: Window, scope: Any, *, viewer: Viewer, names: Iterator[int]) -> None:
        self.node, self.window, self.scope, self.viewer, self.names = node, window, scope, viewer, names
        self.table: Any = node.rows.table.__table__
        self.kinds = node.rows.kinds if isinstance(node.rows, Merged) else {}
        self.row = Alias(f"page{next(names)}", self.table)
        self.bound, self.limit = node.given.bound, parameter(node.given.parameter("limit"), "INTEGER")
        # The index of a row of the page, and that of its last in the direction of reading.
        self.ordinal, self.last = f"{self.row.name}.{ORDINAL}", f"least({self.row.name}.{FOUND}, {self.limit})"
        fields = list(_fields(node.body))
        arrays = [field for field in fields if isinstance(field, Each)]
        of_page = [field for field in fields if isinstance(field, Value) and field.over == "page"]
        # Around an array that is alone the object is written outside of the subselect: its text is copied less often.
        self.is_alone = len(arrays) == 1 and not of_page
        self.is_inside = bool(arrays or of_page) and not self.is_alone
        # Ordinals are needed to look one row ahead, and for a stretch of the page.
        self.is_placed = bool(of_page) or any((each.start, each.stop) != (0, None) for each in arrays)
        self.one_more = " + 1" if self.is_placed else ""
        self.worked_out = dict[str, str]()

    def array(self, each: Each, item: Sql) -> Json:
        """A JSON array with the item of every row of the page, in the order of the list."""
        where = f" FILTER (WHERE {' AND '.join(self._in_stretch(each))})" if self.is_placed else ""
        array = coalesced(f"string_agg({item}, ','){where}", "")
        return "[", self.over(array) if self.is_alone else array, "]"

    def over(self, expression: Sql) -> Sql:
        """An expression over all rows of the page, as one value. HAVING makes it one where it looks at none of them.

        It is written last: the columns that are read are those that were asked for.
        """
        return Sql(f"(SELECT {expression}\nFROM ({self._page()}) AS {self.row.name}\nHAVING true)")

    def has_more(self, *, at_end: bool) -> Json:
        """Whether there are rows beyond an end of the page. Against the direction of reading the cursor says so."""
        if at_end == self.window.backward:
            return ("false" if self.window.after is None else "true",)
        return (Sql(f"CAST(coalesce(bool_or({self.ordinal} > {self.limit}), false) AS TEXT)"),)

    def border(self, *, at_end: bool) -> Json:
        """The cursor of the row at an end of the page, or null."""
        index = self.last if at_end != self.window.backward else "1"
        cursor = Sql(f"max({self._cursor()}) FILTER (WHERE {self.ordinal} = {index})")
        return (coalesced(joined(('"', cursor, '"'))),)

    def cursor(self) -> Json:
        """The cursor of a row: what `graphql_schema.core.cursors` writes, written by PostgreSQL."""
        return '"', self._cursor(), '"'

    def total(self) -> Json:
        """How many rows all pages have."""
        self._share()
        count = " + ".join([self._count(arm) for arm in self._arms()])
        if self.queries:
            count = f"(SELECT {count}\nFROM {self._shared()})"
        return (Sql(f"CAST({count} AS TEXT)"),)

    def of_row(self, name: str, value: Any, takes: str) -> Any:
        """A value over a row of the page in its table, and over what a condition takes. It is a column of the page,
        which is worked out for the rows there alone.
        """
        (test,) = [test for test in self.window.conditions if test.name == takes]
        given: Any = self.bound(takes, test.type)  # type: ignore[attr-defined]
        cases = {}
        for arm in self._arms():
            found, same = (
                value(arm.row.c, given, table=arm.row.element),
                condition_of(arm.row.c["id"] == self.row.c["id"]),
            )
            cases[arm.columns[KIND] if self.kinds else "true"] = f"(SELECT {text_of(found)}{from_(arm.row, [same])})"
        whens = " ".join(f"WHEN {text_of(kind) if self.kinds else kind} THEN {case}" for kind, case in cases.items())
        self.worked_out[name] = f"CASE {text_of(self.row.c[KIND]) if self.kinds else ''} {whens} END"
        return literal_column(f"{self.row.name}.{quoted(name)}", found.type)

    def _count(self, arm: Arm) -> str:
        is_reached = arm.rows.access == "reached" and not self.window.conditions
        keys = reached(arm.row, self.viewer) if is_reached else None  # type: ignore[arg-type]
        if keys is None:
            return f"(SELECT count(*){from_(arm.row, self._terms(arm))})"
        # The ids tell how many there are: their rows need not be looked at.
        return f"(SELECT count(*)\nFROM ({text_of(keys)}) AS ids)"

    def _page(self) -> str:
        """The rows of the page, and with ordinals one row more."""
        read = self._read()
        if self.is_placed:
            read = f"SELECT *, row_number() OVER () AS {ORDINAL}, count(*) OVER () AS {FOUND}\nFROM ({read}) AS placed"
        if self.window.backward:
            read = f"SELECT *\nFROM ({read}) AS backward{self._sorted('backward', backward=False)}"
        if self.worked_out:
            columns = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in self.worked_out.items())
            # With OFFSET each is worked out once, however often it is looked at.
            read = f"SELECT *, {columns}\nFROM ({read}) AS {self.row.name} OFFSET 0"
        return read

    def _read(self) -> str:
        """The rows in the window. Each table and each range of an index is read by itself, as far as a page may need:
        PostgreSQL would look at all rows of the list for those that are in one or the other.
        """
        self._share()
        reads = [read for arm in self._arms() for read in self._of(arm)]
        if len(reads) == 1 and not self.kinds:
            return reads[0]
        all_ = "\nUNION ALL ".join(f"({read})" for read in reads)
        names = [f"merged.{quoted(name)}" for name in (*self._names, *([KEY] if self.window.order.expression else []))]
        shared = f"{self._shared()}, LATERAL " if self.queries else ""
        sorting = self._sorted("merged", backward=self.window.backward)
        return f"SELECT {', '.join(names)}\nFROM {shared}({all_}) AS merged{sorting} LIMIT {self.limit}{self.one_more}"

    def _of(self, arm: Arm) -> Iterator[str]:
        """The rows of one table in the window: all at once, or those of each row that they hang on by itself."""
        between = arm.rows.between
        keys = between.keys(self.scope.row.c, self.viewer) if between else None
        if between is None or keys is None:
            yield from self._in_window(arm)
            return
        each, near = f"each{next(self.names)}", between.near

        def on(scope: Any, row: Any) -> Any:
            return and_(row.c[near] == literal_column(f"{each}.id"), between.on(scope.row.c, row.c, scope.viewer))

        for read in self._in_window(arm._replace(rows=replace(arm.rows, on=on))):
            yield f"SELECT of_{each}.*\nFROM ({text_of(keys)}) AS {each}, LATERAL ({read}) AS of_{each}"

    def _in_window(self, arm: Arm) -> Iterator[str]:
        """The rows of one table in the window, from each range of an index."""
        order, id_ = self.window.order, arm.row.c["id"]
        key = order.key(arm.columns, self._given("taken", order.takes))
        sorting = _order(self.window.sorting(literal_column(KEY) if order.expression else key, id_))
        terms = list(self._terms(arm))
        columns = self._columns(arm, key)
        for behind in self._ranges(key, id_):
            yield f"SELECT {columns}{from_(arm.row, [*behind, *terms])}{sorting} LIMIT {self.limit}{self.one_more}"

    def _ranges(self, key: Any, id_: Any) -> list[list[Sql]]:
        """The conditions of each range of the index behind the cursor; none where there is no cursor."""
        if self.window.after is None:
            return [[]]
        is_null, _ = self.window.after
        after = [None if is_null else self.bound("after_0", key.type), self.bound("after_1", id_.type)]
        return [[condition_of(behind)] for behind in self.window.behind(key, id_, after)]

    def _sorted(self, name: str, *, backward: bool) -> str:
        """The clause that sorts rows that were read, under this name."""
        there = Alias(name, self.table)
        return _order(self.window.order.sorting(self._key(there), there.c["id"], backward=backward))

    def _arms(self) -> Iterator[Arm]:
        """The tables that are read, each with a row of its own."""
        rows = self.node.rows
        for one in [rows] if isinstance(rows, Rows) else rows.arms:
            row = alias_of(one.table.__table__, self.names)
            yield Arm(one, row, row.c if isinstance(rows, Rows) else rows.table.entry(one.table, row.c))

    def _columns(self, arm: Arm, key: Any) -> str:
        """The columns that a page reads, the expression that it is sorted by included."""
        columns = [text_of(arm.columns[name]) + (f" AS {quoted(name)}" if self.kinds else "") for name in self._names]
        return ", ".join([*columns, *([f"{text_of(key)} AS {KEY}"] if self.window.order.expression else [])])

    @property
    def _names(self) -> list[str]:
        """The columns of the list that a page reads."""
        order = self.window.order
        return list(dict.fromkeys([*self.row.c.asked, *(() if order.expression else (order.name,)), "id"]))

    def _key(self, row: Alias) -> Any:
        """The value that places a row in the order, once it is read."""
        order = self.window.order
        return literal_column(f"{row.name}.{KEY}", order.type) if order.expression else row.c[order.name]

    def _terms(self, arm: Arm) -> Iterator[Sql]:
        """The conditions of the rows of one table."""
        yield from conditions(arm.rows, self.scope, arm.row, self.viewer)
        tests: Any = self.window.conditions
        for test in tests:
            yield condition_of(test.build(arm.columns, self._given(test.name, test.type), self.viewer))

    def _in_stretch(self, each: Each) -> Iterator[str]:
        """The conditions of the rows of a stretch. A page that is read backward is placed from its end."""
        yield f"{self.ordinal} <= {self.limit}"
        index = f"{self.last} - {self.ordinal}" if self.window.backward else f"{self.ordinal} - 1"
        if each.start:
            yield f"{index} >= {each.start}"
        if each.stop is not None:
            yield f"{index} < {each.stop}"

    def _cursor(self) -> Sql:
        order, key, id_ = self.window.order, written(self._key(self.row)), self.row.c["id"]
        values = value_of(key.type, text_of(key), is_nullable=order.is_nullable)
        tie = value_of(id_.type, text_of(id_), is_nullable=False)
        text = joined((f'[{VERSION},"{fingerprint(order)}",[', *values, ",", *tie, "]]"))
        return Sql(f"rtrim(translate(encode(convert_to({text}, 'UTF8'), 'base64'), E'+/\\n', '-_'), '=')")

    def _share(self) -> None:
        """Begin to note the queries that several tables are searched by: each of them is made once."""
        self.sharing, self.queries = f"shared{next(self.names)}" if self.kinds else "", dict[str, Sql]()

    def _shared(self) -> str:
        """A row with the queries. Without OFFSET PostgreSQL would put it together with what it is joined to."""
        made = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in self.queries.items())
        return f"(SELECT {made} OFFSET 0) AS {self.sharing}"

    def _given(self, name: str, type_: Any) -> Any:
        """A value of the window; of a text that several tables are searched by, the query that it means."""
        value = self.bound(name, type_)
        if not self.kinds or not isinstance(type_, Typed):
            return value
        pattern = f"{name}_part"
        self.queries |= {name: text_of(query(value)), pattern: text_of(part(value))}
        written = literal_column(f"{self.sharing}.{quoted(pattern)}", Text())
        return literal_column(f"{self.sharing}.{quoted(name)}", Query(written))


def _fields(node: Node) -> Iterator[Node]:
    """The arrays and values of a page in the body of a list: not what is below its rows."""
    if isinstance(node, Object):
        for _, inner in node.below():
            yield from _fields(inner)
    else:
        yield node


def _order(keys: Any) -> str:
    return f"\nORDER BY {', '.join(map(text_of, keys))}"

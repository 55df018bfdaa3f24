"""A page of a list in SQL: its rows, and what fields say of all of them, each only where it is selected."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import bindparam, literal_column

from db.access import Viewer, reached
from db.windows import KEY, Window
from graphql_schema.core.cursors import VERSION, fingerprint, written
from graphql_schema.core.tree import Each, List, Node, Object, Value
from graphql_schema.execution.sql_text import (
    Alias,
    Json,
    Parameter,
    Sql,
    alias_of,
    all_of,
    coalesced,
    condition_of,
    conditions,
    from_,
    joined,
    quoted,
    text_of,
    value_of,
)

PLACE, FOUND = "place_", "found_"


class Page:
    """Writes one list over `scope`. The values of its window are bind parameters of the list."""

    def __init__(self, node: List, window: Window, scope: Any, *, viewer: Viewer, names: Iterator[int]) -> None:
        self.node, self.window, self.scope, self.viewer, self.names = node, window, scope, viewer, names
        self.table = node.rows.table.__table__
        self.row = Alias(f"page{next(names)}", self.table)
        fields = list(_fields(node.body))
        arrays = [field for field in fields if isinstance(field, Each)]
        of_page = [field for field in fields if isinstance(field, Value) and field.over == "page"]
        self.has_rows = bool(arrays or of_page)
        # Around an array that is alone the object is written outside of the subselect: its text is copied less often.
        self.is_alone = len(arrays) == 1 and not of_page
        # Places are needed to look one row ahead, and for a stretch of the page.
        self.is_placed = bool(of_page) or any((each.start, each.stop) != (0, None) for each in arrays)

    def array(self, each: Each, item: Sql) -> Json:
        """A JSON array with the item of every row of the page, in the order of the list."""
        where = (" FILTER (WHERE ", *all_of(self._in_stretch(each)), ")") if self.is_placed else ()
        array = coalesced(("string_agg(", *item, ", ',')", *where), "")
        return "[", self.over(array) if self.is_alone else array, "]"

    def over(self, expression: Sql) -> Sql:
        """An expression over all rows of the page, as one value. HAVING makes it one where it looks at none of them.

        It is written last: the columns that are read are those that were asked for.
        """
        return ("(SELECT ", *expression, "\nFROM (", *self._page(), f") AS {self.row.name}\nHAVING true)")

    def has_more(self, *, at_end: bool) -> Json:
        """Whether there are rows beyond an end of the page. Against the direction of reading the cursor says so."""
        if at_end == self.window.backward:
            return ("false" if self.window.after is None else "true",)
        return (("CAST(coalesce(bool_or(", self._place, " > ", self._limit, "), false) AS TEXT)"),)

    def border(self, *, at_end: bool) -> Json:
        """The cursor of the row at an end of the page, or null."""
        place = self._last if at_end != self.window.backward else ("1",)
        cursor: Sql = ("max(", *self._cursor(), f") FILTER (WHERE {self._place} = ", *place, ")")
        return (coalesced(joined(('"', cursor, '"'))),)

    def cursor(self) -> Json:
        """The cursor of a row: what `graphql_schema.core.cursors` writes, written by PostgreSQL."""
        return '"', self._cursor(), '"'

    def total(self) -> Json:
        """How many rows all pages have."""
        child = alias_of(self.table, self.names)
        is_reached = self.node.rows.access == "reached" and not self.window.conditions
        keys = reached(child, self.viewer) if is_reached else None  # type: ignore[arg-type]
        if keys is None:
            where = all_of([*conditions(self.node.rows, self.scope, child, self.viewer), *self._tests(child)])
            return (("CAST((SELECT count(*)", *from_(child), *where, ") AS TEXT)"),)
        # The ids tell how many there are: their rows need not be looked at.
        return (("CAST((SELECT count(*)\nFROM (", *text_of(keys), ") AS ids) AS TEXT)"),)

    def _page(self) -> Sql:
        """The rows of the page, and with places one row more."""
        read = self._read()
        if self.is_placed:
            places = f"row_number() OVER () AS {PLACE}, count(*) OVER () AS {FOUND}"
            read = (f"SELECT *, {places}\nFROM (", *read, ") AS placed")
        if self.window.backward:
            read = ("SELECT *\nFROM (", *read, ") AS backward", *self._sorted("backward", backward=False))
        return read

    def _read(self) -> Sql:
        """The rows as they are read. Two ranges of an index are read each by itself: PostgreSQL would look at all rows
        of the list for those that are in one or the other.
        """
        child, order = alias_of(self.table, self.names), self.window.order
        key = order.key(child.c, self._bind("taken", order.takes))
        sorting = _order(self.window.sorting(literal_column(KEY) if order.expression else key, child.c["id"]))
        limit = " LIMIT ", self._limit, *((" + 1",) if self.is_placed else ())
        terms = [*conditions(self.node.rows, self.scope, child, self.viewer), *self._tests(child)]
        start = "SELECT ", *self._columns(child, key), *from_(child)
        reads = [(*start, *all_of([*behind, *terms]), *sorting, *limit) for behind in self._ranges(child, key)]
        if len(reads) == 1:
            return reads[0]
        both = "((", *reads[0], ")\nUNION ALL (", *reads[1], ")) AS ranges"
        return ("SELECT *\nFROM ", *both, *self._sorted("ranges", backward=self.window.backward), *limit)

    def _columns(self, child: Alias, key: Any) -> Sql:
        """The columns that a page reads, the expression that it is sorted by included."""
        order = self.window.order
        names = dict.fromkeys([*self.row.c.asked, *(() if order.expression else (order.name,)), "id"])
        columns = ", ".join(f"{child.name}.{quoted(name)}" for name in names)
        return (columns, ", ", *text_of(key), f" AS {KEY}") if order.expression else (columns,)

    def _key(self, row: Alias) -> Any:
        """The value that places a row in the order, once it is read."""
        order = self.window.order
        return literal_column(f"{row.name}.{KEY}", order.type) if order.expression else row.c[order.name]

    def _sorted(self, name: str, *, backward: bool) -> Sql:
        """The clause that sorts rows that were read, under this name."""
        there = Alias(name, self.table)
        return _order(self.window.order.sorting(self._key(there), there.c["id"], backward=backward))

    def _ranges(self, child: Alias, key: Any) -> list[list[Sql]]:
        """The conditions of each range of the index behind the cursor; none where there is no cursor."""
        if self.window.after is None:
            return [[]]
        is_null, _ = self.window.after
        id_ = child.c["id"]
        after = [None if is_null else self._bind("after_0", key.type), self._bind("after_1", id_.type)]
        return [[condition_of(behind)] for behind in self.window.behind(key, id_, after)]

    def _tests(self, child: Alias) -> Iterator[Sql]:
        tests: Any = self.window.conditions
        for test in tests:
            yield condition_of(test.build(child.c, self._bind(test.name, test.type), self.viewer))

    def _in_stretch(self, each: Each) -> Iterator[Sql]:
        """The conditions of the rows of a stretch. A page that is read backward is placed from its end."""
        yield f"{self._place} <= ", self._limit
        place = (*self._last, f" - {self._place}") if self.window.backward else (f"{self._place} - 1",)
        if each.start:
            yield *place, f" >= {each.start}"
        if each.stop is not None:
            yield *place, f" < {each.stop}"

    def _cursor(self) -> Sql:
        order, key, id_ = self.window.order, written(self._key(self.row)), self.row.c["id"]
        values = value_of(key.type, text_of(key), is_nullable=order.is_nullable)
        tie = value_of(id_.type, text_of(id_), is_nullable=False)
        text = joined((f'[{VERSION},"{fingerprint(order)}",[', *values, ",", *tie, "]]"))
        return ("rtrim(translate(encode(convert_to(", *text, ", 'UTF8'), 'base64'), E'+/\\n', '-_'), '=')")

    @property
    def _place(self) -> str:
        return f"{self.row.name}.{PLACE}"

    @property
    def _last(self) -> Sql:
        """The place of the last row of the page in the direction of reading."""
        return f"least({self.row.name}.{FOUND}, ", self._limit, ")"

    @property
    def _limit(self) -> Parameter:
        return Parameter(self.node.given.parameter("limit"), "INTEGER")

    def _bind(self, name: str, type_: Any) -> Any:
        return bindparam(self.node.given.parameter(name), type_=type_, value=None, required=False)


def _fields(node: Node) -> Iterator[Node]:
    """The arrays and values of a page in the body of a list: not what is below its rows."""
    if isinstance(node, Object):
        for _, inner in node.below():
            yield from _fields(inner)
    else:
        yield node


def _order(keys: Any) -> Sql:
    found = list[str | Parameter]()
    for key in keys:
        found += [", " if found else "\nORDER BY ", *text_of(key)]
    return tuple(found)

"""Groups of rows in SQL: what rows are grouped by, and the figures that are selected of each group."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement

from db.access import Viewer, allows, in_scope, reachable
from db.permissions import SEE
from graphql_schema.core.sources import Rows
from graphql_schema.core.tree import Each, List
from graphql_schema.execution.sql_text import Alias, Json, Sql, alias_of, coalesced, text_of


class Groups:
    """Writes the groups of one list over `scope`, as `Page` writes its rows."""

    def __init__(self, node: List, shape: Any, scope: Any, *, viewer: Viewer, names: Iterator[int]) -> None:
        self.node, self.scope, self.viewer, self.names = node, scope, viewer, names
        self.arguments, self.tests = shape
        self.row = Alias(f"group{next(names)}")
        self.is_inside = not isinstance(node.body, Each)

    def array(self, _each: Each, item: Sql) -> Json:
        """A JSON array with the item of every group, in their order."""
        return "[", self.over(coalesced(f"string_agg({item}, ',')", "")), "]"

    def over(self, expression: Sql) -> Sql:
        """An expression over the groups. It is written last: of figures, those are computed that were asked for."""
        return Sql(f"(SELECT {expression}\nFROM ({self._groups()}) AS {self.row.name})")

    def _groups(self) -> Sql:
        table, given, grouping = self.node.rows.table.__table__, self.node.given, self.node.groups
        assert grouping
        row = table.alias(alias_of(table, self.names).name)
        arguments = given.declared.signature.written(self.arguments, given.bound)
        held, names = self._conditions(row), self.row.c.asked
        return text_of(grouping.groups(row, held, arguments=arguments, names=names, viewer=self.viewer))

    def _conditions(self, row: Any) -> Iterator[ColumnElement[bool]]:
        rows, bound = self.node.rows, self.node.given.bound
        assert isinstance(rows, Rows)
        if rows.on:
            yield rows.on(self.scope, row)
        match rows.access:
            case "checked":
                yield allows(SEE, row, self.viewer)
            case "followed":
                yield in_scope(SEE, row, self.viewer)
            case "reached":
                yield reachable(row, self.viewer)
        for test in self.tests:
            yield test.build(row.c, bound(test.name, test.type), self.viewer)

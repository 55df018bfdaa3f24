"""A page of a list as JSON text: its items, cursors, borders and total, each only where it is selected."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Integer, Select, Text, cast, func, literal_column, select

from db.access import Row, reached
from db.read import Window
from graphql_schema.core.connections import Many
from graphql_schema.core.cursors import VERSION, fingerprint
from graphql_schema.execution.json_text import NULL, JsonText, constant, object_of, typename, value_of
from graphql_schema.execution.slices import stretch_of
from graphql_schema.execution.steps import Step

if TYPE_CHECKING:
    from graphql_schema.execution.compiler import Compiler

Condition = Callable[[Any], ColumnElement[bool]]

OF_ROWS = {"nodes", "edges", "page_info"}
PLACE, FOUND = "place_", "found_"
FIRST: ColumnElement[int] = literal_column("1")


class PageText:
    """Writes the expression of one list. The values of its window are bind parameters of the list's step."""

    def __init__(self, compiler: "Compiler", step: Step, many: Many) -> None:
        self.compiler, self.step, self.many = compiler, step, many
        self.window: Window = compiler.shapes[step.number]
        of_rows = [child.name for child in step.children if child.name in OF_ROWS]
        self.has_rows = bool(of_rows)
        # Around an array that is alone the object is written outside of the subselect: its text is copied less often.
        self.is_alone = len(of_rows) == 1 and of_rows != ["page_info"]
        # Places are needed to look one row ahead, and for a stretch of the page.
        self.is_placed = "page_info" in of_rows or any(map(self._is_cut, step.children))

    def text(self, belongs: Condition) -> JsonText:
        """The JSON object of the connection over the rows that belong to it."""
        page = self._page(belongs) if self.has_rows else None
        whole = object_of([(child.key, self._member(child, page, belongs)) for child in self.step.children])
        return whole if page is None or self.is_alone else JsonText(_over(page, whole.sql()))

    def _member(self, part: Step, page: Any, belongs: Condition) -> JsonText:
        return self._of_rows(part, page) if part.name in OF_ROWS else self._beside(part, belongs)

    def _page(self, belongs: Condition) -> Any:
        """The rows of the page, and with places one row more."""
        child = self.compiler.alias(self.many.child)
        rows = self._rows(select(child), child, belongs).order_by(*self.window.sorting(child.c))
        page = rows.limit(self._limit + FIRST if self.is_placed else self._limit).correlate_except(child)
        if self.is_placed:
            read = page.subquery(self.compiler.name())
            page = select(read, func.row_number().over().label(PLACE), func.count().over().label(FOUND))
        if self.window.backward:
            read = page.subquery(self.compiler.name())
            page = select(read).order_by(*self.window.order.sorting(read.c))
        return page.subquery(self.compiler.name())

    def _rows(self, statement: Select[Any], child: Row, belongs: Condition) -> Select[Any]:
        if self.window.after is not None:
            keys = enumerate(self.window.order.keys(child.c))
            values = [self.compiler.bind(self.step, f"after_{index}", key.type) for index, key in keys]
            statement = statement.where(self.window.behind(child.c, values))
        return statement.where(belongs(child), *self._tests(child))

    def _tests(self, child: Row) -> list[ColumnElement[bool]]:
        tests: Any = self.window.conditions
        bound = [self.compiler.bind(self.step, test.name, test.type) for test in tests]
        return [test.build(child.c, value, self.compiler.viewer) for test, value in zip(tests, bound, strict=True)]

    @property
    def _limit(self) -> Any:
        return self.compiler.bind(self.step, "limit", Integer())

    def _of_rows(self, part: Step, page: Any) -> JsonText:
        """A field of the connection that is made of the page's rows."""
        if part.name == "nodes":
            return self._listed(part, self.compiler.object(part.children, page), page)
        if part.name == "edges":
            item = object_of([(child.key, self._of_edge(child, page)) for child in part.children])
            return self._listed(part, item, page)
        return object_of([(child.key, self._of_info(child, page)) for child in part.children])

    def _listed(self, part: Step, item: JsonText, page: Any) -> JsonText:
        """A JSON array with the item of every row of the page, in the order of the list."""
        listed: Any = func.string_agg(item.sql(), constant(","))
        if self.is_placed:
            listed = listed.filter(page.c[PLACE] <= self._limit, *self._in_stretch(part, page))
        array = func.coalesce(listed, constant(""))
        return JsonText("[", _over(page, array) if self.is_alone else array, "]")

    def _is_cut(self, part: Step) -> bool:
        return stretch_of(part.selected.nodes[0]) != (0, None)

    def _in_stretch(self, part: Step, page: Any) -> Iterator[ColumnElement[bool]]:
        """What holds for the rows of a stretch. A page that is read backward is placed from its end."""
        start, stop = stretch_of(part.selected.nodes[0])
        last = func.least(page.c[FOUND], self._limit)
        place = last - page.c[PLACE] if self.window.backward else page.c[PLACE] - FIRST
        if start:
            yield place >= literal_column(str(start))
        if stop is not None:
            yield place < literal_column(str(stop))

    def _of_edge(self, part: Step, page: Any) -> JsonText:
        match part.name:
            case "node":
                return self.compiler.object(part.children, page)
            case "cursor":
                return JsonText('"', self._cursor(page), '"')
        return typename(part)

    def _of_info(self, part: Step, page: Any) -> JsonText:
        last = func.least(page.c[FOUND], self._limit)
        match part.name:
            case "has_next_page" | "has_previous_page":
                return self._border(page, ahead=(part.name == "has_next_page") != self.window.backward)
            case "start_cursor":
                return self._cursor_at(last if self.window.backward else FIRST, page)
            case "end_cursor":
                return self._cursor_at(FIRST if self.window.backward else last, page)
        return typename(part)

    def _border(self, page: Any, *, ahead: bool) -> JsonText:
        """Whether there is more in the direction of reading, or against it."""
        if not ahead:
            return JsonText("false" if self.window.after is None else "true")
        more = func.coalesce(func.bool_or(page.c[PLACE] > self._limit), literal_column("false"))
        return JsonText(cast(more, Text))

    def _cursor_at(self, place: Any, page: Any) -> JsonText:
        cursor = func.max(self._cursor(page)).filter(page.c[PLACE] == place)
        return JsonText(func.coalesce(JsonText('"', cursor, '"').sql(), constant(NULL)))

    def _cursor(self, page: Any) -> ColumnElement[str]:
        """The cursor of a row: what `graphql_schema.core.cursors` writes, written by PostgreSQL."""
        order = self.window.order
        text = JsonText(f'[{VERSION},"{fingerprint(self.many.child, order)}",[')
        for index, key in enumerate(order.keys(page.c)):
            text.add("," if index else "").add(value_of(key.type, key, nullable=False))
        encoded = func.encode(func.convert_to(text.add("]]").sql(), constant("UTF8")), constant("base64"))
        return func.rtrim(func.translate(encoded, constant("+/\n"), constant("-_")), constant("="))

    def _beside(self, part: Step, belongs: Condition) -> JsonText:
        """A field of the connection that needs none of the page's rows."""
        if part.is_typename:
            return typename(part)
        child = self.compiler.alias(self.many.child)
        keys = None if self.many.relation or self.window.conditions else reached(child, self.compiler.viewer)
        if keys is None:
            counted = select(func.count()).select_from(child).where(belongs(child), *self._tests(child))
            return JsonText(cast(counted.correlate_except(child).scalar_subquery(), Text))
        # The ids tell how many there are: their rows need not be looked at.
        return JsonText(cast(select(func.count()).select_from(keys.subquery()).scalar_subquery(), Text))


def _over(page: Any, expression: ColumnElement[str]) -> ColumnElement[str]:
    """An expression over all rows of a page, as one value. HAVING makes it one where it looks at none of them."""
    found = select(expression).select_from(page).having(literal_column("true"))
    return found.correlate_except(page).scalar_subquery()

"""The statement of a mutation that is one: it makes the change, and shows what is selected of it.

What a statement changes it does not see, but for the rows that it returns. So a selection whose SQL reads a table that
the change writes is read by a second statement, as after a mutation of several steps.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Uuid, literal_column

from db.access import Viewer
from db.base import tables
from db.change.declared import Change, Deletion, Update, UpdateEach
from db.change.parts import Form
from db.change.statement import ChangeStatement, Writer, can_be_many
from db.change.statement import statement as showing_nothing
from db.permissions import SEE
from db.relations import passes_down
from db.roots import above, member_column
from graphql_schema.core.tree import Row, Scope
from graphql_schema.execution.asked import Asked
from graphql_schema.execution.compiler import Compiler
from graphql_schema.execution.sql_text import PARAMETER, Alias, Parameters, Sql, allowed, joined, text_of

MARKED = re.compile("\2(.*?)\2")
"""Stands in the text of a statement for what is selected of a row, with its number."""


def statement(change: Change, rows: Sequence[Row], asked: Asked, viewer: Viewer, *, form: Form) -> ChangeStatement:
    """The statement of a change that shows these rows, or nothing if not all of them can be shown by it.

    Raises RecursionError for what is too deep.
    """
    nothing = showing_nothing(change, viewer.typical, form=form)
    if asked.failures or not rows or isinstance(change, UpdateEach):
        return nothing
    parameters = Parameters()
    one = _text(_writer(change, viewer.typical, form), rows, asked, parameters)
    if one is None:
        return nothing
    names, many = list(parameters.kinds), None
    if can_be_many(change, form):
        many = _text(_writer(change, viewer.typical, Form.TOGETHER), rows, asked, parameters)
        assert list(parameters.kinds) == names, "for many it has other parameters"
    return ChangeStatement(one, parameters.kinds, parameters.constants, many, form, shows=True)


def _text(writer: Writer, rows: Sequence[Row], asked: Asked, parameters: Parameters) -> str | None:
    """The text of a statement; None if a row has to be read after it."""
    if member_column(writer.change.target):  # what the viewer sees may be something else after it
        return None
    compiler = Compiler(writer.viewer, asked.shapes)
    shown = [_shown(writer, row, compiler) for row in rows]
    read = PARAMETER.sub("", " ".join(filter(None, shown)))
    if None in shown or any(re.search(rf"\b{table}\b", read) for table in written(writer.change)):
        return None
    return parameters.text(MARKED.sub(lambda mark: shown[int(mark[1])] or "", _marked(writer, len(rows))))


@cache
def _writer(change: Change, viewer: Viewer, form: Form) -> Writer:
    return Writer(change, viewer, form)


@cache
def _marked(writer: Writer, count: int) -> Sql:
    """The statement with marks where so many rows are shown. To write it takes ten times as long as to show a few."""
    marks: Any = (literal_column(f"\2{number}\2") for number in range(count))
    return text_of(writer.select(*marks))


def _shown(writer: Writer, row: Row, compiler: Compiler) -> Sql | None:
    """The JSON of a row in a part of the statement, or above one; None if the part does not have all of it."""
    assert row.payload
    part, table = writer.row(row.payload), row.rows.table.__table__
    if part is None:
        key = writer.key(row.payload)
        if getattr(key, "table", None) is not writer.found:  # further above
            return None
        scope = Scope(writer.viewer, key=literal_column(f"{writer.found.name}.{key.name}", Uuid()))
        return joined(compiler.json(replace(row, given=None), scope))
    alias: Any = Alias(part.name, table)
    json = joined(compiler.json(row.body, Scope(writer.viewer, alias)))
    if not alias.c.asked.keys() <= {*part.c.keys()}:
        return None
    return Sql(f"CASE WHEN {_is_seen(writer, alias)} THEN {json} END")


def _is_seen(writer: Writer, alias: Any) -> str:
    """Whether there is such a row that the viewer sees. They see what they found, and what hangs on that."""
    there = f"{alias.name}.id IS NOT NULL"
    column = above(alias.element)
    if alias.element is writer.change.table.__table__ or (column is not None and passes_down(column)):
        return there
    return f"{there} AND {allowed(SEE, alias, writer.viewer)}"


def written(change: Change) -> set[str]:
    """The names of the tables whose rows are changed, those included that a deletion takes along."""
    found = {change.target.__tablename__}
    if change.also:
        found.add(change.also_values(change.target.__table__.c)[0].__tablename__)
    if isinstance(change, Update) and change.along:
        found.add(change.along.table.__tablename__)
    while isinstance(change, Deletion) and (more := _behind(found) - found):
        found |= more
    return found


def _behind(names: set[str]) -> set[str]:
    """The tables whose rows go, or lose a reference, with rows of these."""
    return {
        table.__tablename__
        for table in tables()
        for key in table.__table__.foreign_keys
        if key.column.table.name in names and key.ondelete in ("CASCADE", "SET NULL")
    }

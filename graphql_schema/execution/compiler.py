"""From steps to one SQL statement in which PostgreSQL writes the JSON of the answer.

Every selection of fields is an expression that puts a JSON object together. An edge is a correlated subselect in the
expression of its parent, with the access rule of what it leads to; a page of a list is such a subselect with a window.
Bind parameters are named after the step they belong to: the text depends on the shapes of the arguments, not on values.
A field whose arguments make no sense is the number of its step, wherever there is an object that has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, Uuid, bindparam, case, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from db.access import Row, Viewer, allows, reachable, viewer_id
from db.base import Base
from db.permissions import SEE
from db.relations import Relation
from db.statements import Statement, compiled
from graphql_schema.core import roots
from graphql_schema.core.connections import Many
from graphql_schema.core.fields import FAILED, Column, One, Part, PublicId, Sql
from graphql_schema.core.mutations import Reference
from graphql_schema.core.nodes import NODES
from graphql_schema.execution.json_text import (
    NULL,
    JsonText,
    constant,
    either,
    object_of,
    public_id,
    typename,
    value_of,
)
from graphql_schema.execution.pages import PageText
from graphql_schema.execution.steps import Step


class NotCompiled(Exception):  # noqa: N818  (an outcome, not an error)
    """Only Python can compute this field."""


def statement(step: Step, shapes: Mapping[int, Any], viewer: Viewer) -> Statement:
    """The statement that answers a root step, whose arguments have these shapes, for viewers of this kind.

    Raises NotCompiled where a field can only be computed in Python.
    """
    return compiled(select(Compiler(viewer, shapes).root(step).sql().label(f"c{step.number}")))


@dataclass
class Compiler:
    """Writes the expressions of one statement."""

    viewer: Viewer
    shapes: Mapping[int, Any]
    numbers: Any = field(default_factory=count)

    def root(self, step: Step) -> JsonText:
        """The JSON of a field of a root type, a payload or an event."""
        match step.field:
            case Many() as many:
                return PageText(self, step, many).text(lambda row: reachable(row, self.viewer))
            case roots.Viewer(child=table):
                return self._single(step, table, lambda row: row.c.id == viewer_id())
            case Reference(child=table):
                return self._single(step, table, lambda row: row.c.id == self.bind(step, "key", Uuid()))
            case roots.Lookup(child=table):
                name = self.shapes[step.number]
                return self._single(step, table, lambda row: row.c[name] == self.bind(step, "key", row.c[name].type))
            case roots.NodeById():
                table = self.shapes[step.number]
                key = self.bind(step, "key", Uuid())
                return JsonText(self._node(step, table, key)) if table else JsonText(NULL)
            case roots.NodesById():
                return self._nodes(step)
        raise NotCompiled(step.name)

    def object(self, steps: Sequence[Step], row: Row) -> JsonText:
        """The JSON object of a row with the fields of the steps."""
        return object_of([(step.key, self._constant(step) or self._member(step, row)) for step in steps])

    def bind(self, step: Step, name: str, type_: Any) -> Any:
        """A parameter of a step: a value that every execution brings."""
        return bindparam(parameter(step, name), type_=type_, value=None, required=False)

    def alias(self, table: type[Base]) -> Any:
        """Another alias of a table."""
        return table.__table__.alias(self.name())

    def name(self) -> str:
        """A name that nothing else in the statement has."""
        return f"t{next(self.numbers)}"

    def _constant(self, step: Step) -> JsonText | None:
        if step.is_typename:
            return typename(step)
        return JsonText(str(step.number)) if self.shapes.get(step.number) is FAILED else None

    def _member(self, step: Step, row: Row) -> JsonText:
        match step.field:
            case PublicId():
                return public_id(table_of(step).prefix, row.c.id)
            case Column() as declared:
                return self._column(step, declared, row)
            case Sql(value=value):
                expression = value(row.c)
                return value_of(expression.type, expression, nullable=True)
            case Part():
                return self.object(step.children, row)
            case One() as one:
                return self._one(step, one, row)
            case Many(relation=relation) as many if relation:
                page = PageText(self, step, many)
                return page.text(lambda child: self._follows(relation, row, child))
        raise NotCompiled(f"{step.parent.name}.{step.name}")

    def _column(self, step: Step, declared: Column, row: Row) -> JsonText:
        assert step.declared
        attribute = getattr(step.declared.table, declared.source or step.name).expression
        text = value_of(attribute.type, row.c[attribute.name], nullable=attribute.nullable)
        return either(allows(declared.needs, row, self.viewer), text) if declared.needs else text

    def _one(self, step: Step, one: One, row: Row) -> JsonText:
        child = self.alias(one.relation.child)
        found = select(self.object(step.children, child).sql()).select_from(child)
        found = found.where(self._follows(one.relation, row, child))
        return JsonText(func.coalesce(_scalar(found, child), constant(NULL)))

    def _follows(self, relation: Relation, row: Row, child: Row) -> ColumnElement[bool]:
        return relation.on(row.c, child.c, self.viewer) & relation.visible(child, self.viewer)

    def _single(self, step: Step, table: type[Base], condition: Any) -> JsonText:
        return JsonText(self._row(step.children, table, condition))

    def _node(self, step: Step, table: type[Base], key: ColumnElement[Any]) -> ColumnElement[str]:
        """The JSON of the row of `table` with this key, as its own type shows it."""
        return self._row(step.children_of(table), table, lambda row: row.c.id == key)

    def _row(self, steps: Sequence[Step], table: type[Base], condition: Any) -> ColumnElement[str]:
        row = self.alias(table)
        found = select(self.object(steps, row).sql()).select_from(row)
        found = found.where(condition(row), allows(SEE, row, self.viewer))
        return func.coalesce(_scalar(found, row), constant(NULL))

    def _nodes(self, step: Step) -> JsonText:
        """A JSON array with the rows of several tables, in the order of the keys."""
        tables = self.shapes[step.number]
        keys = self.bind(step, "keys", ARRAY(Uuid())), self.bind(step, "kinds", ARRAY(Integer()))
        asked = func.unnest(*keys).table_valued("key", "kind", with_ordinality="place").render_derived(name="asked")
        found = [(asked.c.kind == index, self._node(step, table, asked.c.key)) for index, table in enumerate(tables)]
        item = case(*found, else_=constant(NULL)) if found else constant(NULL)
        listed = func.string_agg(item, aggregate_order_by(constant(","), asked.c.place))
        whole = select(func.coalesce(listed, constant(""))).select_from(asked)
        return JsonText("[", whole.correlate_except(asked).scalar_subquery(), "]")


def parameter(step: Step, name: str) -> str:
    """The name of a parameter of a step."""
    return f"s{step.number}_{name}"


def table_of(step: Step) -> type[Base]:
    """The table behind the type that the step's field belongs to."""
    return next(table for table in NODES if table.__name__ == step.parent.name)


def _scalar(statement: Select[Any], row: Row) -> ColumnElement[Any]:
    return statement.correlate_except(row).scalar_subquery()

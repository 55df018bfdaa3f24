"""From the tree to one SQL statement in which PostgreSQL writes the JSON of the answer.

Every object is an expression that puts JSON together. An edge is a correlated subselect in the expression of its
parent, with the access rule of what it leads to; a page of a list is such a subselect with a window. Bind parameters
are named after the field that they belong to: the text depends on the shapes of the arguments, not on values. A field
whose arguments make no sense is its number, wherever there is an object that has it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from orjson import dumps
from sqlalchemy import literal_column
from sqlalchemy.dialects.postgresql import JSONB

from db.access import Viewer
from db.statements import Statement
from db.unions import KIND
from graphql_schema.core.arguments import FAILED
from graphql_schema.core.tree import Choice, Constant, Each, List, Member, Node, Object, Part, Row, Scope, Value
from graphql_schema.execution.groups import Groups
from graphql_schema.execution.hits import Hits
from graphql_schema.execution.pages import Page
from graphql_schema.execution.sql_text import (
    NULL,
    Json,
    Parameters,
    Sql,
    alias_of,
    allowed,
    coalesced,
    conditions,
    constant,
    from_,
    joined,
    object_of,
    parameter,
    text_of,
    value_of,
)


def statement(node: Node, shapes: Mapping[int, Any], viewer: Viewer) -> Statement:
    """The statement that answers a node with the JSON of it, for viewers of this kind and arguments of these shapes.

    Raises TypeError for what only Python can compute, and RecursionError for what is too deep.
    """
    parameters = Parameters()
    text = parameters.text(joined(Compiler(viewer.typical, shapes).json(node, Scope(viewer.typical))))
    return Statement(f"SELECT {text}", parameters.kinds, parameters.constants)


@dataclass(frozen=True, slots=True)
class Compiler:
    """Writes the expressions of one statement."""

    viewer: Viewer
    shapes: Mapping[int, Any]
    names: Iterator[int] = field(default_factory=count)

    def json(self, node: Node, scope: Scope) -> Json:
        """The JSON of a node in a scope."""
        match node:
            case Constant(value=value):
                return (dumps(value).decode(),)
            case Value() | Part():
                found = self._value(node, scope) if isinstance(node, Value) else self._part(node, scope)
                return _if(allowed(node.needs, scope.row, self.viewer), found) if node.needs else found
            case Object(members=members):
                return object_of([(member.key, self._member(member, scope)) for member in members])
            case Row():
                return self._rows(node) if node.is_many else (self._row(node, scope),)
            case List():
                return self._list(node, scope)
            case Each(item=item):
                array: Json = scope.page.array(node, joined(self.json(item, scope)))
                return array
            case Choice():
                return self._choice(node, scope)
        raise TypeError(f"Only Python computes this: {node.words}")

    def _member(self, member: Member, scope: Scope) -> Json:
        has_failed = member.number is not None and self.shapes.get(member.number) is FAILED
        return (f"{member.number}",) if has_failed else self.json(member.node, scope)

    def _value(self, node: Value, scope: Scope) -> Json:
        if node.given:
            scope = replace(scope, shape=self.shapes[node.given.number])
        found = node.write(scope)
        if isinstance(found, tuple):  # a page has written it
            return found
        return value_of(node.type or found.type, text_of(found), is_nullable=node.is_nullable)

    def _part(self, node: Part, scope: Scope) -> Json:
        found = node.write(scope)
        text = text_of(found)
        is_there = f"jsonb_typeof({text}) = '{'object' if node.most is None else 'array'}'"
        if node.most is None:
            json = self.json(node.body, Scope(self.viewer, json=found))
        else:
            name = f"item{next(self.names)}"
            item = joined(self.json(node.body, Scope(self.viewer, json=literal_column(f"{name}.value", JSONB()))))
            items = f"jsonb_array_elements(CASE WHEN {is_there} THEN {text} END)"
            json = _each_of(f"{items} WITH ORDINALITY AS {name}(value, ordinal)", name, item)
        return _if(is_there, json) if node.is_nullable else json

    def _row(self, node: Row, scope: Scope) -> Sql:
        row = alias_of(node.rows.table.__table__, self.names)
        if node.given:
            shape = self.shapes.get(node.given.number)
            scope = replace(scope, key=node.given.bound("key"), shape=shape)
        found = joined(self.json(node.body, Scope(self.viewer, row)))
        return coalesced(f"(SELECT {found}{from_(row, conditions(node.rows, scope, row, self.viewer))})")

    def _list(self, node: List, scope: Scope) -> Json:
        window = self.shapes[node.given.number]
        lists = Groups if node.groups else Hits if window.most else Page
        page = lists(node, window, scope, viewer=self.viewer, names=self.names)
        body = self.json(node.body, Scope(self.viewer, page.row, page))
        return (page.over(joined(body)),) if page.is_inside else body

    def _choice(self, node: Choice, scope: Scope) -> Json:
        """The row, or the rows, that ids name; without any the one that stands in a page of rows of several tables."""
        if node.given:
            return self._many(node) if node.is_many else self._one(node)
        row = scope.page.row.c
        kind, found = text_of(row[KIND]), Scope(self.viewer, key=row["id"])
        cases = {kind: self._row(node.cases[table], found) for kind, table in scope.page.kinds.items()}
        return (_by_kind(kind, cases),)

    def _one(self, node: Choice) -> Json:
        """The row of the table that the id names."""
        assert node.given
        case = node.cases.get(self.shapes[node.given.number])
        return (self._row(replace(case, given=node.given), Scope(self.viewer)),) if case else (NULL,)

    def _many(self, node: Choice) -> Json:
        """An array of rows of several tables, in the order of their ids."""
        assert node.given
        keys, kinds = (parameter(node.given.parameter(name), type_) for name, type_ in _IDS.items())
        asked = f"asked{next(self.names)}"
        scope = Scope(self.viewer, key=literal_column(f"{asked}.key"))
        item = constant(NULL)
        if tables := self.shapes[node.given.number]:
            cases = {kind: self._row(node.cases[table], scope) for kind, table in enumerate(tables)}
            item = _by_kind(f"{asked}.kind", cases)
        return _each_of(f"unnest({keys}, {kinds}) WITH ORDINALITY AS {asked}(key, kind, ordinal)", asked, item)

    def _rows(self, node: Row) -> Json:
        """An array of the rows that keys name, in the order of these."""
        assert node.given
        asked = f"asked{next(self.names)}"
        keys = parameter(node.given.parameter("key"), "UUID[]")
        row = self._row(replace(node, given=None), Scope(self.viewer, key=literal_column(f"{asked}.key")))
        return _each_of(f"unnest({keys}) WITH ORDINALITY AS {asked}(key, ordinal)", asked, row)


def _each_of(given: str, asked: str, item: str) -> Json:
    """An array with an item for all that is given under this name, in that order."""
    array = coalesced(f"string_agg({item}, ',' ORDER BY {asked}.ordinal)", "")
    return "[", Sql(f"(SELECT {array}\nFROM {given})"), "]"


def _if(condition: str, json: Json) -> Json:
    """The JSON where the condition holds, or null."""
    return (Sql(f"CASE WHEN {condition} THEN {joined(json)} ELSE {constant(NULL)} END"),)


_IDS = {"keys": "UUID[]", "kinds": "INTEGER[]"}


def _by_kind(kind: str, cases: Mapping[int, Sql]) -> Sql:
    """The case of the kind."""
    whens = "".join(f"\nWHEN {number} THEN {case}" for number, case in cases.items())
    return Sql(f"CASE {kind}{whens}\nELSE {constant(NULL)} END")

"""Lists of objects of several types: a union or an interface as a connection.

What is listed is declared once, as the tables of the types with what they are sorted by. The rows of each are read
under the rule of their table.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, DateTime, Integer, any_
from strawberry.types.arguments import StrawberryArgument
from strawberry.utils.str_converters import to_snake_case

from db import read, relations, search, unions
from db.access import Viewer
from db.base import Base
from db.relations import Relation
from db.unions import KIND, Union, Ways
from db.windows import Order, Window
from graphql_schema.core import orders
from graphql_schema.core.connections import List, Page, page_types
from graphql_schema.core.context import Context
from graphql_schema.core.fields import followed
from graphql_schema.core.filters import LONGEST_SEARCH, PARTS, SEARCH_WORDS, Test
from graphql_schema.core.signature import argument, optional
from graphql_schema.core.sources import Merged, Rows
from graphql_schema.core.strawberry_seam import TYPES, enumeration, union_type
from graphql_schema.core.texts import check_text
from graphql_schema.core.windows import window

Keys = Mapping[str, Sequence[Any]]

MOST = 250
"""How many rows of each type a search finds at most: a word that is everywhere costs little more than others."""
UNIONS: list[Union] = []
"""All unions and interfaces that there are lists of."""
BEST = "By how well it answers what is searched for, best first."
NOTHING = f"A text without a letter or digit finds nothing. At most {LONGEST_SEARCH:,} characters."


def union(name: str, description: str, *tables: type[Base], keys: Keys | None = None, **said: Any) -> Union:
    """Make the union of the nodes of these tables, which can be listed together; `said` is as of `page_types`.

    A list is sorted by `created_at`, or by the first of `keys`: columns of one type, one of each table, newest first.

    >>> activity = union("Activity", "…", Commit, PullRequest, keys={"at": (Commit.authored_at, PullRequest.opened_at)})
    """
    union_type(name, description, [table.__name__ for table in tables])
    return abstract(name, *tables, keys=keys, **said)


def abstract(name: str, *tables: type[Base], keys: Keys | None = None, **said: Any) -> Union:
    """Make the types that lists of a union or an interface need, of the nodes of these tables.

    One whose tables all have a `search_vector` can be sorted by rank, too.
    """
    made = Union(name, tables, keys or {"created_at": [table.created_at for table in tables]})
    members = {
        Order(made, key, descending): [attribute.expression.name for attribute in columns]
        for key, columns in made.keys.items()
        for descending in (False, True)
    }
    meanings = {order: orders.meaning(order, columns) for order, columns in members.items()}
    ranked = {orders.rank(made): BEST} if "search_vector" in made.__table__.c else {}
    TYPES[f"{name}Order"] = orders.enumerated(name, meanings | ranked)
    TYPES[f"{name}Type"] = _types(made)
    page_types(name, **said)
    UNIONS.append(made)
    return made


@dataclass(frozen=True, eq=False)
class ManyOf(List):
    """An edge to a list of rows of several tables of a union. `ways` lead to those of each."""

    union: Union
    ways: Ways

    @property
    def name(self) -> str:
        return self.union.name

    @property
    def rows(self) -> Merged:
        arms = [followed(way) if way else Rows(table, access="reached") for table, way in self.ways]
        return Merged(self.union, tuple(arms))

    @property
    def default(self) -> Any:
        return TYPES[f"{self.name}Order"][orders.order_name(f"-{next(iter(self.union.keys))}")]

    def arguments(self) -> list[StrawberryArgument]:
        kind: Any = TYPES[f"{self.name}Type"]
        types = optional("types", list[kind], "Only items of these types.")
        return [*super().arguments(), types, *(self._times() if self.moment else [])]

    @property
    def moment(self) -> str | None:
        """The name of the time that items are sorted by if nothing else is said."""
        name = next(iter(self.union.keys))
        return name if isinstance(self.union.__table__.c[name].type, DateTime) else None

    def _times(self) -> Iterator[StrawberryArgument]:
        yield optional("since", datetime, "Only items of this moment or later.")
        yield optional("until", datetime, "Only items before this moment.")

    def window(self, arguments: Mapping[str, Any]) -> Window:
        return window(self.order(arguments), arguments, tuple(self.conditions(arguments)))

    def conditions(self, arguments: Mapping[str, Any]) -> Iterator[Test]:
        """The conditions that the arguments stand for."""
        if (types := arguments.get("types")) is not None:
            kinds = tuple(type_.value for type_ in types)
            # A value, and no part of the statement's text: PostgreSQL does not begin to read the other tables.
            yield Test("types", lambda row, kinds, _: row[KIND] == any_(kinds), ARRAY(Integer), kinds)
        if (since := arguments.get("since")) is not None:
            yield Test("since", lambda row, since, _: row[self.moment] >= since, DateTime(timezone=True), since)
        if (until := arguments.get("until")) is not None:
            yield Test("until", lambda row, until, _: row[self.moment] < until, DateTime(timezone=True), until)

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Page:
        window, is_root = self.window(arguments), source is None
        way = (self.union, self.ways, None if is_root else type(source))
        load = partial(context.load, key=read.ALL if is_root else source.id)
        items, held = partial(load, unions.pages, *way, window), (*way, window.conditions)
        return Page(window, items, partial(load, unions.counts, *held), partial(load, unions.are_all, *held))


@dataclass(frozen=True, eq=False)
class Search(ManyOf):
    """All that the viewer sees of a union and that a text is found in, of any time."""

    moment = None

    @property
    def default(self) -> Any:
        return TYPES[f"{self.name}Order"][orders.order_name(f"-{orders.RANK}")]

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("query", str, f"{SEARCH_WORDS}\n\n{self._parts}{NOTHING}"), *super().arguments()]

    @property
    def _parts(self) -> str:
        """The sentences about types whose objects are found by parts of a name."""
        names = [f"`{table.__name__}`" for table in self.union.tables if search.has_parts(table.__table__)]
        return f"Of {', '.join(names)}: {PARTS}\n\n" if names else ""

    def window(self, arguments: Mapping[str, Any]) -> Window:
        order = self.order(arguments)
        return window(order, arguments, tuple(self.conditions(arguments)), order.takes and arguments["query"])

    def conditions(self, arguments: Mapping[str, Any]) -> Iterator[Test]:
        typed = arguments["query"]
        check_text(typed, LONGEST_SEARCH, at="query")
        yield Test("query", _matches, search.Typed(), typed, has_index=True, most=MOST)
        yield from super().conditions(arguments)


def _matches(row: Any, typed: Any, viewer: Viewer) -> ColumnElement[bool]:
    return search.matches(row, typed, table=row.table, viewer=viewer)


def many_of(union: Union, description: str, *to: Any) -> ManyOf:
    """The rows of a union whose foreign keys `to`, of as many of its tables as lead here, refer to this row.

    Rows further down are led to by all foreign keys from them up to this row:

    >>> activity = many_of(Activity, "…", PullRequest.author_id, (Comment.thread_id, CommentThread.document_id))

    Rows that are many, and of which most are hidden from most, are `among` those that the viewer sees:

    >>> activity = many_of(Activity, "…", among(Commit.author_id, Commit.repository_id))
    """
    ways = [key if isinstance(key, Relation) else _way(key if isinstance(key, tuple) else (key,)) for key in to]
    if others := [way.child.__name__ for way in ways if way.child not in union.tables]:
        raise TypeError(f"{union.name} has no {', '.join(others)}")
    return ManyOf(description, union, tuple((way.child, way) for way in ways))


def among(key: Any, seen: Any) -> Relation:
    """The rows whose foreign key refers to this row, read for each row that the viewer sees and `seen` refers to."""
    return relations.among(key.expression, seen.expression)


def _way(keys: tuple[Any, ...]) -> Relation:
    columns = [key.expression for key in keys]
    return relations.further_down(*columns) if len(columns) > 1 else relations.down(*columns)


def listing_of(union: Union, description: str) -> ManyOf:
    """All rows of a union that the viewer sees."""
    return ManyOf(description, union, tuple((table, None) for table in union.tables))


def searching(union: Union, description: str) -> Search:
    """The rows of a union that full-text search finds, of all that the viewer sees."""
    return Search(description, union, tuple((table, None) for table in union.tables))


def _types(union: Union) -> Any:
    """The enumeration of the types of a union: the kinds of its rows."""
    names = [table.__name__ for table in union.tables]
    made = Enum(f"{union.name}Type", {to_snake_case(name).upper(): kind for kind, name in enumerate(names)})  # type: ignore[misc]
    for member, name in zip(made, names, strict=True):
        setattr(member, "meaning", f"`{name}`.")  # noqa: B010  (no enumeration that mypy knows)
    made.__doc__ = f"The types of the objects in a list of {union.name}."
    return enumeration(made)

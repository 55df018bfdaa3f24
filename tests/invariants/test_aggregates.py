"""Every aggregate of the schema: its figures are those of the rows that the viewer sees, worked out in plain Python."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from graphql import get_named_type
from sqlalchemy import select
from strawberry.utils.str_converters import to_camel_case

from db.access import Viewer
from db.engine import Database
from graphql_schema.core import NODES
from graphql_schema.core.aggregates import Aggregate, Period
from graphql_schema.core.fields import Column, One
from graphql_schema.core.figures import Count, Extreme, Figure, Mean, Percentile, Ratio, Share, Sum
from graphql_schema.core.scalars import iso
from graphql_schema.core.strawberry_seam import declared_of, definition_of, fields_of
from tests.conftest import Graph
from tests.invariants.conftest import PEOPLE
from tests.invariants.oracle import Oracle, Row
from tests.invariants.schema import TABLES, is_aggregate, object_type
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

RANGES = {
    "MONTH": (datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 6, 15, 12, tzinfo=UTC)),
    "WEEK": (datetime(2025, 11, 5, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
    "DAY": (datetime(2025, 12, 20, tzinfo=UTC), datetime(2026, 3, 1, 13, 30, tzinfo=UTC)),
}
BEGINS: Mapping[str, Callable[[datetime], datetime]] = {
    "MONTH": lambda moment: BEGINS["DAY"](moment).replace(day=1),
    "WEEK": lambda moment: BEGINS["DAY"](moment) - timedelta(days=moment.weekday()),
    "DAY": lambda moment: moment.replace(hour=0, minute=0, second=0, microsecond=0),
}
NEXT = {"MONTH": timedelta(days=31), "WEEK": timedelta(days=7), "DAY": timedelta(days=1)}
"""As much as leads from the beginning of a period into the next."""

Group = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A field that is an aggregate, and what its groups declare, by name."""

    source: str
    name: str
    declared: Aggregate
    members: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.source}.{self.name}"

    def text(self, granularity: str) -> str:
        """The field in an operation, with all that its groups have."""
        since, until = map(iso, RANGES[granularity])
        given = {"since": f'"{since}"', "until": f'"{until}"', "granularity": granularity, "first": "750"}
        arguments = ", ".join(f"{name}: {given[name]}" for name in self.declared.signature.arguments)
        selected = (
            f"{to_camel_case(key)}{' { id }' if isinstance(it, One) else ''}" for key, it in self.members.items()
        )
        return f"{self.name}{f'({arguments})' if arguments else ''} {{ {' '.join(selected)} }}"


def places() -> Iterator[Place]:
    for source in ("Query", *TABLES):
        for name, field in object_type(source).fields.items():
            if is_aggregate(field) and (found := declared_of(field)):
                members = definition_of(object_type(get_named_type(field.type).name)).fields
                yield Place(source, name, found.declared, {it.python_name: it.declared for it in members})


PLACES = list(places())


@dataclass(frozen=True)
class Model:
    """The groups as a viewer has to be answered, by the oracle. `met` has the rows that meet what a figure asks."""

    oracle: Oracle
    me: UUID | None
    place: Place
    granularity: str
    met: Mapping[str, set[UUID]]

    def groups(self, rows: Sequence[Row]) -> list[Group]:
        """The groups of these rows, in any order."""
        found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        if self.place.declared.grouping.is_filled:
            found |= {(period,): [] for period in self._periods()}
        if not self.place.declared.grouping.keys:
            found[()] = []
        for row in rows:
            for moment in self._moments(row):
                key = tuple(self._key(name, it, row, moment) for name, it in self._keys())
                if row not in found[key]:
                    found[key].append(row)
        return [self._group(key, of_it) for key, of_it in found.items()]

    def _group(self, key: tuple[Any, ...], rows: Sequence[Row]) -> Group:
        keys = dict(zip((name for name, _ in self._keys()), key, strict=True))
        found = dict[str, Any]()
        for name, it in self.place.members.items():
            value = self._figure(name, it, self._at(it, rows, keys)) if isinstance(it, Figure) else keys[name]
            found[to_camel_case(name)] = {"id": value} if isinstance(it, One) and value else shown(value)
        return found

    def _at(self, figure: Figure, rows: Sequence[Row], keys: Mapping[str, Any]) -> Sequence[Row]:
        """Those of the rows that count for a figure in the period of a group."""
        time, granularity = self._period
        if time is None:
            return rows
        (period,) = (keys[name] for name, it in self._keys() if isinstance(it, Period))
        since, until = RANGES[self.granularity]
        moments = {row.id: moment_of(row, figure.at or time) for row in rows}
        counted = {
            key for key, at in moments.items() if at and since <= at < until and BEGINS[granularity](at) == period
        }
        return [row for row in rows if row.id in counted]

    def _keys(self) -> list[tuple[str, Any]]:
        return [(name, it) for name, it in self.place.members.items() if not isinstance(it, Figure)]

    def _periods(self) -> Iterator[datetime]:
        since, until = RANGES[self.granularity]
        period = BEGINS[self.granularity](since)
        while period < until:
            yield period
            period = BEGINS[self.granularity](period + NEXT[self.granularity])

    @property
    def _period(self) -> tuple[str | None, str]:
        """The column of the time that rows are grouped by, and how long the periods are."""
        period = next((it for _, it in self._keys() if isinstance(it, Period)), None)
        return (period.column, period.granularity or self.granularity) if period else (None, self.granularity)

    def _moments(self, row: Row) -> list[datetime | None]:
        """The moments in the range at which a row counts for some figure; one where there is no time."""
        (time, _), (since, until) = self._period, RANGES[self.granularity]
        if time is None:
            return [None]
        times = {time, *(it.at for it in self.place.members.values() if isinstance(it, Figure) and it.at)}
        moments = [moment_of(row, one) for one in times]
        return [moment for moment in moments if moment and since <= moment < until]

    def _key(self, name: str, declared: Any, row: Row, moment: Any) -> Any:
        match declared:
            case Period():
                return BEGINS[self._period[1]](moment)
            case One(relation=relation):
                key = self._known(relation.column, row)
                return key and f"{relation.child.prefix}_{key.hex}"
            case Column(source=source):
                return getattr(row, source or name)
        raise AssertionError(declared)

    def _known(self, column: Any, row: Row) -> Any:
        """The value of a column; of a foreign key as far as the viewer sees what it refers to."""
        table: Any = self.place.declared.child.__table__
        value = getattr(row, column)
        targets = [key.column.table.name for key in table.c[column].foreign_keys]
        is_told = (table.name, column) in self.oracle.mentions
        return value if is_told or all(value in self.oracle.visible(self.me, target) for target in targets) else None

    def _values(self, column: Any, row: Row) -> list[Any]:
        """The values that a row has in a column: none, one, or all items of a list."""
        value = self._known(column, row) if column else None
        return value if isinstance(value, list) else [value] if value is not None else []

    def _figure(self, name: str, figure: Figure, rows: Sequence[Row]) -> Any:
        counted = [row for row in rows if figure.where is None or row.id in self.met[name]]
        values = sorted(value for row in counted for value in self._values(figure.column, row))
        match figure:
            case Share():
                return mean([100 * (row.id in self.met[name]) for row in rows])
            case Count(column=None):
                return len(counted)
            case Ratio(to=to):
                return ratio(values, [getattr(row, to) for row in counted])
            case Sum():
                assert figure.column
                is_whole = self.place.declared.child.__table__.c[figure.column].type.python_type is int
                return f"{sum(values)}" if is_whole else sum(values, Decimal("0.00"))
        return of_values(figure, values)


def of_values(figure: Figure, values: Sequence[Any]) -> Any:
    """A figure that follows from values in their order."""
    match figure:
        case Count():
            return len(set(values))
        case Percentile(share=share):
            return percentile(values, share)
        case Mean():
            return mean(values)
        case Extreme(is_largest=is_largest):
            return (values[-1] if is_largest else values[0]) if values else None
    raise AssertionError(figure)


def moment_of(row: Row, column: str) -> datetime | None:
    """The moment of a row in a column; of a day that at which it begins."""
    found = getattr(row, column)
    is_day = isinstance(found, date) and not isinstance(found, datetime)
    return datetime.combine(found, time.min, UTC) if is_day else found


def ratio(values: Sequence[Any], others: Sequence[Any]) -> Any:
    return pytest.approx(sum(values) / sum(others)) if sum(others) else None


def percentile(values: Sequence[Any], share: float) -> Any:
    if not values:
        return None
    place = share * (len(values) - 1)
    below, above = values[int(place)], values[min(int(place) + 1, len(values) - 1)]
    return pytest.approx(below + (place - int(place)) * (above - below))


def mean(values: Sequence[Any]) -> Any:
    if not values:
        return None
    found = sum(values) / len(values)
    return found.quantize(Decimal("0.01")) if isinstance(found, Decimal) else pytest.approx(found)


def shown(value: Any) -> Any:
    """A value as the graph has it."""
    match value:
        case datetime():
            return iso(value)
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case Enum():
            return value.name
    return value


def by_keys(place: Place, groups: Any) -> dict[str, Group]:
    """The groups by what the rows are grouped by: no two have the same."""
    names = [to_camel_case(name) for name, it in place.members.items() if not isinstance(it, Figure)]
    listed = groups if isinstance(groups, list) else [groups]
    found = {repr([group[name] for name in names]): group for group in listed}
    assert len(found) == len(listed)
    return found


async def related(database: Database, place: Place, viewer: Viewer) -> dict[UUID | None, set[UUID]]:
    """The keys of the rows that belong to each parent, whoever sees them; of all rows where there is no parent."""
    child, relation = place.declared.child.__table__.alias("child"), place.declared.relation
    found: dict[UUID | None, set[UUID]] = defaultdict(set)
    async with database.read() as session:
        if relation is None:
            found[None] = set(await session.scalars(select(child.c.id)))
            return found
        parent = TABLES[place.source].__table__.alias("parent")
        joined = parent.join(child, relation.on(parent.c, child.c, viewer))
        pairs = select(parent.c.id, child.c.id).select_from(joined)
        for key, row in await session.execute(pairs, viewer.parameters):
            found[key].add(row)
    return found


async def met(database: Database, place: Place) -> dict[str, set[UUID]]:
    """The keys of the rows that meet what each figure asks."""
    table = place.declared.child.__table__
    figures = {name: it for name, it in place.members.items() if isinstance(it, Figure)}
    asking = {name: found for name, it in figures.items() if (found := getattr(it, "met", None) or it.where)}
    async with database.read() as session:
        return {
            name: set(await session.scalars(select(table.c.id).where(where(table.c)))) for name, where in asking.items()
        }


async def answered(graph: Graph, who: str | None, place: Place, granularity: str, keys: Sequence[UUID]) -> list[Any]:
    """What the aggregate is for each of these objects; at the root for all of them together."""
    if place.source == "Query":
        return [(await graph.data(who, f"{{ {place.text(granularity)} }}"))[place.name]]
    query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {place.source} {{ {place.text(granularity)} }} }} }}"
    ids = [f"{TABLES[place.source].prefix}_{key.hex}" for key in keys]
    return [node[place.name] for node in (await graph.data(who, query, ids=ids))["nodes"]]


@pytest.mark.parametrize("granularity", RANGES)
@pytest.mark.parametrize("place", PLACES, ids=str)
async def test_figures_are_of_the_rows_that_the_viewer_sees(
    graph: Graph, database: Database, world: World, oracle: Oracle, place: Place, granularity: str
) -> None:
    table, meeting, most = place.declared.child.__tablename__, await met(database, place), 0
    for who in PEOPLE:
        viewer = world.viewer(who)
        if place.declared.allows and not place.declared.allows(viewer, {}):
            continue
        model = Model(oracle, viewer.id, place, granularity, meeting)
        of_parents, needed = await related(database, place, viewer), place.declared.grouping.needs
        seen = oracle.visible(viewer.id, table) & {
            row.id for row in oracle.rows[table] if oracle.may(viewer.id, needed, table, row)
        }
        parents: list[Any] = [None]
        if place.source != "Query":
            parents = sorted(oracle.visible(viewer.id, TABLES[place.source].__tablename__))[:10]
        answers = await answered(graph, who, place, granularity, parents)
        for parent, answer in zip(parents, answers, strict=True):
            rows = [row for row in oracle.rows[table] if row.id in seen & of_parents[parent]]
            assert by_keys(place, answer) == by_keys(place, model.groups(rows)), (who, parent)
            most = max(most, len(rows))
    assert most > 1, "the crowd has too few rows to tell a figure from another"


async def test_no_aggregate_looks_at_what_a_node_shows_only_with_a_permission() -> None:
    for place in PLACES:
        declared = {
            it.python_name: it.declared for it in fields_of(NODES[place.declared.child]) if it.python_name != "id"
        }
        needing = {it.source or name for name, it in declared.items() if isinstance(it, Column) and it.needs}
        looked_at = {getattr(it, "column", None) or name for name, it in place.members.items()}
        assert not needing & looked_at, place

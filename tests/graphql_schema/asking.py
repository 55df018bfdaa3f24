"""What the tests of every slice ask: lists, payloads and refusals; and rows other than the world has them."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Integer, cast, func, literal, select, text, update

from db.access import GUEST
from db.base import Base
from db.engine import Database
from tests.conftest import Graph
from tests.world import NOON, World

UNKNOWN = "00000000000000000000000000000000"
"""The digits of an id that nothing has."""


def with_ids(world: World, given: Any) -> Any:
    """The same value with the id of the row of this name for every `@name`."""
    match given:
        case dict():
            return {name: with_ids(world, value) for name, value in given.items()}
        case list():
            return [with_ids(world, value) for value in given]
        case str() if given.startswith("@"):
            return getattr(world, given[1:]).public_id
    return given


async def listed(graph: Graph, who: str | None, query: str, **variables: Any) -> list[Any]:
    """The nodes of the one list in an answer, however deep it lies."""
    found = await graph.data(who, query, **variables)
    while "nodes" not in found:
        (found,) = found.values()
    nodes: list[Any] = found["nodes"]
    return nodes


async def done(graph: Graph, who: str | None, mutation: str, **given: Any) -> Any:
    """The payload of a mutation that was not refused."""
    (payload,) = (await graph.data(who, mutation, input=given)).values()
    assert payload["errors"] == []
    return payload


async def refusal(graph: Graph, who: str | None, mutation: str, **given: Any) -> tuple[str, str]:
    """Why a mutation was refused: the code, and the way to the input field at fault."""
    (found,) = await refusals(graph, who, mutation, **given)
    return found


async def refusals(graph: Graph, who: str | None, mutation: str, **given: Any) -> list[tuple[str, str]]:
    """The same for all that is wrong."""
    (payload,) = (await graph.data(who, mutation, input=given)).values()
    return [(error["code"], ".".join(error["path"])) for error in payload["errors"]]


async def error_code(graph: Graph, who: str | None, query: str, **variables: Any) -> str:
    """The code of the one error in an answer."""
    (error,) = (await graph(who, query, **variables))["errors"]
    return str(error["extensions"]["code"])


async def add(database: Database, *rows: Base) -> None:
    """Put rows into the test's database."""
    async with database.work(GUEST) as work:
        for row in rows:
            await work.add(row)


async def change(database: Database, *rows: Base, **values: Any) -> None:
    """Give rows other values in the test's database; the world that all tests share stays as it is."""
    async with database.work(GUEST) as work:
        for row in rows:
            await work.execute(update(type(row)).where(type(row).id == row.id).values(**values))


async def scatter(database: Database, table: type[Base], column: str) -> None:
    """Give all rows times of their own, a day apart: the oldest row the latest time."""
    ages = select(table.id, func.row_number().over(order_by=table.id).label("age")).subquery()
    day = func.make_interval(0, 0, 0, cast(ages.c.age, Integer))
    async with database.work(GUEST) as work:
        # Without triggers, so that `updated_at` can be set too.
        await work.execute(text("SET LOCAL session_replication_role = replica"))
        await work.execute(update(table).where(table.id == ages.c.id).values({column: literal(NOON).op("-")(day)}))


async def filtered(graph: Graph, who: str | None, query: str, filters: Iterable[str]) -> dict[str, list[Any]]:
    """What the list at `%s` keeps under each of these filters: the value of the one field that is selected."""
    return {text: await values(graph, who, query % f"filter: {{{text}}}") for text in filters}


async def ordered(graph: Graph, who: str | None, query: str, order: str) -> list[Any]:
    """What the list at `%s` holds in this order, which must be the reverse of the opposite order."""
    rising = await values(graph, who, query % f"orderBy: {order}_ASC")
    falling = await values(graph, who, query % f"orderBy: {order}_DESC")
    assert rising == falling[::-1]
    return rising


async def values(graph: Graph, who: str | None, query: str) -> list[Any]:
    """The value of the one field of every item of the one list in an answer. `"@ada"` is the id of Ada."""
    named = re.sub(r'"@(\w+)"', lambda name: f'"{getattr(graph.world, name[1]).public_id}"', query)
    return [value for node in await listed(graph, who, named) for value in node.values()]

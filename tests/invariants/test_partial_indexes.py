"""A partial index is one that reads use: planned once for all values, and not for those of a parameter."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from asyncpg import Connection
from sqlalchemy import Index
from strawberry.utils.str_converters import to_camel_case

from db.base import Base, new_id
from db.engine import Database
from db.indexes import WHERE
from db.session_settings import COMPILED_SETTINGS
from tests.conftest import Graph, NotingDatabase
from tests.invariants.conftest import as_served
from tests.invariants.schema import EDGES, ROOTS, TABLES, Edge, object_type

pytestmark = pytest.mark.asyncio(loop_scope="session")

READ_BY_JOBS = {
    "ix_outbox_events_unpublished": "the relay, which looks for events that wait",
    "ix_outbox_events_without_jobs": "the relay, which makes their jobs",
    "ix_notification_deliveries_due": "the job that sends what is due",
    "ix_notification_rules_active": "whatever happens in a repository, which looks for rules",
    "ix_payment_events_waiting": "the job that applies events of payments",
    "ix_webhook_events_pushes": "the job that works in what GitHub sent, which looks for the pushes to a branch",
    "ix_webhook_events_waiting": "the job that works in what GitHub sent",
    "ix_quiz_attempts_deadline": "the job that ends attempts whose time is over",
}
"""The partial indexes that no list of the graph is read by, with the job that looks for their rows."""

ALL = [index for table in Base.metadata.sorted_tables for index in table.indexes]
PARTIAL = [
    index
    for index in ALL
    if index.dialect_options["postgresql"]["where"] is not None and not index.unique and index.name not in READ_BY_JOBS
]


@dataclass(frozen=True)
class Read:
    """A list of the rows that an index is about, as an operation."""

    edge: Edge
    filter: str

    @property
    def query(self) -> str:
        listed = f"{self.edge.name}(filter: {{ {self.filter} }}) {{ nodes {{ id }} }}"
        if self.edge.source == "Query":
            return f"{{ {listed} }}"
        return f"query ($id: ID!) {{ node(id: $id) {{ ... on {self.edge.source} {{ {listed} }} }} }}"

    @property
    def variables(self) -> dict[str, str]:
        return {} if self.edge.source == "Query" else {"id": f"{TABLES[self.edge.source].prefix}_{new_id().hex}"}


def reads(index: Index) -> list[Read]:
    """The lists that are filtered by what an index is about."""
    found = (f"{to_camel_case(name)}: {_literal(value)}" for name, value in index.info[WHERE].items())
    filter_ = ", ".join(found)
    edges = [edge for edge in (*ROOTS, *EDGES) if edge.is_list and edge.table.__table__ is index.table]
    return [Read(edge, filter_) for edge in edges if "filter" in object_type(edge.source).fields[edge.name].args]


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"[{value.name}]"


@pytest_asyncio.fixture(loop_scope="session")
async def planner(database: Database) -> AsyncIterator[Connection]:
    """A connection that plans like those of compiled reads, and reads no small table as a whole."""
    connection = await database.address.reach({**COMPILED_SETTINGS, "enable_seqscan": "off"})
    yield connection
    await connection.close()


async def plan(planner: Connection, statement: str) -> str:
    """How PostgreSQL runs a statement whatever its arguments."""
    arguments = len(set(re.findall(r"\$\d+", statement)))
    await planner.execute(f"PREPARE planned AS {statement}")
    try:
        nulls = f"({', '.join(['NULL'] * arguments)})" if arguments else ""
        return "\n".join(line for (line,) in await planner.fetch(f"EXPLAIN EXECUTE planned{nulls}"))
    finally:
        await planner.execute("DEALLOCATE planned")


async def test_a_partial_index_says_what_it_has_in_a_form_that_filters_know() -> None:
    assert PARTIAL
    assert [index.name for index in PARTIAL if WHERE not in index.info] == [], "declare it with db.indexes.partial"


@as_served
@pytest.mark.parametrize("index", PARTIAL, ids=lambda index: index.name)
async def test_a_partial_index_is_one_that_a_list_is_read_by(
    graph: Graph, database: NotingDatabase, planner: Connection, index: Index
) -> None:
    plans = []
    for read in reads(index):
        await graph.data("root", read.query, **read.variables)
        plans += [await plan(planner, statement) for statement in database.statements]
    used = [plan for plan in plans if re.search(rf"\b{index.name}\b", plan)]
    assert used, "\n\n".join(plans)

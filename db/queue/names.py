"""PgQueuer, the library of the queue, and where it keeps its tables: in a schema of its own, which no model names."""

from typing import Any

from asyncpg import Connection
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel

from db.queue.schema import SCHEMA

# Each by name: what is left out, the library takes from the environment. Migrations have made these.
NAMES = DBSettings(
    prefix="",
    db_schema=SCHEMA,
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    trigger="tg_pgqueuer_changed",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    schedules_table="pgqueuer_schedules",
    statistics_table="pgqueuer_statistics",
    durability=Durability.durable,
    widen_id=True,
)
QUEUE = NAMES.qualified.queue_table
LOG = NAMES.qualified.queue_table_log


def statements() -> dict[str, Any]:
    """The builders of the library's statements, for our names."""
    return {
        "qbe": QueryBuilderEnvironment(NAMES),
        "qbq": QueryQueueBuilder(NAMES),
        "qbs": QuerySchedulerBuilder(NAMES),
    }


def queries(connection: Connection) -> Queries:
    """The statements of the library on a connection, within the transaction that it may be in."""
    return Queries(AsyncpgDriver(connection), **statements())

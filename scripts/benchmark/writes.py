"""The rows that mutations leave behind: compared between servers, counted after each run, and taken back.

Trellis and the hand-written SQL leave the change behind, its event under the next number of its topic, and its entry in
the audit log. The other servers leave the change alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any
from uuid import UUID

import orjson

from scripts.benchmark.client import WrongAnswer, ask
from scripts.benchmark.dataset import Database
from scripts.benchmark.load import Measured
from scripts.benchmark.operations import WRITES, Operation
from scripts.benchmark.rows import Requests, differences, normalized
from scripts.benchmark.servers import Server
from scripts.benchmark.workload import REMARK

CHECKED = 5  # requests of each operation

CHANGES = {
    Operation.COMMENT: f"comments one WHERE content = '{REMARK}'",
    Operation.RESOLVE: "comment_threads one JOIN bench.threads b USING (id) WHERE status = 'RESOLVED'",
    Operation.EDIT: f"document_versions one JOIN bench.documents b ON b.id = document_id WHERE summary = '{REMARK}'",
}
"""The rows of which each request makes one more."""
_LEFT = (
    *CHANGES.values(),
    "specification_documents one JOIN bench.documents b USING (id) WHERE one.version <> b.version",
    "outbox_topics one",
    "outbox_events one",
    "audit_logs one",
)
ROW = "to_jsonb(one) - '{published_at,queued_at}'::text[]"
"""A row as JSON, without the times of a relay: they are not the doing of a mutation."""
LEFT = " UNION ALL ".join(f"SELECT {ROW} AS row FROM {some}" for some in _LEFT)  # noqa: S608  (words of ours)
"""All rows that requests leave behind."""
OWN = {"id", "created_at", "updated_at", "resolved_at", "request_id"}
"""The columns that have another value each time."""

TAKE_BACK = f"""
    DELETE FROM comments WHERE content = '{REMARK}';
    UPDATE comment_threads one SET status = 'OPEN', resolved_at = NULL, resolved_by_id = NULL
    FROM bench.threads b WHERE b.id = one.id AND one.status = 'RESOLVED';
    DELETE FROM document_versions USING bench.documents b WHERE b.id = document_id AND summary = '{REMARK}';
    UPDATE specification_documents one SET content = b.content, version = b.version, status = b.status
    FROM bench.documents b WHERE b.id = one.id AND b.version <> one.version;
    TRUNCATE outbox_topics, outbox_events, audit_logs RESTART IDENTITY"""  # noqa: S608  (words of ours)
SWEEP = "VACUUM comments, comment_threads, document_versions, specification_documents"


def check(servers: Sequence[Server], requests: Requests, database: Database) -> None:
    """Raise WrongAnswer unless all servers make one change for a request, for some of the mutations, and answer alike.

    Those that have an outbox also leave the same rows behind.
    """
    database.execute(TAKE_BACK)
    for operation in WRITES:
        asked = [server for server in servers if (server.name, operation) in requests]
        for number in range(CHECKED):
            seen = {server: _seen(server, requests, operation, number, database=database) for server in asked}
            where = f"{operation}, request {number}"
            _compare(f"answers to {where}", {server.name: answer for server, (answer, _) in seen.items()})
            rows = {server.name: rows for server, (_, rows) in seen.items() if server.peer.has_outbox}
            _compare(f"rows left by {where}", rows)


def counted(measured: Measured, operation: Operation, database: Database) -> Measured:
    """A measurement, with an error for each answer that came without its change."""
    if operation not in WRITES:
        return measured
    return replace(measured, errors=measured.errors + max(0, measured.requests - _changes(operation, database)))


def take_back(database: Database) -> None:
    """Take back all that mutations left behind: what is measured next finds the rows as they were."""
    database.execute(TAKE_BACK)
    database.execute(SWEEP)


def _seen(server: Server, requests: Requests, operation: Operation, number: int, *, database: Database) -> Any:
    """The answer to a request, and the rows that it left behind."""
    answer = normalized(ask(server.port, requests[server.name, operation][number]), operation)
    rows, changes = left(database), _changes(operation, database)
    database.execute(TAKE_BACK)
    if changes != 1:
        raise WrongAnswer(f"{server.name} made {changes} changes for {operation}, request {number}: {answer}")
    return answer, rows


def _compare(what: str, found: Mapping[str, Any]) -> None:
    for (one, expected), (other, same) in pairwise(found.items()):
        if difference := next(differences(expected, same, "it"), None):
            raise WrongAnswer(f"{one} and {other} differ in {what}: {difference}")


def left(database: Database) -> Any:
    """The rows that one request left behind, without what is another each time: ids and times."""
    text = f"[{','.join(row['row'] for row in database.rows(LEFT))}]"
    for row in orjson.loads(text):
        if row.get("content") == REMARK:
            text = text.replace(row["id"], "added").replace(UUID(row["id"]).hex, "added")
    return _comparable(orjson.loads(text))


def _comparable(value: Any) -> Any:
    """A value in which ids and times only say whether they are there."""
    match value:
        case dict():
            return {key: one is not None if key in OWN else _comparable(one) for key, one in value.items()}
        case list():
            return [_comparable(one) for one in value]
    return value


def _changes(operation: Operation, database: Database) -> int:
    found: int = database.rows(f"SELECT count(*) FROM {CHANGES[operation]}")[0]["count"]  # noqa: S608  (likewise)
    return found

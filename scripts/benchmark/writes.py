"""What mutations leave behind: compared between servers, counted after each run, and taken back.

Trellis and the hand-written SQL leave the change behind, its event under the next number of its topic, and its entry in
the audit log. The other servers leave the change alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

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
LEFT = (
    *CHANGES.values(),
    "specification_documents one JOIN bench.documents b USING (id) WHERE one.version <> b.version",
    "outbox_topics one",
    "outbox_events one",
    "audit_logs one",
)
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
SWEEP = "VACUUM (ANALYZE) comments, comment_threads, document_versions, specification_documents"


def check(servers: Sequence[Server], requests: Requests, database: Database) -> None:
    """Raise WrongAnswer unless all servers answer a sample of the mutations alike, and leave the same rows behind.

    Of a server without an outbox the change alone is looked for.
    """
    database.execute(TAKE_BACK)
    for operation in WRITES:
        asked = [server for server in servers if (server.name, operation) in requests]
        for number in range(CHECKED) if asked else ():
            seen = {server: _seen(server, requests, operation, number, database=database) for server in asked}
            for some in (asked, [server for server in asked if server.peer.has_outbox]):
                part = "answer" if some is asked else "left"
                for one in some[1:]:
                    if found := next(differences(seen[some[0]][part], seen[one][part], part), None):
                        raise WrongAnswer(f"{some[0].name} and {one.name} differ in {operation} {number}: {found}")


def counted(measured: Measured, operation: Operation, database: Database) -> Measured:
    """What was measured, with an error for each answer that came without its change."""
    if operation not in WRITES:
        return measured
    return replace(measured, errors=measured.errors + max(0, measured.requests - _changes(operation, database)))


def take_back(database: Database) -> None:
    """Take back what mutations left behind, so that it changes nothing for what is measured next."""
    database.execute(TAKE_BACK)
    database.execute(SWEEP)


def _seen(server: Server, requests: Requests, operation: Operation, number: int, *, database: Database) -> Any:
    """The answer to a request, and the rows that it left behind."""
    answer = normalized(ask(server.port, requests[server.name, operation][number]), operation)
    seen = {"answer": answer, "left": _left(database)}
    changes = _changes(operation, database)
    database.execute(TAKE_BACK)
    if changes != 1:
        raise WrongAnswer(f"{server.name} made {changes} changes for one {operation}, request {number}: {answer}")
    return seen


def _left(database: Database) -> Any:
    """The rows that one request left behind; when a relay published the event is not its doing."""
    parts = (f"SELECT to_jsonb(one) - 'published_at' AS row FROM {some}" for some in LEFT)  # noqa: S608  (words of ours)
    text = ",".join(row["row"] for row in database.rows(" UNION ALL ".join(parts)))
    for comment in database.rows(f"SELECT id FROM {CHANGES[Operation.COMMENT]}"):  # noqa: S608  (words of ours)
        text = text.replace(str(comment["id"]), "added").replace(comment["id"].hex, "added")
    return _comparable(orjson.loads(f"[{text}]"))


def _comparable(value: Any) -> Any:
    """A value without what is another each time: of that it matters whether it is there."""
    match value:
        case dict():
            return {key: one is not None if key in OWN else _comparable(one) for key, one in value.items()}
        case list():
            return [_comparable(one) for one in value]
    return value


def _changes(operation: Operation, database: Database) -> int:
    found: int = database.rows(f"SELECT count(*) FROM {CHANGES[operation]}")[0]["count"]  # noqa: S608  (likewise)
    return found

"""How long the first page of `activity` takes, for the people who did most and the organizations where most happened.

Whoever asks sees little of it or everything: themselves, a colleague, an owner and an administrator.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from db import tables
from db.base import Base
from scripts.benchmark.client import Prepared, ask
from scripts.benchmark.dataset import Database, copy
from scripts.benchmark.operations import Dialect, body
from scripts.benchmark.report import Sheet
from scripts.benchmark.servers import PEERS, Server, serving
from scripts.benchmark.workload import select_requests, sign_in

BUSIEST = 10
PEOPLE = f"""
busiest AS (
    SELECT author_id AS id FROM (
        SELECT author_id FROM commits UNION ALL SELECT author_id FROM comments
        UNION ALL SELECT author_id FROM document_versions
    ) AS did WHERE author_id IS NOT NULL GROUP BY author_id ORDER BY count(*) DESC, author_id LIMIT {BUSIEST}
)"""  # noqa: S608  (a number of ours)
ORGANIZATIONS = f"""
happened AS (
    SELECT r.organization_id AS id, count(*) AS number FROM repositories r JOIN commits c ON c.repository_id = r.id
    GROUP BY r.organization_id
    UNION ALL
    SELECT p.organization_id, count(*) FROM specification_projects p
    JOIN specification_documents d ON d.project_id = p.id JOIN comment_threads t ON t.document_id = d.id
    JOIN comments c ON c.thread_id = t.id GROUP BY p.organization_id
),
ranked AS (SELECT id, rank() OVER (ORDER BY number DESC, id) FROM happened WHERE id IS NOT NULL),
busiest AS (SELECT DISTINCT id FROM ranked WHERE rank <= {BUSIEST})"""  # noqa: S608  (likewise)
ADMINISTRATOR = "(SELECT min(id::text)::uuid FROM users WHERE role = 'ADMIN' AND is_active)"
VIEWERS: dict[tuple[str, str], tuple[type[Base], str]] = {
    ("a person", "themselves"): (tables.User, f"WITH {PEOPLE} SELECT id, id AS viewer FROM busiest"),  # noqa: S608  (likewise)
    ("a person", "a colleague"): (
        tables.User,
        f"""WITH {PEOPLE} SELECT DISTINCT ON (b.id) b.id, other.user_id AS viewer
        FROM busiest b
        JOIN project_members m ON m.user_id = b.id AND m.status = 'ACTIVE'
        JOIN project_members other ON other.project_id = m.project_id AND other.status = 'ACTIVE'
        AND other.user_id <> b.id ORDER BY b.id, other.user_id""",  # noqa: S608  (likewise)
    ),
    ("a person", "an administrator"): (
        tables.User,
        f"WITH {PEOPLE} SELECT id, {ADMINISTRATOR} AS viewer FROM busiest",  # noqa: S608  (likewise)
    ),
    ("an organization", "its owner"): (
        tables.Organization,
        f"""WITH {ORGANIZATIONS} SELECT DISTINCT ON (b.id) b.id, m.user_id AS viewer
        FROM busiest b
        JOIN organization_members m ON m.organization_id = b.id AND m.role = 'OWNER'
        ORDER BY b.id, m.user_id""",  # noqa: S608  (likewise)
    ),
    ("an organization", "an administrator"): (
        tables.Organization,
        f"WITH {ORGANIZATIONS} SELECT id, {ADMINISTRATOR} AS viewer FROM busiest",  # noqa: S608  (likewise)
    ),
}


def durations(source: Database, folder: Path, *, rounds: int) -> Sheet:
    """The time of a request for the first page, one after the other, each so often."""
    sheet = Sheet("The first page of activity", ["of", "for", "asked for", "p50 ms", "p95 ms", "most ms"])
    with copy(source) as database, serving(PEERS["trellis"], database, folder=folder) as server:
        for (of, viewer), (table, sql) in VIEWERS.items():
            asked = _prepared(database, table, sql)
            found = [each * 1_000 for one in asked for each in times(server, one, rounds)]
            p50, p95 = quantiles(found, n=100)[49], quantiles(found, n=100)[94]
            sheet.rows.append([of, viewer, f"{len(asked)}", *(f"{ms:.1f}" for ms in (p50, p95, max(found)))])
    return sheet


def _prepared(database: Database, table: type[Base], sql: str) -> list[Prepared]:
    requests = select_requests(database, sql, of=table)
    tokens = sign_in(database, [request.viewer for request in requests])
    return [
        Prepared(tokens[request.viewer], body("activity", Dialect.TRELLIS, request))
        for request in requests
        if request.viewer in tokens
    ]


def times(server: Server, request: Prepared, rounds: int) -> Iterator[float]:
    """The seconds of each request; the first, which has the statement compiled, does not count."""
    ask(server.port, request)
    for _ in range(rounds):
        start = perf_counter()
        ask(server.port, request)
        yield perf_counter() - start

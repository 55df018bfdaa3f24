"""What is asked: for each operation a list of requests that differ in viewer and variables, the same every time."""

import asyncio
from collections.abc import Iterable, Iterator

from sqlalchemy import select

from db import tables
from db.access import GUEST
from db.actions import accounts
from db.base import Base
from db.engine import Database as Connections
from scripts.benchmark.dataset import Database
from scripts.benchmark.operations import Key, Operation, Request

Workload = dict[Operation, list[Request]]

REMARK = "A remark of the benchmark, which does not stay."
PAGES = 40
EDITS = 12_000
"""As many as a run can make: each document is saved again and again."""

PROJECTS = "SELECT p.id, r.id AS viewer FROM bench.projects p JOIN bench.readers r ON r.number = p.number % 50"
READERS = "SELECT id AS viewer FROM bench.readers"
THREADS = """
SELECT DISTINCT ON (d.project_id) t.id, d.viewer FROM bench.documents d
JOIN bench.projects p ON p.id = d.project_id
JOIN specification_documents s ON s.id = d.id AND s.status <> 'ARCHIVED'
JOIN comment_threads t ON t.document_id = d.id
ORDER BY d.project_id, t.id"""
OPEN = "SELECT id, viewer FROM bench.threads ORDER BY number"
DOCUMENTS = """
WITH usual AS (SELECT * FROM bench.documents WHERE length(content) BETWEEN 1000 AND 3000),
found AS (SELECT * FROM usual UNION ALL SELECT * FROM bench.documents WHERE NOT EXISTS (SELECT FROM usual))
SELECT id, viewer, version, content FROM found ORDER BY number"""
REPOSITORIES = """
SELECT DISTINCT ON (r.id) r.id, m.user_id AS viewer
FROM repositories r
JOIN organization_members m ON m.organization_id = r.organization_id AND m.role IN ('OWNER', 'ADMIN')
JOIN users u ON u.id = m.user_id AND u.is_active AND u.role <> 'ADMIN'
WHERE (SELECT count(*) FROM commits c WHERE c.repository_id = r.id) >= 200
ORDER BY r.id, m.user_id"""


def workload(database: Database) -> Workload:
    """The requests for each operation, for a database with the readers of `adapt.sql`."""
    courses = database.rows("SELECT count(*) FROM courses WHERE published")[0]["count"]
    pages = min(PAGES, -(-courses // 20))
    readers = select_requests(database, READERS)
    projects = select_requests(database, PROJECTS, project=tables.SpecificationProject)
    return {
        Operation.POINT: projects,
        Operation.LIST: readers,
        Operation.DEEP: projects,
        Operation.CATALOGUE: [Request(reader.viewer, {"after": None}) for reader in readers[:pages]],
        Operation.COMMITS: select_requests(database, REPOSITORIES, repository=tables.Repository),
        Operation.COMMENT: remarks(database, THREADS),
        Operation.RESOLVE: select_requests(database, OPEN, thread=tables.CommentThread),
        Operation.EDIT: list(_edits(database)),
    }


def remarks(database: Database, sql: str) -> list[Request]:
    """A comment in each thread that a query finds."""
    threads = select_requests(database, sql, thread=tables.CommentThread)
    return [Request(one.viewer, {**one.variables, "content": REMARK}) for one in threads]


def _edits(database: Database) -> Iterator[Request]:
    """The texts of documents, each with a line more than before, one document after the other."""
    documents = database.rows(DOCUMENTS)
    for number in range(EDITS):
        turn, place = divmod(number, len(documents))
        document = documents[place]
        yield Request(
            Key(tables.User.prefix, document["viewer"]),
            {
                "document": Key(tables.SpecificationDocument.prefix, document["id"]),
                "version": document["version"] + turn,
                "content": f"{document['content']}\n\nSaved {turn + 1} times.\n",
                "summary": REMARK,
            },
        )


def select_requests(database: Database, sql: str, **variables: type[Base]) -> list[Request]:
    """A request for each row that a query finds: its `viewer`, and its `id` as the variable named, if one is."""
    return [
        Request(
            Key(tables.User.prefix, row["viewer"]),
            {name: Key(table.prefix, row["id"]) for name, table in variables.items()},
        )
        for row in database.rows(sql)
    ]


def sign_in(database: Database, viewers: Iterable[Key]) -> dict[Key, str]:
    """A bearer token for each viewer."""

    async def tokens() -> dict[Key, str]:
        connections = Connections(str(database.url), pool_size=1)
        try:
            async with connections.work(GUEST) as work:
                statement = select(tables.User).where(tables.User.id.in_({viewer.id for viewer in viewers}))
                users = list(await work.scalars(statement))
                return {
                    Key(user.prefix, user.id): await accounts.open_session(work, user, device="Benchmark")
                    for user in users
                }
        finally:
            await connections.close()

    return asyncio.run(tokens())

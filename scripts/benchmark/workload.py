"""What is asked: for each operation a list of requests that differ in viewer and variables, the same every time."""

import asyncio
from collections.abc import Iterable

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

PROJECTS = "SELECT p.id, r.id AS viewer FROM bench.projects p JOIN bench.readers r ON r.number = p.number % 50"
READERS = "SELECT id AS viewer FROM bench.readers"
THREADS = f"""
SELECT DISTINCT ON (p.id) t.id, p.viewer FROM ({PROJECTS}) p
JOIN specification_projects s ON s.id = p.id AND s.status IN ('ACTIVE', 'COMPLETED')
JOIN specification_documents d ON d.project_id = p.id AND d.status <> 'ARCHIVED'
JOIN comment_threads t ON t.document_id = d.id
ORDER BY p.id, t.id"""  # noqa: S608  (no word of it comes from outside)
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
    threads = select_requests(database, THREADS, thread=tables.CommentThread)
    return {
        Operation.POINT: projects,
        Operation.LIST: readers,
        Operation.DEEP: projects,
        Operation.CATALOGUE: [Request(reader.viewer, {"after": None}) for reader in readers[:pages]],
        Operation.COMMITS: select_requests(database, REPOSITORIES, repository=tables.Repository),
        Operation.COMMENT: [Request(one.viewer, {**one.variables, "content": REMARK}) for one in threads],
    }


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


def forget_remarks(database: Database) -> None:
    """Take back what the mutation wrote, so that it changes nothing for what is measured next."""
    database.rows("DELETE FROM comments WHERE content = $1", REMARK)
    database.execute("VACUUM (ANALYZE) comments")

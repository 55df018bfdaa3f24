"""The cases by which growth is shown, each with the database that it needs."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from db import demo, tables
from scripts.benchmark import rows
from scripts.benchmark.client import Prepared
from scripts.benchmark.dataset import Database, copy, dataset
from scripts.benchmark.growth import Case
from scripts.benchmark.operations import Dialect, Key, Operation, Request, body
from scripts.benchmark.servers import PEERS, serving
from scripts.benchmark.workload import Workload, select_requests, sign_in, workload

TRELLIS = PEERS["trellis"]
PAGES = {"10 comments": (1, 10), "100 comments": (1, 100), "1,000 comments": (10, 100)}
SAME_FOR_ALL = {Operation.POINT, Operation.DEEP, Operation.CATALOGUE, Operation.COMMITS}
"""The operations whose answers do not depend on who asks, as long as they may."""

PEOPLE = "JOIN users u ON u.is_active AND u.role <> 'ADMIN' AND u.id ="
OWNED = f"""
SELECT p.id, u.id AS viewer FROM specification_projects p {PEOPLE} p.owner_id ORDER BY p.id"""  # noqa: S608  (likewise)
WITH_THREE = f"""
SELECT u.id AS viewer FROM (
    SELECT owner_id AS viewer, id FROM specification_projects
    UNION SELECT user_id, project_id FROM project_members WHERE status = 'ACTIVE'
) seen {PEOPLE} seen.viewer
GROUP BY u.id HAVING count(*) = 3 ORDER BY u.id"""  # noqa: S608  (no word of it comes from outside)
REPOSITORIES = f"""
SELECT DISTINCT ON (r.id) r.id, m.user_id AS viewer
FROM repositories r
JOIN organization_members m ON m.organization_id = r.organization_id AND m.role = 'OWNER' {PEOPLE} m.user_id
ORDER BY r.id, m.user_id"""  # noqa: S608  (likewise)


@contextmanager
def by_rows(source: Database, folder: Path) -> Iterator[list[Case]]:
    """Pages of 10, 100 and 1,000 comments."""
    newest = f"{OWNED} DESC LIMIT 1"
    with copy(source, "adapt", "rows") as database, serving(TRELLIS, database, folder=folder) as server:
        (request,) = select_requests(database, newest, project=tables.SpecificationProject)
        token = sign_in(database, [request.viewer])[request.viewer]
        yield [
            Case("comments", label, server, (Prepared(token, _page(request, *sizes)),), database.pid)
            for label, sizes in PAGES.items()
        ]


@contextmanager
def by_access(source: Database, folder: Path) -> Iterator[list[Case]]:
    """The same rows for an administrator, whose statements have no access rules in them, and for those they are for."""
    with copy(source, "adapt") as database, serving(TRELLIS, database, folder=folder) as server:
        asked = {operation: some for operation, some in workload(database).items() if operation in SAME_FOR_ALL}
        (admin,) = select_requests(database, "SELECT id AS viewer FROM users WHERE role = 'ADMIN' ORDER BY id LIMIT 1")
        tokens = sign_in(database, [admin.viewer, *_viewers(asked)])
        everything = rows.prepare([server], asked, dict.fromkeys(tokens, tokens[admin.viewer]))
        allowed = rows.prepare([server], asked, tokens)
        cases = [
            Case(operation, label, server, tuple(requests[server.name, operation]), database.pid)
            for operation in asked
            for label, requests in (("without rules", everything), ("with rules", allowed))
        ]
        _check(cases)
        yield cases


@contextmanager
def by_size(folder: Path, scales: list[int], progress: demo.Progress) -> Iterator[list[Case]]:
    """The same real rows among more and more generated ones, and among half a million projects of other people."""
    with ExitStack() as stack:
        sources = [stack.enter_context(dataset(folder, scale, progress=progress)) for scale in scales]
        databases = [stack.enter_context(copy(source)) for source in sources]
        databases.append(stack.enter_context(copy(sources[0], "many", name="many")))
        asked = _real_requests(databases[0])
        cases = [_sized(stack, database, asked, folder=folder) for database in databases]
        together = [case for same in zip(*cases, strict=True) for case in same]
        _check(together)
        yield together


def _check(cases: list[Case]) -> None:
    """All cases of a subject answer alike."""
    first: dict[str, Case] = {}
    for case in cases:
        base = first.setdefault(case.subject, case)
        rows.compare(case.subject, (base.server, base.requests), (case.server, case.requests))


def _real_requests(database: Database) -> Workload:
    """Requests for rows that are the same at every scale, by people who see the same at every scale."""
    projects = select_requests(database, OWNED, project=tables.SpecificationProject)
    return {
        Operation.POINT: projects,
        Operation.LIST: select_requests(database, WITH_THREE),
        Operation.DEEP: projects,
        Operation.COMMITS: select_requests(database, REPOSITORIES, repository=tables.Repository),
    }


def _sized(stack: ExitStack, database: Database, asked: Workload, *, folder: Path) -> list[Case]:
    count = database.rows("SELECT count(*) FROM specification_projects")[0]["count"]
    server = stack.enter_context(serving(TRELLIS, database, folder=folder, label=f"-{count}"))
    requests = rows.prepare([server], asked, sign_in(database, _viewers(asked)))
    return [
        Case(operation, f"{count:,} projects", server, tuple(requests[server.name, operation]), database.pid)
        for operation in asked
    ]


def _viewers(asked: Workload) -> Iterable[Key]:
    return {request.viewer for requests in asked.values() for request in requests}


def _page(request: Request, threads: int, comments: int) -> bytes:
    variables = {**request.variables, "threads": threads, "comments": comments}
    return body("rows", Dialect.TRELLIS, Request(request.viewer, variables))

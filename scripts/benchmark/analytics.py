"""How long courses in numbers take: for an administrator, who sees all of them, and for who teaches most students."""

from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any

import orjson

from scripts.benchmark.client import Prepared, ask
from scripts.benchmark.dataset import Database, copy, dataset
from scripts.benchmark.options import DATA, Data, Markdown, Rounds, Scale
from scripts.benchmark.report import Sheet, show
from scripts.benchmark.screen import Loading
from scripts.benchmark.servers import PEERS, Name, Server, serving
from scripts.benchmark.workload import select_requests, sign_in

TARGET = 50
"""Milliseconds at p95 that an answer may take."""
VIEWERS = {
    "administrator": "SELECT id AS viewer FROM users WHERE role = 'ADMIN' AND is_active ORDER BY id LIMIT 1",
    "teacher": """
        SELECT c.instructor_id AS viewer FROM courses c JOIN users u ON u.id = c.instructor_id AND u.role <> 'ADMIN'
        JOIN enrollments e ON e.course_id = c.id GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1""",
}
ALL_YEARS = {"since": "2015-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"}
INACTIVE = "filter: {lastAccessedAt: {until: $until}, progressPercent: {max: 99}, enrollmentStatus: [ACTIVE]}"
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "revenue of all years": (
        """query ($since: DateTime!, $until: DateTime!) {
          revenueByMonth(since: $since, until: $until) { month currency revenue transactionCount refunded refundCount }
        }""",
        ALL_YEARS,
    ),
    "enrollments of all years": (
        """query ($since: DateTime!, $until: DateTime!) {
          enrollmentActivity(since: $since, until: $until, granularity: MONTH) {
            beginsAt currency enrollments completed paid averagePaid
          }
        }""",
        ALL_YEARS,
    ),
    "inactive students, a page": (
        f"""query ($until: DateTime!) {{
          courseProgress({INACTIVE}, orderBy: LAST_ACCESSED_AT_ASC, first: 50) {{ nodes {{ progressPercent }} }}
        }}""",
        {"until": "2026-11-01T00:00:00Z"},
    ),
    "inactive students, how many": (
        f"query ($until: DateTime!) {{ courseProgress({INACTIVE}) {{ totalCount }} }}",
        {"until": "2026-11-01T00:00:00Z"},
    ),
}
REFRESH = "mutation { refreshCourseAnalytics(input: {}) { errors { code } } }"


def by_analytics(*, scale: Scale = 10, rounds: Rounds = 20, markdown: Markdown = False, data: Data = DATA) -> None:
    """Show how long courses in numbers take: revenue, enrollments, inactive students, and to count all courses anew."""
    with dataset(data, scale, progress=Loading()) as source:
        show([durations(source, data, rounds=rounds)], markdown=markdown)


def durations(source: Database, folder: Path, *, rounds: int) -> Sheet:
    """The time of each question, one after the other, each so often."""
    sheet = Sheet("Courses in numbers", ["", "for", "p50 ms", "p95 ms", f"p95 <= {TARGET} ms"])
    with copy(source, name="analytics") as made, serving(PEERS[Name.TRELLIS], made, folder=folder) as server:
        viewers = {who: select_requests(made, sql)[0].viewer for who, sql in VIEWERS.items()}
        tokens = sign_in(made, viewers.values())
        for what, (query, variables) in ASKED.items():
            for who, viewer in viewers.items():
                sheet.rows.append([what, who, *_figures(server, tokens[viewer], query, variables, rounds)])
        refreshed = _figures(server, tokens[viewers["administrator"]], REFRESH, {}, rounds)
        sheet.rows.append(["counting all courses anew", "administrator", *refreshed])
    return sheet


def _figures(server: Server, token: str, query: str, variables: dict[str, Any], rounds: int) -> Iterator[str]:
    """The median and the p95 of so many answers, behind one that warms up."""
    request = Prepared(token, orjson.dumps({"query": query, "variables": variables}))
    ask(server.port, request)
    times = []
    for _ in range(max(rounds, 2)):
        began = perf_counter()
        ask(server.port, request)
        times.append((perf_counter() - began) * 1_000)
    found = quantiles(times, n=100, method="inclusive")
    yield from (f"{found[49]:.0f}", f"{found[94]:.0f}", "yes" if found[94] <= TARGET else "no")

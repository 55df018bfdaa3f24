"""How long a year of metrics takes: the series of an organization by days, weeks and months, and its developers.

The organizations are those in which most was merged, and their owners ask, who see all of it.
"""

from pathlib import Path
from statistics import quantiles

import orjson

from db import tables
from scripts.benchmark.activity import times
from scripts.benchmark.client import Prepared
from scripts.benchmark.dataset import Database, copy
from scripts.benchmark.report import Sheet
from scripts.benchmark.servers import PEERS, serving
from scripts.benchmark.workload import select_requests, sign_in

LARGEST = """
    WITH largest AS (
        SELECT r.organization_id AS id FROM team_metrics d JOIN repositories r ON r.id = d.repository_id
        GROUP BY r.organization_id ORDER BY sum(d.pull_requests_merged) DESC, id LIMIT 10
    )
    SELECT DISTINCT ON (l.id) l.id, m.user_id AS viewer FROM largest l
    JOIN organization_members m ON m.organization_id = l.id AND m.role = 'OWNER'
    JOIN users u ON u.id = m.user_id AND u.is_active ORDER BY l.id, m.user_id"""
SERIES = """
    query Metrics($id: ID!, $granularity: Granularity!) { node(id: $id) { ... on Organization {
      metrics(since: "2025-01-01T00:00:00Z", until: "2026-01-01T00:00:00Z", granularity: $granularity) {
        beginsAt activeDevelopers commits additions deletions pullRequestsOpened pullRequestsMerged reviews
        issuesOpened issuesClosed cycleTimeP50 cycleTimeP90 reviewTimeP50 gaps
      }
    } } }"""
DEVELOPERS = """
    query Developers($id: ID!) { node(id: $id) { ... on Organization {
      developerTotals(filter: {date: {since: "2025-01-01", until: "2026-01-01"}}, first: 100) {
        developer { name } commits pullRequestsMerged reviewsGiven cycleTimeP50
      }
    } } }"""
ASKED = {
    **{
        f"a year by {granularity.lower()}s": (SERIES, {"granularity": granularity})
        for granularity in ("DAY", "WEEK", "MONTH")
    },
    "developers of a year": (DEVELOPERS, {}),
}


def durations(source: Database, folder: Path, *, rounds: int) -> Sheet:
    """The time of a request for a year, one after the other, each so often."""
    sheet = Sheet("A year of metrics", ["asked for", "organizations", "p50 ms", "p95 ms", "most ms"])
    with copy(source) as database, serving(PEERS["trellis"], database, folder=folder) as server:
        requests = select_requests(database, LARGEST, id=tables.Organization)
        tokens = sign_in(database, [request.viewer for request in requests])
        for label, (query, variables) in ASKED.items():
            found = list[float]()
            for request in requests:
                key = request.variables["id"]
                named = {"id": f"{key.prefix}_{key.id.hex}"} | variables
                body = orjson.dumps({"query": query, "variables": named})
                found += [each * 1_000 for each in times(server, Prepared(tokens[request.viewer], body), rounds)]
            p50, p95 = quantiles(found, n=100)[49], quantiles(found, n=100)[94]
            sheet.rows.append([label, f"{len(requests)}", *(f"{ms:.1f}" for ms in (p50, p95, max(found)))])
    return sheet

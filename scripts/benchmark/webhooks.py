"""How many deliveries of GitHub are taken in each second, whether one of them is lost, and how long readers wait then.

Each delivery is a push, or tells of an issue, in one of some repositories. They are sent at their time, whether or not
the one before is answered.
"""

import asyncio
import re
import time
from concurrent.futures import ProcessPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import orjson

from app.webhooks.signatures import HEADER, signed
from db import tables
from db.actions.webhook_secrets import SEALED
from db.keyring import Keyring
from scripts.benchmark.client import HOST, JSON, TIMEOUT
from scripts.benchmark.dataset import SECRET, Database, copy, dataset
from scripts.benchmark.load import processor_time
from scripts.benchmark.options import DATA, Data, Finished, Markdown, Scale, Seconds
from scripts.benchmark.report import Sheet, show
from scripts.benchmark.screen import Loading
from scripts.benchmark.servers import PEERS, Name, Server, serving
from scripts.benchmark.siege import p95

SIGNING = "the-secret-of-github-in-the-benchmark"
REPOSITORIES = 20
CONNECTIONS = 32
IDLE = 10
"""Seconds in which readers are alone, before."""
LOOK, LONGEST = 0.5, 300
"""Seconds between two looks at what waits, and those in which all has to be worked in."""
PAUSE = 0.02
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
READ = orjson.dumps({"query": "{ courses(first: 20) { nodes { title price instructor { name } } } }"})
FOLLOWED = """
    INSERT INTO repositories (id, organization_id, name, full_name, github_id)
    SELECT gen_random_uuid(), $1, 'bench-' || number, 'bench/bench-' || number, number
    FROM generate_series(1, $2::int) AS number
"""
WAITING = "SELECT count(*) FROM webhook_events WHERE NOT is_processed"
STORED = "SELECT count(*) FROM webhook_deliveries WHERE delivery_id LIKE 'bench-%'"
ANSWERS = ["answered", "stored", "p50 ms", "p95 ms", "server ms each", "database ms each"]
"""Of processors, the last two; what the database does for workers is in it."""


def by_webhooks(
    *, scale: Scale = 1, rate: Finished = None, seconds: Seconds = 60, markdown: Markdown = False, data: Data = DATA
) -> None:
    """Show how many deliveries of GitHub are stored and worked in, and how long readers wait meanwhile."""
    with dataset(data, scale, progress=Loading()) as source:
        show([taken(source, data, rates=rate or [500], seconds=seconds)], markdown=markdown)


def taken(source: Database, folder: Path, *, rates: list[int], seconds: int) -> Sheet:
    """Deliveries at these rates, each for so long."""
    header = ["a second", "sent", *ANSWERS, "worked in after s", "readers p95 ms before", "meanwhile"]
    sheet = Sheet("Deliveries of GitHub", header)
    with copy(source, name="webhooks") as made:
        slug = _follow(made)
        with serving(PEERS[Name.TRELLIS], made, folder=folder, label="-webhooks") as server:
            for rate in rates:
                before = made.rows(STORED)[0][0]
                requests = [_request(slug, *_delivery(before + number)) for number in range(rate * seconds)]
                with ProcessPoolExecutor(1) as readers:
                    idle = readers.submit(_reads, server.port, IDLE).result()
                    reading = readers.submit(_reads, server.port, seconds)
                    used = processor_time(server.pid), processor_time(made.pid)
                    answers = asyncio.run(_send(server, requests, rate))
                    took = _worked_in(made)
                    now = processor_time(server.pid), processor_time(made.pid)
                    each = [
                        f"{(after - then) * 1_000 / len(requests):.1f}" for then, after in zip(used, now, strict=True)
                    ]
                    meanwhile = reading.result()
                stored = made.rows(STORED)[0][0] - before
                counts = [str(len(requests)), str(len(answers)), str(stored)]
                waited = [f"{median(answers):.1f}", f"{p95(answers):.1f}", *each, f"{took:.0f}"]
                sheet.rows.append([str(rate), *counts, *waited, f"{p95(idle):.1f}", f"{p95(meanwhile):.1f}"])
    return sheet


def _follow(made: Database) -> str:
    """Have an organization follow the repositories, with the secret that deliveries are signed with."""
    [[key, slug]] = made.rows("SELECT id, slug FROM organizations ORDER BY id LIMIT 1")
    organization = tables.Organization(id=key)
    SEALED.put(Keyring([SECRET]), organization, "webhook_secret", SIGNING)
    made.rows("UPDATE organizations SET webhook_secret = $2 WHERE id = $1", key, organization.webhook_secret)
    made.rows(FOLLOWED, key, REPOSITORIES)
    return str(slug)


def _delivery(number: int) -> tuple[str, bytes]:
    """The kind of an event, and its body: each goes on from the one before in its repository."""
    turn, place = divmod(number, REPOSITORIES)
    name, at = f"bench/bench-{place + 1}", "2026-01-01T00:00:00Z"
    repository = {"id": place + 1, "full_name": name, "default_branch": "main", "pushed_at": number}
    if turn % 2:
        user, times = {"login": "bench"}, {"created_at": at, "updated_at": at}
        issue = {"id": number, "number": turn // 2 + 1, "title": f"Issue {number}", "state": "open", "user": user}
        return "issues", orjson.dumps({"action": "opened", "issue": issue | times, "repository": repository})
    author = {"name": "Bench", "email": "bench@example.com"}
    commit = {"id": f"{number + 1:040x}", "message": f"Change {number}", "timestamp": at, "author": author}
    before = max(0, number + 1 - 2 * REPOSITORIES)
    ends = {"before": f"{before:040x}", "after": commit["id"], "ref": "refs/heads/main"}
    return "push", orjson.dumps({**ends, "commits": [commit], "repository": repository})


def _request(slug: str, event: str, body: bytes) -> bytes:
    """A delivery as it goes over the wire."""
    lines = [
        f"POST /webhooks/github/{slug} HTTP/1.1",
        f"Host: {HOST}",
        f"Content-Type: {JSON}",
        f"Content-Length: {len(body)}",
        f"X-GitHub-Event: {event}",
        f"X-GitHub-Delivery: bench-{uuid4()}",
        f"{HEADER}: {signed(body, SIGNING)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _send(server: Server, requests: list[bytes], rate: int) -> list[float]:
    """The milliseconds from the time of each delivery to its answer."""
    answers, start, waiting = list[float](), time.perf_counter(), enumerate(requests)

    async def send() -> None:
        reader, writer = await asyncio.open_connection(HOST, server.port)
        for number, request in waiting:
            due = start + number / rate
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            writer.write(request)
            async with asyncio.timeout(TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                await reader.readexactly(int(length[1]) if length else 0)
            if head.startswith(b"HTTP/1.1 202 "):
                answers.append((time.perf_counter() - due) * 1_000)
        writer.close()

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return answers


def _worked_in(made: Database) -> float:
    """The seconds until nothing waits any more."""
    began = time.perf_counter()
    while made.rows(WAITING)[0][0] and time.perf_counter() - began < LONGEST:
        time.sleep(LOOK)
    return time.perf_counter() - began


def _reads(port: int, seconds: float) -> list[float]:
    """The milliseconds that a guest waits for each page of the catalogue, in a process of its own."""
    times, connection, end = list[float](), HTTPConnection(HOST, port, timeout=TIMEOUT), time.monotonic() + seconds
    while time.monotonic() < end:
        started: Any = time.perf_counter()
        connection.request("POST", "/graphql", READ, {"Content-Type": JSON})
        connection.getresponse().read()
        times.append((time.perf_counter() - started) * 1_000)
        time.sleep(PAUSE)
    return times

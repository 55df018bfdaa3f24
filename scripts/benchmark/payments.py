"""How long a provider of payments waits for its answer, while many of its events wait to be applied.

An event is kept before it is answered, and applied by a worker: with none, all wait; with one, that works beside the
server.
"""

import asyncio
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

import httpx
import orjson

from app.payments.signatures import HEADER, signed
from scripts.benchmark.dataset import Database, copy, dataset
from scripts.benchmark.options import DATA, Data, Markdown, Scale
from scripts.benchmark.report import Sheet, show
from scripts.benchmark.screen import Loading, Stopped
from scripts.benchmark.servers import PEERS, Name, Server, serving
from scripts.benchmark.siege import p95

SECRET = "the-secret-of-a-provider-of-the-benchmark"  # noqa: S105  (of servers that nobody else reaches)
WAITING, EVENTS = 1_000, 500
TARGET = 50
"""Milliseconds at p95 that a provider may wait."""
GAP = 0.02
"""Seconds from one measured event to the next."""
TIMEOUT = 30.0
AT_ONCE = 8
BEGIN = """
    INSERT INTO transactions (id, user_id, course_id, user_email, course_title, amount, currency)
    SELECT gen_random_uuid(), person.id, course.id, person.email, course.title, course.price, course.currency
    FROM (SELECT id, email FROM users ORDER BY id LIMIT 1000) AS person
    CROSS JOIN (SELECT id, title, price, currency FROM courses ORDER BY id LIMIT 50) AS course
    WHERE NOT EXISTS (SELECT FROM enrollments WHERE user_id = person.id AND course_id = course.id)
    RETURNING replace(id::text, '-', '') AS id, (amount * 100)::int AS amount, currency
"""


def by_payments(*, scale: Scale = 1, markdown: Markdown = False, data: Data = DATA) -> None:
    """Show how long a provider of payments waits for its answer, while 1,000 of its events wait to be applied."""
    with dataset(data, scale, progress=Loading()) as source:
        show([durations(source, data)], markdown=markdown)


def durations(source: Database, folder: Path) -> Sheet:
    """The time to the answer to each event, while others wait."""
    header = ["", "events waiting before", "after", "p50 ms", "p95 ms", f"p95 < {TARGET} ms"]
    sheet = Sheet(f"Events of payments, while {WAITING:,} wait", header)
    for label, workers in (("nobody applies them", 0), ("a worker applies them", 1)):
        with copy(source, "adapt", name="payments") as made:
            begun = made.rows(BEGIN)
            if len(begun) < WAITING + EVENTS:
                raise Stopped(f"There are {len(begun)} payments to tell of, and not {WAITING + EVENTS}.")
            told = [_event(*row) for row in begun]
            settings = {"TRELLIS_PAYMENTS": f"bench:{SECRET}", "TRELLIS_WORKERS": str(workers)}
            log = f"-payments-{workers}"
            with serving(PEERS[Name.TRELLIS], made, folder=folder, label=log, **settings) as server:
                asyncio.run(_send(server, told[:WAITING], at_once=AT_ONCE))
                before = _waiting(made)
                took = asyncio.run(_send(server, told[WAITING : WAITING + EVENTS], at_once=1, gap=GAP))
                row = [label, str(before), str(_waiting(made)), f"{median(took):.1f}", f"{p95(took):.1f}"]
            sheet.rows.append([*row, "yes" if p95(took) < TARGET else "no"])
    return sheet


def _event(key: str, amount: int, currency: str) -> bytes:
    charge = {"id": f"ch_{key}", "amount": amount, "currency": currency, "metadata": {"transaction": f"txn_{key}"}}
    event = {"id": f"evt_{uuid4().hex}", "type": "charge.succeeded", "created": int(time.time())}
    return orjson.dumps(event | {"data": {"object": charge}})


async def _send(server: Server, bodies: list[bytes], *, at_once: int, gap: float = 0) -> list[float]:
    """The milliseconds from each event to its answer, so many at once, or with a gap between two."""
    turns, took = asyncio.Semaphore(at_once), list[float]()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=TIMEOUT) as client:

        async def one(body: bytes) -> None:
            async with turns:
                header = {HEADER: signed(body, [SECRET], at=int(time.time()))}
                started = time.perf_counter()
                (await client.post("/webhooks/payments/bench", content=body, headers=header)).raise_for_status()
                took.append((time.perf_counter() - started) * 1000)
                await asyncio.sleep(gap)

        await asyncio.gather(*map(one, bodies))
    return took


def _waiting(made: Database) -> int:
    """How many events are not applied."""
    [[count]] = made.rows("SELECT count(*) FROM payment_events WHERE NOT is_processed AND NOT is_parked")
    return int(count)

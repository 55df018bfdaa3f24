"""How a class of 10,000 learns: lessons are finished at a rate, while its teacher takes lessons away and adds others.

In the end every count is compared with what the finished lessons say.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import quantiles
from time import perf_counter
from typing import Any
from uuid import UUID

import httpx
import orjson
from sqlalchemy import delete, func, select

from db import tables
from db.access import GUEST
from db.actions import progress
from db.engine import Database as Connections
from db.errors import Refusal
from scripts.benchmark.client import HOST, TIMEOUT
from scripts.benchmark.dataset import Database, copy
from scripts.benchmark.load import processor_time
from scripts.benchmark.report import Sheet
from scripts.benchmark.servers import PEERS, Name, serving

COMPLETE = "mutation ($id: ID!) { completeLesson(input: {lessonId: $id}) { errors { code } } }"
EACH = 3
"""Seconds from one change of the course to the next."""
LIMITS = {"TRELLIS_RATE_LIMIT": "1000000"}
WRONG = """
    SELECT count(*) FROM (
        SELECT g.completed_lessons, g.total_lessons, g.progress_percent, all_of.lessons,
            (SELECT count(*) FROM lesson_progress d JOIN lessons l ON l.id = d.lesson_id
             JOIN course_modules m ON m.id = l.module_id AND m.course_id = c.id
             WHERE d.progress_id = g.id AND d.completed) AS done
        FROM course_progress g JOIN courses c ON c.id = g.course_id AND c.slug = 'class',
        LATERAL (SELECT count(*) AS lessons FROM lessons l JOIN course_modules m ON m.id = l.module_id
                 WHERE m.course_id = c.id) all_of
    ) counted
    WHERE completed_lessons <> done OR total_lessons <> lessons OR progress_percent <> 100 * done / lessons"""


@dataclass
class Learned:
    """What came of a run: how long each answer took from when it was due, and each change of the course, in ms."""

    answers: list[float] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    """Why lessons were not finished. One that was taken away meanwhile is no failure."""


HEADER = ["lessons a second", "p50 ms", "p95 ms", "most ms", "server ms", "database ms", "failed", "changes", "wrong"]


def learning(source: Database, folder: Path, *, rates: list[int], seconds: int) -> Sheet:
    """Lessons that are finished at these rates, each for so long. Processor time is in ms for one lesson."""
    sheet = Sheet(f"A class of 10,000, whose course changes every {EACH} seconds", HEADER)
    with (
        copy(source, "class", name="class") as made,
        serving(PEERS[Name.TRELLIS], made, folder=folder, **LIMITS) as server,
    ):
        tokens = [row["token"] for row in made.rows("SELECT token FROM bench.pupils ORDER BY number")]
        asyncio.run(_learned(made, server.port, tokens, rate=10, seconds=EACH))  # the first statements are compiled
        for rate in rates:
            before = processor_time(server.pid), processor_time(made.pid)
            began = perf_counter()
            found = asyncio.run(_learned(made, server.port, tokens, rate, seconds))
            done = len(found.answers)
            rate_reached = f"{done / (perf_counter() - began):.0f} of {rate}"
            after = processor_time(server.pid), processor_time(made.pid)
            costs = [f"{(now - then) * 1_000 / done:.1f}" for then, now in zip(before, after, strict=True)]
            counts = [str(len(found.codes)), str(len(found.changes)), str(made.rows(WRONG)[0][0])]
            sheet.rows.append([rate_reached, *_figures(found.answers), *costs, *counts])
    return sheet


async def _learned(made: Database, port: int, tokens: list[str], rate: int, seconds: int) -> Learned:
    found, connections = Learned(), Connections(str(made.url), pool_size=2)
    random = Random(rate)  # noqa: S311  (the same every time)
    try:
        lessons = await _lessons(connections)
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=TIMEOUT) as client:
            teaching = asyncio.create_task(_teach(connections, lessons, found, random))
            start, finishing = perf_counter(), []
            for number in range(rate * seconds):
                due = start + number / rate
                await asyncio.sleep(max(due - perf_counter(), 0))
                finishing.append(
                    asyncio.create_task(_finish(client, random.choice(tokens), random.choice(lessons), due, found))
                )
            await asyncio.gather(*finishing)
            teaching.cancel()
            await asyncio.wait([teaching])
    finally:
        await connections.close()
    return found


async def _finish(client: httpx.AsyncClient, token: str, lesson: UUID, due: float, found: Learned) -> None:
    body = orjson.dumps({"query": COMPLETE, "variables": {"id": f"{tables.Lesson.prefix}_{lesson.hex}"}})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer: Any = orjson.loads((await client.post("/graphql", content=body, headers=headers)).content)
    found.answers.append((perf_counter() - due) * 1_000)
    payload = (answer.get("data") or {}).get("completeLesson")
    errors = payload["errors"] if payload else [error["extensions"] for error in answer["errors"]]
    found.codes += [error["code"] for error in errors if error["code"] != "NOT_FOUND"]


async def _teach(connections: Connections, lessons: list[UUID], found: Learned, random: Random) -> None:
    """Take a lesson away, or add one, in turn."""
    while True:
        await asyncio.sleep(EACH)
        began = perf_counter()
        try:
            await _change(connections, lessons, random, adds=bool(len(found.changes) % 2))
        except Refusal as refusal:
            found.codes.append(refusal.code)
        else:
            found.changes.append((perf_counter() - began) * 1_000)


async def _change(connections: Connections, lessons: list[UUID], random: Random, *, adds: bool) -> None:
    course, module, lesson = tables.Course, tables.CourseModule, tables.Lesson
    async with connections.work(GUEST) as work:
        key = (await work.scalars(select(course.id).where(course.slug == "class"))).one()
        await progress.alone(work, key)
        if adds:
            place = select(module.id, func.max(lesson.order)).join(lesson).where(module.course_id == key)
            inside, last = (await work.execute(place.group_by(module.id))).one()
            added = await work.add(lesson(module_id=inside, title="New", content="", order=last + 1))
            await progress.recount(work, key)
            lessons.append(added.id)
        else:
            gone = random.choice(lessons)
            await work.execute(delete(lesson).where(lesson.id == gone))
            await progress.recount(work, key)
            lessons.remove(gone)


async def _lessons(connections: Connections) -> list[UUID]:
    async with connections.read() as reading:
        module, lesson = tables.CourseModule, tables.Lesson
        of_class = select(lesson.id).join(module, module.id == lesson.module_id).join(tables.Course)
        return list(await reading.scalars(of_class.where(tables.Course.slug == "class")))


def _figures(times: list[float]) -> Iterator[str]:
    percentiles = quantiles(times, n=100)
    return (f"{one:.0f}" for one in (percentiles[49], percentiles[94], max(times)))

"""Runs the programs in this folder, which speak to a server of their own with the clients that others have made.

A program runs all its checks in one go and reports each in a line of JSON. Its report is kept for the run of the
tests, so that it runs once, whichever of the workers asks first.
"""

import asyncio
import fcntl
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from pathlib import Path
from typing import IO

import orjson
import pytest

from app.pages.node import Node, StepFailed, on_machine
from tests.app.serving import Served, serving
from tests.conftest import TEMPLATE
from tests.databases import Databases
from tests.world import World

FOLDER = Path(__file__).parent
TIME_LIMIT = 90.0
"""Seconds for all checks of a program."""
END = "the end of the program"

Report = dict[str, str | None]
"""The reason why each check of a program failed, or None."""


@pytest.fixture(scope="session")
def node() -> Node:
    """A Node with the clients installed; where it cannot be had, the tests are skipped."""
    found = on_machine()
    if found is None:
        pytest.skip("there is no Node on this machine, or none that is new enough")
    try:
        found.install(FOLDER)
    except StepFailed as reason:
        pytest.skip(f"the clients are not installed: {reason}")
    return found


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of this run have in common."""
    folder = tmp_path_factory.getbasetemp()
    return folder if worker_id == "master" else folder.parent


@pytest.fixture(scope="session")
def report_of(
    node: Node, shared: Path, databases: Databases, redis_url: str, template: World
) -> Callable[[str], Report]:
    """What a program found, by its name."""

    def report_of(program: str) -> Report:
        with (shared / f"{program}.jsonl").open("a+b") as notes:
            fcntl.flock(notes, fcntl.LOCK_EX)
            notes.seek(0)
            lines = notes.readlines()
            if not lines:
                url = databases.copy(TEMPLATE)
                lines = asyncio.run(_run(node, program, template, database_url=url, redis_url=redis_url))
                notes.writelines(lines)
        found = map(orjson.loads, lines)
        return {line["check"]: line["reason"] for line in found}

    return report_of


async def _run(node: Node, program: str, world: World, *, database_url: str, redis_url: str) -> list[bytes]:
    """The report of a program, with a last line for how it ended."""
    with tempfile.TemporaryFile() as complaints:
        async with serving(database_url, redis_url) as served:
            lines = await _report(node, program, _facts(served, world), complaints)
        complaints.seek(0)
        said = complaints.read().decode(errors="replace")
    return [*lines, orjson.dumps({"check": END, "reason": said or None}, option=orjson.OPT_APPEND_NEWLINE)]


async def _report(node: Node, program: str, facts: bytes, complaints: IO[bytes]) -> list[bytes]:
    command = [str(node.program), f"{program}.mjs", facts.decode()]
    running = await asyncio.create_subprocess_exec(
        *command, cwd=FOLDER, stdin=DEVNULL, stdout=PIPE, stderr=complaints, limit=2**20
    )
    assert running.stdout
    lines = []
    try:
        async with asyncio.timeout(TIME_LIMIT):
            async for line in running.stdout:
                lines.append(line)  # noqa: PERF401  (what was reported in time counts)
            await running.wait()
    except TimeoutError:
        running.kill()
        complaints.write(f"The program took over {TIME_LIMIT:.0f} s.".encode())
    await running.wait()
    return lines


def _facts(served: Served, world: World) -> bytes:
    """What a program is told of the server and of what is in it."""
    ids = {name: row.public_id for name, row in world.rows.items() if row.prefix}
    addresses = {"url": f"http://{served.address}/graphql", "socket": f"ws://{served.address}/graphql"}
    return orjson.dumps({**addresses, "tokens": world.tokens, "ids": ids})

"""Where and with what was measured: figures mean nothing without it."""

import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import psutil  # type: ignore[import-untyped]  # its wheel has no types

from scripts.benchmark import node
from scripts.benchmark.dataset import Database

PACKAGES = ("strawberry-graphql", "starlette", "uvicorn", "sqlalchemy", "asyncpg")
NODE_PACKAGES = ("postgraphile", "mercurius", "fastify", "pg")


def conditions(database: Database, folder: Path) -> dict[str, Any]:
    """The date, the machine, and the versions of what ran."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "versions": {
            "python": platform.python_version(),
            "node": _output(node.program(folder), "--version").removeprefix("v"),
            "postgresql": database.rows("SHOW server_version")[0]["server_version"],
            **{name: version(name) for name in PACKAGES},
            **dict(_node_packages()),
        },
    }


def sentence(found: dict[str, Any]) -> str:
    """The conditions in words, for below a table."""
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    machine = f"{found['cores']} cores of {found['processor']}, {found['memory_gib']} GiB"
    return f"{found['date']}, {machine}, scale {found['scale']}, load generator on the same machine; {versions}."


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _node_packages() -> Iterator[tuple[str, str]]:
    packages = orjson.loads((node.PACKAGE / node.LOCK).read_bytes())["packages"]
    for name in NODE_PACKAGES:
        yield name, packages[f"node_modules/{name}"]["version"]


def _output(program: Path, *arguments: str) -> str:
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()

"""Where and with what was measured: figures mean nothing without it."""

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # its wheel has no types

from scripts.benchmark.dataset import Database

PACKAGES = ("strawberry-graphql", "starlette", "uvicorn", "sqlalchemy", "asyncpg")


def conditions(database: Database, others: Mapping[str, str]) -> dict[str, Any]:
    """The date, the machine, and the versions of what ran: ours, and the others that are given."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "versions": {
            "python": platform.python_version(),
            "postgresql": database.rows("SHOW server_version")[0]["server_version"],
            **{name: version(name) for name in PACKAGES},
            **others,
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

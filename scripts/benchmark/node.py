"""Node for the peers that need it, and their packages: the machine's if it is new enough, otherwise from a wheel."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import orjson

from app.pages.node import LOCK, Node, StepFailed, fetched, on_machine
from scripts.benchmark.screen import Stopped

PACKAGE = Path(__file__).parent / "peers" / "node"
OLDEST = (22, 12)
COMPARED = ("postgraphile", "mercurius", "fastify", "pg", "graphql")


class NotInstalled(Stopped):
    """Node or its packages cannot be had here and now."""


def install(folder: Path, package: Path = PACKAGE, compared: Sequence[str] = COMPARED) -> dict[str, str]:
    """Put Node into the folder if the machine has none that is new enough, and the packages beside the peers.

    Returns the versions of what matters: of Node, and of the packages that are compared.
    """
    try:
        _node(folder).install(package)
    except StepFailed as reason:
        raise NotInstalled(str(reason)) from reason
    packages = orjson.loads((package / LOCK).read_bytes())["packages"]
    found = {name: packages[f"node_modules/{name}"]["version"] for name in compared}
    return {"node": _release(program(folder)), **found}


def program(folder: Path) -> Path:
    """The Node to run."""
    return _node(folder).program


def _node(folder: Path) -> Node:
    return on_machine(OLDEST) or fetched(folder / "node")


def _release(node: Path) -> str:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)  # noqa: S603  (our own)
    return answer.stdout.strip().removeprefix("v")

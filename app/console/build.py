"""Turns the console's sources and npm packages into static files, with the machine's Node or one fetched for it.

It works in a scratch folder: the tree gets no `node_modules`, and the last good build stays until the next is whole.
"""

import gzip
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.console.node import StepFailed, fetched, on_machine

SOURCE = Path(__file__).parent
DIST = SOURCE / "dist"
STAMP = "sources.sha256"

_INGREDIENTS = (".npmrc", "index.html", "package-lock.json", "package.json", "vite.config.js", "src")
_COMPRESSIBLE = {".css", ".js", ".svg", ".ttf"}


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
    except (OSError, StepFailed) as error:
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
    node = on_machine() or fetched(scratch / "node")
    node.run_npm("ci", folder=workshop)
    node.run_npm("run", "build", folder=workshop)
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


def _compress(folder: Path) -> None:
    """A gzipped twin beside every file worth it: 7 MB become 2."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in _COMPRESSIBLE:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))

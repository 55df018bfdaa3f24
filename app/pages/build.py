"""Turns the sources of a page and npm packages into static files, with the machine's Node or one fetched for it.

It works in a scratch folder: the tree gets no `node_modules`, and the last good build stays until the next is whole.
"""

import gzip
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.pages.node import Node, StepFailed, fetched, on_machine

STAMP = "sources.sha256"

_INGREDIENTS = (".npmrc", "index.html", "package-lock.json", "package.json", "vite.config.js", "src")
_COMPRESSIBLE = {".css", ".js", ".svg", ".ttf"}


class BuildError(Exception):
    """A page cannot be built here and now; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Site:
    """A page by its name: the folder of its sources has what is served of it in `dist`."""

    name: str
    source: Path

    @property
    def dist(self) -> Path:
        """The folder of the last good build."""
        return self.source / "dist"

    def is_current(self) -> bool:
        """Whether the last build was made from the sources as they are now."""
        stamp = self.dist / STAMP
        return stamp.exists() and stamp.read_text() == fingerprint(self.source)


CONSOLE, DEMO = SITES = [Site(f"the {name}", Path(__file__).parents[1] / name) for name in ("console", "demo")]


def build(sites: Sequence[Site]) -> None:
    """Replace what is served of these pages by fresh builds of their sources, or raise BuildError."""
    try:
        with tempfile.TemporaryDirectory(prefix="trellis-pages-") as scratch:
            node = on_machine() or fetched(Path(scratch) / "node")
            for site in sites:
                _build(site, Path(scratch) / site.source.name, node)
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


def _build(site: Site, workshop: Path, node: Node) -> None:
    _copy(site.source, workshop)
    stamp = fingerprint(workshop)
    node.run_npm("ci", "--omit=dev", folder=workshop)
    node.run_npm("run", "build", folder=workshop)
    _compress(workshop / "dist")
    shutil.rmtree(site.dist, ignore_errors=True)
    shutil.copytree(workshop / "dist", site.dist, dirs_exist_ok=True)
    # Last, so that a copy cut short is done again.
    (site.dist / STAMP).write_text(stamp)


def _copy(source: Path, workshop: Path) -> None:
    for path in _ingredients(source):
        target = workshop / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _compress(folder: Path) -> None:
    """A gzipped twin beside every file worth it: 7 MB become 2."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in _COMPRESSIBLE:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))

"""How long the history of a large clone takes to be imported, beside git, which reads it from the disk."""

import subprocess
import sys
import time
from collections.abc import Iterator
from os import environ
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from scripts.benchmark.dataset import ROOT, Database, copy, dataset
from scripts.benchmark.options import DATA, Data, Markdown, Scale
from scripts.benchmark.report import Sheet, show
from scripts.benchmark.screen import Loading, Stopped
from scripts.benchmark.servers import environment

Commits = Annotated[int, typer.Option(min=1, help="Commits of the clone, which git makes before.")]
MORE = 60
"""Seconds beside what git takes that an import may take."""
BEGUN = 1_500_000_000
FOLDERS, FILES, LINES, AUTHORS = 100, 37, 30, 50
NAME = "benchmark/clone"
COMMAND = [sys.executable, "-m", "app", "import-git", "--organization", "strawberry-graphql"]
COUNT = "SELECT count(*) FROM commits JOIN repositories ON repositories.id = repository_id WHERE full_name = $1"


def by_history(*, commits: Commits = 100_000, scale: Scale = 1, markdown: Markdown = False, data: Data = DATA) -> None:
    """Show how long a clone of 100,000 commits takes to be imported, and again, beside `git log --numstat`."""
    with TemporaryDirectory() as folder, dataset(data, scale, progress=Loading()) as source:
        clone = Path(folder)
        _make(clone, commits)
        show([durations(source, clone, commits)], markdown=markdown)


def durations(source: Database, clone: Path, commits: int) -> Sheet:
    """The time that git takes, and that the command takes."""
    sheet = Sheet(f"A clone of {commits:,} commits", ["", "seconds", f"at most {MORE} more than git"])
    git = _timed(["git", "-C", str(clone), "log", "--numstat"])
    sheet.rows.append(["git log --numstat", f"{git:.1f}", ""])
    with copy(source, name="history") as made:
        for label in ("import", "import again"):
            took = _timed([*COMMAND, "--repository", NAME, str(clone)], **environment(made, 0))
            sheet.rows.append([label, f"{took:.1f}", "yes" if took < git + MORE else "no"])
        [[count]] = made.rows(COUNT, NAME)
        if count != commits:
            raise Stopped(f"{count:,} commits of {commits:,} are there.")
    return sheet


def _timed(command: list[str], **settings: str) -> float:
    """The seconds that a command takes, whose words nobody reads."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env={**environ, **settings}, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    return time.perf_counter() - begun


def _make(folder: Path, commits: int) -> None:
    """A repository with so many commits, each of which changes a few lines of two files."""
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)  # noqa: S603
    with subprocess.Popen([*git, "fast-import", "--quiet"], stdin=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdin
        for part in _stream(commits):
            process.stdin.write(part)


def _stream(commits: int) -> Iterator[bytes]:
    for number in range(commits):
        message = b"Change %d (#%d)" % (number, number)
        who = b"User %d <user-%d@example.com> %d +0000" % (number % AUTHORS, number % AUTHORS, BEGUN + 300 * number)
        yield b"commit refs/heads/main\nauthor %s\ncommitter %s\ndata %d\n%s\n" % (who, who, len(message), message)
        for at in range(2):
            lines = b"".join(b"line %d of %d\n" % (line, number * (line % 7 == at)) for line in range(LINES))
            path = b"%d/%d.txt" % (
                (number + at) % FOLDERS,
                number % FILES,
            )  # a folder is written with each of its files
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (path, len(lines), lines)

"""What all servers share: the documents, the people who listen, and the process that adds the comments."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from db import demo, tables
from scripts.benchmark.dataset import Database, copy, dataset
from scripts.benchmark.operations import Key
from scripts.benchmark.realtime.peers import SETTINGS, TRELLIS
from scripts.benchmark.servers import Server, serving
from scripts.benchmark.workload import sign_in

HEARD = "SELECT document_id, thread_id FROM bench.heard ORDER BY number"
LISTENERS = "SELECT id FROM bench.listeners ORDER BY id"
AT_ONCE = 25
"""People who sign in at once: the statement grows with them."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A document that is listened to, and the thread in it that is said something in, by their public ids."""

    document: str
    thread: str


@dataclass(frozen=True, slots=True)
class Stage:
    """The database, the process of Trellis that adds the comments, and who listens to what. `folder` has the logs."""

    database: Database
    writer: Server
    topics: Sequence[Topic]
    tokens: Sequence[str]
    folder: Path


@contextmanager
def staged(folder: Path, scale: int, progress: demo.Progress) -> Iterator[Stage]:
    """The stage, on a copy of the data that is dropped in the end."""
    with (
        dataset(folder, scale, progress=progress) as source,
        copy(source, "adapt", "realtime", name="realtime") as made,
        serving(TRELLIS, made, folder=folder, label="-writer", **SETTINGS) as writer,
    ):
        yield Stage(made, writer, _topics(made), list(_tokens(made)), folder)


def _tokens(database: Database) -> Iterator[str]:
    people = [Key(tables.User.prefix, row["id"]) for row in database.rows(LISTENERS)]
    for start in range(0, len(people), AT_ONCE):
        yield from sign_in(database, people[start : start + AT_ONCE]).values()


def _topics(database: Database) -> list[Topic]:
    document, thread = tables.SpecificationDocument.prefix, tables.CommentThread.prefix
    return [
        Topic(f"{document}_{row['document_id'].hex}", f"{thread}_{row['thread_id'].hex}")
        for row in database.rows(HEARD)
    ]

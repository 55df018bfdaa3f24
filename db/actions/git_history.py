"""The history of a repository as git has it: commits with the lines that they change, and tags.

A batch is one statement, which writes what is not there and what git knows better: a push says nothing of lines. So a
history can be written again and again.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, DateTime, Integer, Text, Uuid, and_, bindparam, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions import ingestion_gaps
from db.actions.identities import Author, author_ids
from db.tables import RepositoryEventKind
from db.write import Work

NUMBERED = re.compile(r"\(#(\d{1,9})\)\s*$|^Merge pull request #(\d{1,9})\b")
"""How a commit names its pull request: as GitHub writes it when it squashes or merges one."""
LONGEST_SUBJECT = 10_000
"""Characters of a subject that are kept: somebody may have written a book into one."""


class Commit(NamedTuple):
    """A commit."""

    sha: str
    subject: str
    author_name: str
    author_email: str
    authored_at: datetime
    committed_at: datetime
    parents: int
    additions: int
    deletions: int
    files: int


class Tag(NamedTuple):
    """A tag of a commit."""

    name: str
    sha: str
    at: datetime


class Written(NamedTuple):
    """How many rows a batch has added, and how many it has changed."""

    added: int = 0
    changed: int = 0

    def __add__(self, other: Any) -> "Written":
        return Written(self.added + other.added, self.changed + other.changed)


async def write_commits(work: Work, repository: tables.Repository, commits: Sequence[Commit]) -> Written:
    """Write commits of a repository, with their authors as people where they are known."""
    authors = [Author(commit.author_email, None, commit.author_name) for commit in commits]
    people = await author_ids(work, repository.organization_id, authors)
    longest: int = tables.Commit.author_email.expression.info["longest"]
    columns = {
        "sha": [commit.sha for commit in commits],
        "message": [commit.subject[:LONGEST_SUBJECT] for commit in commits],
        "author_id": [people.get(author) for author in authors],
        "author_name": [commit.author_name for commit in commits],
        "author_email": [commit.author_email[:longest] for commit in commits],
        "authored_at": [commit.authored_at for commit in commits],
        "committed_at": [commit.committed_at for commit in commits],
        "parent_count": [commit.parents for commit in commits],
        "pull_request_number": [pull_request_number(commit.subject) for commit in commits],
        "additions": [min(commit.additions, MOST) for commit in commits],
        "deletions": [min(commit.deletions, MOST) for commit in commits],
        "files_changed": [min(commit.files, MOST) for commit in commits],
    }
    written = await _write(work, _COMMITS, repository, columns)
    if written.added:
        await work.happened(RepositoryEventKind.COMMITS_PUSHED, repository)
        await ingestion_gaps.close(work, repository)
    return written


async def write_tags(work: Work, repository: tables.Repository, tags: Sequence[Tag]) -> Written:
    """Write the tags of a repository as its releases. What GitHub says of a release stays; a name too long is none."""
    longest: int = tables.Release.tag.expression.info["longest"]
    named = [tag for tag in tags if len(tag.name) <= longest]
    columns = {
        "tag": [tag.name for tag in named],
        "sha": [tag.sha for tag in named],
        "published_at": [tag.at for tag in named],
    }
    written = await _write(work, _TAGS, repository, columns)
    if written.added:
        await work.happened(RepositoryEventKind.RELEASE_PUBLISHED, repository)
    return written


def pull_request_number(subject: str) -> int | None:
    """The number of the pull request that a commit names."""
    found = NUMBERED.search(subject)
    return int(found[1] or found[2]) if found else None


async def _write(work: Work, statement: Any, repository: tables.Repository, columns: dict[str, Any]) -> Written:
    rows = (await work.execute(statement, {"repository_id": repository.id, **columns})).scalars().all()
    return Written(sum(rows), len(rows) - sum(rows))


def _writing(table: Any, types: dict[str, Any], key: str, changed: Sequence[str], where: Any) -> Any:
    """The statement that writes rows which come as arrays, one for each column; it says of each row whether it is new.

    Rows that are there get other values in the columns that are `changed`, where `where` holds of the old and the new.
    """
    arrays = (bindparam(name, type_=ARRAY(type_)) for name, type_ in types.items())
    given = func.unnest(*arrays).table_valued(*types).render_derived()
    repository = bindparam("repository_id", type_=Uuid())
    # In one order: of two who write the same, none waits for the other in a circle.
    rows = select(func.uuidv7(), repository, *(given.c[name] for name in types)).order_by(given.c[key])
    writing = insert(table).from_select(["id", "repository_id", *types], rows, include_defaults=False)
    writing = writing.on_conflict_do_update(
        index_elements=["repository_id", key],
        set_={name: func.coalesce(writing.excluded[name], table.c[name]) for name in changed},
        where=where(table.c, writing.excluded),
    )
    return writing.returning(literal_column("xmax = 0"))


FIGURES = ("parent_count", "additions", "deletions", "files_changed")
MOST = 2**31 - 1
_COMMITS = _writing(
    tables.Commit.__table__,
    {
        "sha": Text(),
        "message": Text(),
        "author_id": Uuid(),
        "author_name": Text(),
        "author_email": Text(),
        "authored_at": DateTime(timezone=True),
        "committed_at": DateTime(timezone=True),
        "parent_count": Integer(),
        "pull_request_number": Integer(),
        "additions": Integer(),
        "deletions": Integer(),
        "files_changed": Integer(),
    },
    "sha",
    ("author_id", *FIGURES),
    lambda old, new: or_(
        and_(old.author_id.is_(None), new.author_id.is_not(None)), *(old[name] != new[name] for name in FIGURES)
    ),
)
_TAGS = _writing(
    tables.Release.__table__,
    {"tag": Text(), "sha": Text(), "published_at": DateTime(timezone=True)},
    "tag",
    ("sha", "published_at"),
    lambda old, new: and_(
        old.source_updated_at.is_(None),
        or_(old.sha.is_distinct_from(new.sha), old.published_at != new.published_at),
    ),
)

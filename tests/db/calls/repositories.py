"""Calls of what people do with repositories, and of what is read from clones."""

from collections.abc import Awaitable
from datetime import UTC, datetime

from db import tables
from db.actions import git_history, repositories
from db.actions.git_history import Commit, Tag, Written
from db.write import Work
from tests.db.calls import Call

AT = datetime(2026, 1, 1, tzinfo=UTC)


def connected(work: Work, organization: tables.Organization) -> Awaitable[tables.Repository]:
    return repositories.connect(work, organization, tables.Repository(full_name="octo/mill"))


def written(work: Work, repository: tables.Repository) -> Awaitable[Written]:
    commit = Commit("a" * 40, "Begin", "Ada", "ada@example.com", AT, AT, 0, 1, 0, 1)
    return git_history.write_commits(work, repository, [commit])


CALLS = (
    Call(
        repositories.connect,
        "ada",
        ("analytical",),
        connected,
        "SELECT count(*) = 1 FROM repositories WHERE full_name = 'octo/mill'",
    ),
    Call(
        repositories.update,
        "ada",
        ("engine",),
        lambda work, engine: repositories.update(work, engine, {"description": "Steam"}),
        "SELECT count(*) = 1 FROM repositories WHERE description = 'Steam'",
    ),
    Call(
        repositories.disconnect,
        "ada",
        ("vault",),
        repositories.disconnect,
        "SELECT count(*) = 0 FROM repositories WHERE full_name = 'analytical/vault'",
    ),
    Call(
        git_history.write_commits,
        "ada",
        ("engine",),
        written,
        "SELECT count(*) = 1 FROM commits WHERE sha = repeat('a', 40)",
    ),
    Call(
        git_history.write_tags,
        "ada",
        ("engine",),
        lambda work, engine: git_history.write_tags(work, engine, [Tag("2.0.0", "a" * 40, AT)]),
        "SELECT count(*) = 1 FROM releases WHERE tag = '2.0.0'",
    ),
)

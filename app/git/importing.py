"""The command `scripts/import-git`: the history of a local clone becomes that of a repository of an organization.

It can be interrupted and run again: what is written stays, and is written once.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select

from app.git.reading import Clone, Head
from app.ready import DATA, Data, ready
from app.settings import Settings
from db import tables
from db.access import GUEST
from db.actions import repositories
from db.actions.git_history import Written, write_commits, write_tags
from db.deadlocks import repeated
from db.engine import Database
from db.errors import NotFound
from db.write import Work

T = TypeVar("T")

BATCH = 2_000
"""Commits that are written by one statement: it locks their rows for less than a second."""
UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
"""Characters that the name of a repository does not have."""

Folder = Annotated[Path, typer.Argument(help="The folder of the clone.")]
Slug = Annotated[str, typer.Option(help="The organization that the repository belongs to: its name in addresses.")]
FullName = Annotated[
    str | None,
    typer.Option(
        "--repository",
        metavar="OWNER/NAME",
        help="Its name. Left out, that on GitHub which it was cloned from, or else the organization and the folder.",
    ),
]
Show = Callable[[int, int], None]


class Imported(NamedTuple):
    """The name of a repository, and how much an import has written of it."""

    full_name: str
    commits: Written
    tags: Written


def import_git(path: Folder, *, organization: Slug, repository: FullName = None, data: Data = DATA) -> None:
    """Write the commits and tags of a local clone, with their authors; again, what is new in it."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with ready(data) as settings, Progress(*columns, console=Console(highlight=False)) as bar:
        task = bar.add_task("Reading commits", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        done = asyncio.run(_imported(settings, Clone(path), organization, repository, show))
    for name, written in (("Commits", done.commits), ("Tags", done.tags)):
        typer.echo(f"{name} of {done.full_name}: {written.added:,} new, {written.changed:,} changed.")


async def _imported(settings: Settings, clone: Clone, slug: str, full_name: str | None, show: Show) -> Imported:
    database = Database(settings.database_url, keyring=settings.keyring)
    try:
        return await imported(database, clone, slug, full_name, show)
    finally:
        await database.close()


async def imported(
    database: Database, clone: Clone, slug: str, full_name: str | None = None, show: Show = lambda _done, _total: None
) -> Imported:
    """Write what is in a clone. Raises NotFound where there is no such organization, Conflict for a repository of
    another one, and CannotRun where git cannot read the clone.
    """
    head = await clone.head()
    name = full_name or await clone.name_on_github() or f"{slug}/{UNFIT.sub('-', clone.path.resolve().name)}"
    async with database.work(GUEST) as work:
        repository = await _repository(work, slug, name, head)
    commits, tags = Written(), Written()
    if head:
        done = 0
        async with aclosing(batches(clone.commits(head))) as commits_of_clone:
            async for some in commits_of_clone:
                commits += await _done(database, partial(write_commits, repository=repository, commits=some))
                show(done := done + len(some), head.commits)
        async with aclosing(batches(clone.tags())) as tags_of_clone:
            async for named in tags_of_clone:
                tags += await _done(database, partial(write_tags, repository=repository, tags=named))
        is_later = repository.head_sha is None or await clone.has_before(repository.head_sha, head)
        async with database.work(GUEST) as work:
            await _finish(work, repository, head, is_later=is_later)
    return Imported(name, commits, tags)


async def batches(items: AsyncGenerator[T, None]) -> AsyncGenerator[list[T], None]:
    """The items, so many at a time. What gives them is stopped with this."""
    some = list[T]()
    async with aclosing(items):
        async for item in items:
            some.append(item)
            if len(some) == BATCH:
                yield some
                some = []
    if some:
        yield some


async def _done(database: Database, write: Callable[[Work], Coroutine[Any, Any, Written]]) -> Written:
    async def once() -> Written:
        async with database.work(GUEST) as work:
            return await write(work)

    return await repeated(once)


async def _repository(work: Work, slug: str, full_name: str, head: Head | None) -> tables.Repository:
    """The repository of the organization, which follows it from now on if it did not."""
    of_slug = select(tables.Organization).where(tables.Organization.slug == slug).with_for_update(key_share=True)
    if (organization := (await work.scalars(of_slug)).one_or_none()) is None:
        raise NotFound(f"There is no organization {slug}.")
    repository = tables.Repository
    named = func.lower(repository.full_name) == full_name.lower(), repository.organization_id == organization.id
    if found := (await work.scalars(select(repository).where(*named))).one_or_none():
        return found
    branch = {"default_branch": head.branch} if head and head.branch else {}
    return await repositories.connect(work, organization, repository(full_name=full_name, is_private=True, **branch))


async def _finish(work: Work, found: tables.Repository, head: Head, *, is_later: bool) -> None:
    """Note the head of the clone if it is later than the one that was known, unless GitHub has told of another since.
    Raises NotFound for a repository that is gone by now.
    """
    row = select(tables.Repository).where(tables.Repository.id == found.id).with_for_update(key_share=True)
    repository = (await work.scalars(row)).one_or_none()
    if repository is None:
        raise NotFound(f"The repository {found.full_name} was disconnected meanwhile.")
    if is_later and repository.head_sha == found.head_sha:
        await repositories.update(work, repository, {"head_sha": head.sha})
    work.audit("history_imported", repository)

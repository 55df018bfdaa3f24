"""The history of a clone becomes that of a repository: whole, once however often it is read, and that of its own."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.git import importing
from app.git.importing import Imported, imported
from app.git.reading import Clone, Head
from db import tables
from db.access import GUEST
from db.actions import repositories
from db.actions.git_history import Written
from db.errors import BadInput, CannotRun, Conflict, Forbidden, NotFound
from db.tables import AuditLog, IngestionGapKind, OrganizationPlan
from db.write import Work
from tests.app.conftest import Run
from tests.app.git.making import commit, git, made
from tests.conftest import Graph
from tests.graphql_schema.asking import add, change
from tests.world import NOON, World

THREE = b"".join(
    commit(b"Change %d (#%d)" % (number, number), {"a": b"%d\n" % number, f"b{number}": b"1\n2\n"})
    for number in (1, 2, 3)
)
COMMITS = """
    query ($name: String!) {
      repository(fullName: $name) {
        headSha defaultBranch isPrivate organization { slug }
        commits { nodes { message additions deletions filesChanged pullRequestNumber author { name } } }
        releases { nodes { tag sha } }
      }
    }
"""


async def read(graph: Graph, path: Path, name: str | None = None, organization: str = "analytical") -> Imported:
    return await imported(graph.database, Clone(path), organization, name)


async def found(graph: Graph, name: str) -> Any:
    return (await graph.data("ada", COMMITS, name=name))["repository"]


async def count(graph: Graph, table: Any) -> int:
    async with graph.database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_clone_becomes_a_repository_with_its_commits_and_tags(graph: Graph, tmp_path: Path) -> None:
    made(tmp_path / "mill", THREE)
    git(tmp_path / "mill", "tag", "1.0")
    sha = git(tmp_path / "mill", "rev-parse", "main")
    assert await read(graph, tmp_path / "mill") == Imported("analytical/mill", Written(3, 0), Written(1, 0))
    repository = await found(graph, "analytical/mill")
    of_ada = {"filesChanged": 2, "author": {"name": "Ada"}}
    assert sorted(repository.pop("commits")["nodes"], key=lambda one: one["message"]) == [
        {"message": "Change 1 (#1)", "additions": 3, "deletions": 0, "pullRequestNumber": 1, **of_ada},
        {"message": "Change 2 (#2)", "additions": 3, "deletions": 1, "pullRequestNumber": 2, **of_ada},
        {"message": "Change 3 (#3)", "additions": 3, "deletions": 1, "pullRequestNumber": 3, **of_ada},
    ]
    assert repository == {
        "headSha": sha,
        "defaultBranch": "main",
        "isPrivate": True,
        "organization": {"slug": "analytical"},
        "releases": {"nodes": [{"tag": "1.0", "sha": sha}]},
    }


async def test_commits_that_github_did_not_tell_of_are_missing_no_more(
    graph: Graph, world: World, tmp_path: Path
) -> None:
    made(tmp_path, THREE)
    mill = tables.Repository(organization_id=world.analytical.id, name="mill", full_name="octo/mill")
    await add(graph.database, mill)
    of_mill = {"repository_id": mill.id, "kind": IngestionGapKind.COMMITS, "branch": "main", "found_at": NOON}
    told = tables.IngestionGap(after_sha=git(tmp_path, "rev-parse", "main"), **of_mill)
    untold = tables.IngestionGap(after_sha="f" * 40, **of_mill)
    for gap in (told, untold):
        await add(graph.database, gap)
    await read(graph, tmp_path, "octo/mill")
    async with graph.database.read() as session:
        is_open = select(tables.IngestionGap.id).where(tables.IngestionGap.repository_id == mill.id)
        assert set(await session.scalars(is_open.where(tables.IngestionGap.is_open))) == {untold.id}


async def test_to_read_it_again_adds_what_is_new_alone(graph: Graph, tmp_path: Path) -> None:
    made(tmp_path, THREE)
    await read(graph, tmp_path, "octo/mill")
    before = await count(graph, tables.Commit)
    again = await read(graph, tmp_path, "octo/mill")
    assert (again.commits, await count(graph, tables.Commit)) == (Written(0, 0), before)
    more = commit(b"More", {"c": b"1\n"}).replace(b"M 100644", b"from refs/heads/main^0\nM 100644", 1)
    git(tmp_path, "fast-import", "--quiet", given=more)
    git(tmp_path, "tag", "2.0", "main")
    assert await read(graph, tmp_path, "OCTO/Mill") == Imported("OCTO/Mill", Written(1, 0), Written(1, 0))
    assert await count(graph, tables.Commit) == before + 1


async def test_what_a_push_has_told_is_told_better_by_git(graph: Graph, world: World, tmp_path: Path) -> None:
    made(tmp_path, THREE)
    sha = git(tmp_path, "rev-parse", "main")
    async with graph.database.work(GUEST) as work:
        of_push = {"sha": sha, "additions": 0, "deletions": 0, "files_changed": 0, "author_id": None}
        await work.execute(update(tables.Commit).where(tables.Commit.id == world.engine_commit.id).values(of_push))
    assert (await read(graph, tmp_path, "analytical/engine")).commits == Written(2, 1)
    told = next(one for one in (await found(graph, "analytical/engine"))["commits"]["nodes"] if one["additions"] == 3)
    assert told["author"] == {"name": "Ada"}


async def test_an_author_whom_somebody_is_known_to_be_stays(graph: Graph, world: World, tmp_path: Path) -> None:
    made(tmp_path, commit(b"1", {"a": b"1\n"}, email=b"stranger@example.com"))
    sha = git(tmp_path, "rev-parse", "main")
    await change(graph.database, world.engine_commit, sha=sha, author_id=world.ben.id)
    assert (await read(graph, tmp_path, "analytical/engine")).commits == Written(0, 1)
    async with graph.database.read() as session:
        of_sha = select(tables.Commit.author_id).where(tables.Commit.sha == sha)
        assert await session.scalar(of_sha) == world.ben.id


async def test_two_who_read_it_at_once_write_it_once(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, b"".join(commit(b"%d" % number, {"a": b"%d\n" % number}) for number in range(60)))
    monkeypatch.setattr(importing, "BATCH", 7)
    before = await count(graph, tables.Commit)
    both = await asyncio.gather(*(read(graph, tmp_path, "octo/mill") for _ in range(4)))
    assert sum(one.commits.added for one in both) == 60
    assert await count(graph, tables.Commit) == before + 60


async def test_an_import_that_is_interrupted_goes_on(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, THREE)
    monkeypatch.setattr(importing, "BATCH", 1)

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await imported(graph.database, Clone(tmp_path), "analytical", "octo/mill", stop)
    assert await count(graph, tables.Commit) == 10
    assert (await read(graph, tmp_path, "octo/mill")).commits == Written(2, 0)


async def test_the_progress_is_how_many_of_all_commits_are_written(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, THREE)
    monkeypatch.setattr(importing, "BATCH", 2)
    shown: list[tuple[int, int]] = []
    await imported(graph.database, Clone(tmp_path), "analytical", "octo/mill", lambda *one: shown.append(one))
    assert shown == [(2, 3), (3, 3)]


async def test_a_head_of_which_github_has_told_is_not_brought_back(graph: Graph, world: World, tmp_path: Path) -> None:
    made(tmp_path, THREE)
    first, newest = (git(tmp_path, "rev-parse", name) for name in ("main~2", "main"))
    for known, kept in (("f" * 40, "f" * 40), (first, newest), (newest, newest)):
        await change(graph.database, world.engine, head_sha=known)
        await read(graph, tmp_path, "analytical/engine")
        assert (await found(graph, "analytical/engine"))["headSha"] == kept


async def test_whatever_somebody_wrote_is_stored(graph: Graph, tmp_path: Path) -> None:
    parts: dict[str, Any] = {"name": b"\xff\x01'; DROP TABLE commits", "email": b"x" * 2_000 + b"@example.com"}
    made(tmp_path, commit(b"\x1b\xfe" + b"m" * 50_000 + b" (#99999999999)", {"a": b"1\n"}, at=b"-5 +0000", **parts))
    assert (await read(graph, tmp_path, "octo/mill")).commits == Written(1, 0)
    [one] = (await found(graph, "octo/mill"))["commits"]["nodes"]
    assert (len(one["message"]), one["pullRequestNumber"], one["author"]) == (10_000, None, None)


async def test_a_repository_without_commits_is_followed_from_now_on(graph: Graph, tmp_path: Path) -> None:
    assert await read(graph, made(tmp_path), "octo/mill") == Imported("octo/mill", Written(), Written())
    assert (await found(graph, "octo/mill"))["headSha"] is None


async def test_an_import_is_noted(graph: Graph, world: World, tmp_path: Path) -> None:
    await read(graph, made(tmp_path, THREE), "analytical/engine")
    async with graph.database.read() as session:
        actions = set(await session.scalars(select(AuditLog.action).where(AuditLog.resource_id == world.engine.id)))
    assert {"history_imported", "repository_changed"} <= actions


@pytest.mark.parametrize(
    ("organization", "name", "refused"),
    [
        ("nowhere", None, NotFound),
        ("analytical", "remote/shore", Conflict),
        ("analytical", "no name", BadInput),
    ],
)
async def test_what_cannot_be_written_is_told(
    graph: Graph, tmp_path: Path, organization: str, name: str | None, refused: type[Exception]
) -> None:
    before = await count(graph, tables.Repository)
    with pytest.raises(refused):
        await read(graph, made(tmp_path, THREE), name, organization)
    assert await count(graph, tables.Repository) == before


async def test_a_plan_without_room_takes_no_other_repository(graph: Graph, world: World, tmp_path: Path) -> None:
    given = {"organization_id": world.analytical.id, "is_private": True}
    await add(graph.database, *(tables.Repository(name=n, full_name=f"a/{n}", **given) for n in ("1", "2", "3")))
    with pytest.raises(Forbidden):
        await read(graph, made(tmp_path, THREE))
    await change(graph.database, world.analytical, plan=OrganizationPlan.PRO)
    assert (await read(graph, tmp_path, "octo/mill")).commits == Written(3, 0)


async def test_a_folder_without_a_repository_changes_nothing(graph: Graph, tmp_path: Path) -> None:
    before = await count(graph, tables.Repository)
    with pytest.raises(CannotRun):
        await read(graph, tmp_path)
    assert await count(graph, tables.Repository) == before


async def test_of_a_repository_that_is_disconnected_meanwhile_the_operator_is_told(
    graph: Graph, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, THREE)
    finish = importing._finish

    async def late(work: Work, found: tables.Repository, head: Head, *, is_later: bool) -> None:
        async with graph.database.work(GUEST) as other:
            await repositories.disconnect(other, await (await other.session()).get_one(tables.Repository, found.id))
        await finish(work, found, head, is_later=is_later)

    monkeypatch.setattr(importing, "_finish", late)
    with pytest.raises(NotFound):
        await read(graph, tmp_path, "analytical/engine")


def test_the_command_says_what_it_has_written(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "mill", THREE)
    for new in (3, 0):
        run("import-git", str(tmp_path / "mill"), "--organization", "analytical")
        assert f"Commits of analytical/mill: {new} new, 0 changed." in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"Git cannot read .+: not a git repository"):
        run("import-git", str(tmp_path), "--organization", "analytical")

"""What git says of a clone is read as it is, whatever somebody has committed, and nothing in a clone is trusted."""

import os
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.git.reading import Clone, Head
from db.actions.git_history import Commit, Tag
from db.errors import CannotRun
from tests.app.git.making import NOON, commit, git, made

AT = datetime.fromtimestamp(NOON, UTC)


async def commits(clone: Clone) -> list[Commit]:
    head = await clone.head()
    assert head
    return [one async for one in clone.commits(head)]


async def tags(clone: Clone) -> list[Tag]:
    return [one async for one in clone.tags()]


async def test_commits_have_their_lines_and_files_the_newest_first(tmp_path: Path) -> None:
    stream = commit(b"Begin", {"a": b"1\n2\n", "b": b"1\n"}) + commit(b"Go on\n\nIn words.", {"a": b"1\n3\n4\n"})
    found = await commits(Clone(made(tmp_path, stream)))
    assert [one._replace(sha="") for one in found] == [
        Commit("", "Go on", "Ada", "ada@example.com", AT, AT, 1, 2, 1, 1),
        Commit("", "Begin", "Ada", "ada@example.com", AT, AT, 0, 3, 0, 2),
    ]
    assert found[0].sha == git(tmp_path, "rev-parse", "main")


async def test_a_head_has_its_branch_and_number_of_commits(tmp_path: Path) -> None:
    made(tmp_path, commit(b"1", {"a": b"1"}) + commit(b"2", {"a": b"2"}))
    sha = git(tmp_path, "rev-parse", "main")
    assert await Clone(tmp_path).head() == Head(sha, "main", 2)
    git(tmp_path, "checkout", "--quiet", "--detach", "main")
    assert await Clone(tmp_path).head() == Head(sha, None, 2)


async def test_a_file_that_is_renamed_is_one_file_with_the_lines_that_change(tmp_path: Path) -> None:
    content = b"".join(b"line %d\n" % number for number in range(20))
    stream = commit(b"1", {"old": content, "z": b"1\n"})
    stream += commit(b"2", {"old": None, "a/new": content + b"more\n", "z": b"2\n"})
    newest, _ = await commits(Clone(made(tmp_path, stream)))
    assert (newest.additions, newest.deletions, newest.files) == (2, 1, 2)


async def test_a_binary_file_has_no_lines(tmp_path: Path) -> None:
    [one] = await commits(Clone(made(tmp_path, commit(b"1", {"a.bin": bytes(range(256)), "b": b"1\n"}))))
    assert (one.additions, one.deletions, one.files) == (1, 0, 2)


async def test_a_merge_has_two_parents_and_no_lines(tmp_path: Path) -> None:
    stream = commit(b"1", {"a": b"1\n"}) + commit(b"2", {"b": b"1\n"}, branch="side").replace(
        b"M 100644", b"from refs/heads/main\nM 100644", 1
    )
    stream += commit(b"3", {"c": b"1\n"}) + commit(b"Merge", {"b": b"1\n"}, merges="refs/heads/side")
    newest, *others = await commits(Clone(made(tmp_path, stream)))
    assert (newest.subject, newest.parents, newest.additions, newest.files) == ("Merge", 2, 0, 0)
    assert sorted(one.subject for one in others) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("diff.renames", "false"), ("log.showRoot", "false"), ("i18n.logOutputEncoding", "latin1")],
)
async def test_the_configuration_of_a_clone_changes_nothing(tmp_path: Path, name: str, value: str) -> None:
    content = b"".join(b"line %d\n" % number for number in range(20))
    stream = commit("Überprüft".encode(), {"old": content}) + commit(b"2", {"old": None, "new": content})
    before = await commits(Clone(made(tmp_path, stream)))
    git(tmp_path, "config", name, value)
    assert await commits(Clone(tmp_path)) == before
    assert [one.additions for one in before] == [0, 20]


@pytest.mark.parametrize(
    ("part", "given", "read"),
    [
        ("message", b"1\t2\tlike numstat", "1\t2\tlike numstat"),
        ("message", b"-\t-\t", "-\t-"),
        ("message", b"%H%x00%n <script> '; DROP TABLE commits; --", "%H%x00%n <script> '; DROP TABLE commits; --"),
        ("message", "Überprüft \N{SNOWMAN} \u202e".encode(), "Überprüft \N{SNOWMAN} \u202e"),
        ("message", b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
        ("message", b"\x1b[31mred\x07", "\x1b[31mred\x07"),
        ("message", b"", ""),
        ("message", b"\n\n\nlate", "late"),
        ("message", b"x" * 100_000, "x" * 100_000),
        ("name", b"Robert'); DROP TABLE students;--", "Robert'); DROP TABLE students;--"),
        ("name", b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        ("email", b"not an address", "not an address"),
        ("email", b"", ""),
    ],
)
async def test_whatever_somebody_writes_is_read_as_it_is(tmp_path: Path, part: str, given: bytes, read: str) -> None:
    parts: dict[str, Any] = {"message": b"1", part: given}
    [one] = await commits(Clone(made(tmp_path, commit(files={"a": b"1\n", "b": b"2\n"}, **parts))))
    found = {"message": one.subject, "name": one.author_name, "email": one.author_email}
    assert found[part] == read
    assert (one.additions, one.files) == (2, 2)


@pytest.mark.parametrize("path", ["1\t2\tc", "with blank", "-", '"quoted"', "ümlaut", "a\nb", "\x01\x02"])
async def test_a_file_may_have_any_name(tmp_path: Path, path: str) -> None:
    made(tmp_path)
    blob = git(tmp_path, "hash-object", "-w", "--stdin", given=b"1\n2\n")
    tree = git(tmp_path, "mktree", "-z", given=f"100644 blob {blob}\t{path}\0".encode())
    sha = git(tmp_path, "-c", "user.name=Ada", "-c", "user.email=a@example.com", "commit-tree", "-m", "1", tree)
    git(tmp_path, "update-ref", "refs/heads/main", sha)
    [one] = await commits(Clone(tmp_path))
    assert (one.sha, one.additions, one.files) == (sha, 2, 1)


@pytest.mark.parametrize(
    ("at", "read"),
    [
        (b"0 +0000", datetime(1970, 1, 1, tzinfo=UTC)),
        (b"1767268800 -1200", AT),
        (b"253402300800 +0000", datetime(9999, 12, 31, tzinfo=UTC)),
        (b"99999999999999 +0000", datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
async def test_a_commit_may_be_of_any_time(tmp_path: Path, at: bytes, read: datetime) -> None:
    [one] = await commits(Clone(made(tmp_path, commit(b"1", {"a": b"1"}, at=at))))
    assert one.committed_at == read


async def test_tags_name_commits(tmp_path: Path) -> None:
    made(tmp_path, commit(b"1", {"a": b"1"}))
    sha = git(tmp_path, "rev-parse", "main")
    git(tmp_path, "tag", "light", sha)
    git(tmp_path, "-c", "user.name=Ada", "-c", "user.email=a@example.com", "tag", "-m", "Words", "v1/ü", sha)
    git(tmp_path, "tag", "tree", f"{sha}^{{tree}}")
    found = await tags(Clone(tmp_path))
    assert [(one.name, one.sha) for one in found] == [("light", sha), ("v1/ü", sha)]
    assert found[0].at == AT
    assert found[1].at > AT


async def test_a_repository_without_commits_has_no_head(tmp_path: Path) -> None:
    clone = Clone(made(tmp_path))
    assert await clone.head() is None
    assert await tags(clone) == []


async def test_a_bare_repository_is_read_like_another(tmp_path: Path) -> None:
    made(tmp_path / "one", commit(b"1", {"a": b"1\n"}))
    git(tmp_path, "clone", "--quiet", "--bare", "one", "bare")
    assert await commits(Clone(tmp_path / "bare")) == await commits(Clone(tmp_path / "one"))


async def test_a_shallow_clone_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "one", commit(b"1", {"a": b"1"}) + commit(b"2", {"a": b"2"}))
    git(tmp_path, "clone", "--quiet", "--depth=1", (tmp_path / "one").as_uri(), "shallow")
    with pytest.raises(CannotRun, match="shallow: run git fetch --unshallow"):
        await Clone(tmp_path / "shallow").head()


async def test_a_clone_whose_files_were_left_out_is_refused_and_nothing_is_fetched(tmp_path: Path) -> None:
    one = made(tmp_path / "one", commit(b"1", {"a": b"1\n"}) + commit(b"2", {"a": b"2\n"}))
    git(one, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--bare", "--filter=blob:none", one.as_uri(), "partial")
    with pytest.raises(CannotRun, match="Git cannot read"):
        await commits(Clone(tmp_path / "partial"))


async def test_commits_that_are_named_by_sha_256_are_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    git(tmp_path, "fast-import", "--quiet", given=commit(b"1", {"a": b"1"}))
    with pytest.raises(CannotRun, match="SHA-256"):
        await Clone(tmp_path).head()


@pytest.mark.parametrize("path", [".", "nowhere", "inside/folder", "file"])
async def test_what_is_no_repository_is_refused(tmp_path: Path, path: str) -> None:
    made(tmp_path / "inside", commit(b"1", {"a": b"1"}))
    (tmp_path / "inside/folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(CannotRun, match=r"^Git cannot read .+: [\x20-\x7e]+\.$"):
        await Clone(tmp_path / path).head()


async def test_no_program_that_a_clone_configures_is_run(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    program.chmod(0o755)
    one = made(tmp_path / "one", commit(b"1", {".gitattributes": b"* diff=mine\n"}) + commit(b"2", {"a": b"1\n"}))
    content = git(one, "cat-file", "commit", "main").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n\n", 1
    )
    signed = git(one, "hash-object", "-t", "commit", "-w", "--stdin", given=f"{content}\n".encode())
    git(one, "update-ref", "refs/heads/main", signed)
    for name in (
        "diff.external",
        "diff.mine.command",
        "diff.mine.textconv",
        "core.fsmonitor",
        "core.pager",
        "gpg.program",
    ):
        git(one, "config", name, str(program))
    git(one, "config", "log.showSignature", "true")
    assert next(found.sha for found in await commits(Clone(one))) == signed
    await tags(Clone(one))
    assert not (tmp_path / "ran").exists()


Pretend = Callable[[str], Path]


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Makes a git of lines of a shell, and gives the file with the id of its process."""
    folder = tmp_path / "bin"
    folder.mkdir()
    os.mkfifo(folder / "never")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def as_git(lines: str) -> Path:
        (folder / "git").write_text(f"#!/bin/sh\ncd {folder}\necho $$ >id\n{lines}\n")
        (folder / "git").chmod(0o755)
        return folder / "id"

    return as_git


def is_running(id_: Path) -> bool:
    return Path(f"/proc/{int(id_.read_text())}").exists()


async def test_a_git_that_hangs_is_ended(tmp_path: Path, pretend: Pretend) -> None:
    id_ = pretend("printf 1\nexec cat <never")
    with pytest.raises(CannotRun, match=r"has said nothing about .* for 0\.5 seconds"):
        await Clone(tmp_path, silence=0.5).head()
    assert not is_running(id_)


async def test_git_ends_with_whoever_reads_it(tmp_path: Path, pretend: Pretend) -> None:
    id_ = pretend(r"while :; do printf '%s\0\0Ada\0\0000\0000\0Words\0' 1; done")
    async with aclosing(Clone(tmp_path).commits(Head("1", None, 1))) as some:
        assert (await anext(some)).subject == "Words"
        assert is_running(id_)
    assert not is_running(id_)


async def test_what_leads_to_a_head_is_before_it(tmp_path: Path) -> None:
    made(tmp_path, commit(b"1", {"a": b"1"}) + commit(b"2", {"a": b"2"}))
    first, second = git(tmp_path, "rev-list", "--reverse", "main").split()
    head, early = Head(second, "main", 2), Head(first, None, 1)
    clone = Clone(tmp_path)
    assert [await clone.has_before(sha, head) for sha in (first, second, "f" * 40, "--all")] == [
        True,
        True,
        False,
        False,
    ]
    assert not await clone.has_before(second, early)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/octokit/webhooks.git", "octokit/webhooks"),
        ("https://github.com/octokit/webhooks", "octokit/webhooks"),
        ("git@github.com:octokit/webhooks.js.git", "octokit/webhooks.js"),
        ("ssh://git@github.com/octokit/webhooks/", "octokit/webhooks"),
        ("https://example.com/octokit/webhooks.git", None),
        ("../octokit", None),
        (None, None),
    ],
)
async def test_a_clone_of_github_knows_its_name_there(tmp_path: Path, url: str | None, name: str | None) -> None:
    made(tmp_path)
    if url:
        git(tmp_path, "remote", "add", "origin", url)
    assert await Clone(tmp_path).name_on_github() == name

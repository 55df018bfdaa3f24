"""A local clone, read by git itself: its commits with the lines that they change, and its tags.

Nothing in a clone is trusted. Git runs no program that its configuration names, changes nothing, and asks no network.
"""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from db.actions.git_history import Commit, Tag
from db.errors import CannotRun

SILENCE = 120.0
"""Seconds without a sign of life after which git hangs. It says nothing while it compares a large commit."""
CHUNK = 2**20
OURS = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "none",  # a part of a clone would be fetched
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
UNSIGNED = ("-c", "log.showSignature=false")
"""A clone can configure that signatures are shown, and which program git runs for that."""
COMMIT = "%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%s"
TAG = "%(refname:strip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(creatordate:unix)%00"
COUNTED = re.compile(rb"\n?(\d+|-)\t(\d+|-)\t(.*)", re.DOTALL)
"""The lines that a commit adds to a file and removes from it, with its name, which is empty for a renamed one."""
LATEST = datetime(9999, 12, 31, tzinfo=UTC)
ON_GITHUB = re.compile(r"github\.com[:/]([\w.-]+/[\w.-]+?)(\.git)?/?$")


class Head(NamedTuple):
    """The commit that is checked out, its branch if it is on one, and how many commits lead to it."""

    sha: str
    branch: str | None
    commits: int


@dataclass(frozen=True)
class Clone:
    """A clone in a folder of this machine."""

    path: Path
    silence: float = SILENCE

    async def head(self) -> Head | None:
        """The commit that is checked out; None where nothing was ever committed. Raises CannotRun for an odd one."""
        if await self._text("rev-parse", "--is-shallow-repository") == "true":
            raise CannotRun(f"The clone {self.path} is shallow: run git fetch --unshallow in it first.")
        sha = await self._text("rev-parse", "--verify", "--quiet", "HEAD^{commit}", may_fail=True)
        if not sha:
            return None
        if len(sha) > 40:
            raise CannotRun(f"The commits of {self.path} are named by SHA-256, which GitHub does not have.")
        branch = await self._text("symbolic-ref", "--quiet", "--short", "HEAD", may_fail=True)
        return Head(sha, branch or None, int(await self._text("rev-list", "--count", sha)))

    async def name_on_github(self) -> str | None:
        """The owner and name of what it was cloned from, if that is on GitHub."""
        url = await self._text("config", "--get", "remote.origin.url", may_fail=True)
        found = ON_GITHUB.search(url)
        return found[1] if found else None

    async def has_before(self, sha: str, head: Head) -> bool:
        """Whether a commit is among those that lead to the head."""
        return await self._text("merge-base", sha, head.sha, may_fail=True) == sha

    async def commits(self, head: Head) -> AsyncGenerator[Commit, None]:
        """The commits that lead to the head, the newest first."""
        fields = list[bytes]()
        added = removed = files = names = 0
        log = ("log", "-z", "--numstat", "--root", "--find-renames", "--encoding=UTF-8", f"--format={COMMIT}")
        async with aclosing(self._tokens(*log, head.sha, "--")) as tokens:
            async for token in tokens:
                if names:  # of a renamed file
                    names -= 1
                elif len(fields) < COMMIT.count("%x00") + 1:
                    fields.append(token)
                elif counted := COUNTED.fullmatch(token):
                    more, fewer, name = counted.groups()
                    added, removed, files = added + _number(more), removed + _number(fewer), files + 1
                    names = 0 if name else 2
                else:
                    yield _commit(fields, added, removed, files)
                    fields, added, removed, files = [token], 0, 0, 0
        if fields:
            yield _commit(fields, added, removed, files)

    async def tags(self) -> AsyncGenerator[Tag, None]:
        """The tags that name commits."""
        fields = list[str]()
        async with aclosing(self._tokens("for-each-ref", "refs/tags", f"--format={TAG}")) as tokens:
            async for token in tokens:
                fields.append(_text(token).removeprefix("\n"))
                if len(fields) == TAG.count("%00"):
                    name, kind, sha, named_kind, named, at = fields
                    fields = []
                    if "commit" in (kind, named_kind):
                        yield Tag(name, named or sha, _moment(at))

    async def _text(self, *command: str, may_fail: bool = False) -> str:
        """The words of a short command; empty where it `may_fail` and does."""
        said = b""
        async with self._running(*command, may_fail=may_fail) as chunks:
            async for chunk in chunks:
                said += chunk
        return _text(said).strip()

    async def _tokens(self, *command: str) -> AsyncGenerator[bytes, None]:
        """The parts of what a command says, each with a NUL behind it."""
        rest = b""
        async with self._running(*command) as chunks:
            async for chunk in chunks:
                *whole, rest = (rest + chunk).split(b"\0")
                for token in whole:
                    yield token

    @asynccontextmanager
    async def _running(self, *command: str, may_fail: bool = False) -> AsyncIterator[AsyncIterator[bytes]]:
        """The words of git, in chunks. It is stopped when nobody listens any more."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        # A folder that is no repository is none, though one above it may be.
        environment = inherited | OURS | {"GIT_CEILING_DIRECTORIES": str(self.path.resolve().parent)}
        arguments = ("-C", str(self.path), *UNSIGNED, *command)
        with TemporaryFile() as complaints:
            process = await asyncio.create_subprocess_exec(
                "git",
                *arguments,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=complaints,
            )
            try:
                yield self._chunks(process)
                if await process.wait() and not may_fail:
                    raise CannotRun(f"Git cannot read {self.path}: {_complaint(complaints)}.")
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async def _chunks(self, process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
        assert process.stdout
        try:
            while chunk := await asyncio.wait_for(process.stdout.read(CHUNK), self.silence):
                yield chunk
        except TimeoutError:
            raise CannotRun(f"Git has said nothing about {self.path} for {self.silence:g} seconds.") from None


def _commit(fields: list[bytes], added: int, removed: int, files: int) -> Commit:
    sha, parents, name, email, authored, committed, subject = map(_text, fields)
    count = len(parents.split())
    return Commit(sha, subject, name, email, _moment(authored), _moment(committed), count, added, removed, files)


def _number(counted: bytes) -> int:
    """Lines; none of a file that has no lines."""
    return 0 if counted == b"-" else int(counted)


def _moment(seconds: str) -> datetime:
    """A time as git has it. Whoever commits may write any number, or none: it is brought to one that there is."""
    number = min(max(int(seconds or 0), 0), int(LATEST.timestamp()))
    return datetime.fromtimestamp(number, UTC)


def _text(said: bytes) -> str:
    """A text of any encoding."""
    return said.decode(errors="replace")


def _complaint(complaints: IO[bytes]) -> str:
    complaints.seek(0)
    lines = [line for line in _text(complaints.read(CHUNK)).splitlines() if line] or ["it ended without a word"]
    said = next((line for line in lines if line.startswith("fatal:")), lines[-1]).removeprefix("fatal:").strip(" .")
    return "".join(letter if letter.isprintable() else "?" for letter in said)

"""Repositories that tests make in a temporary folder."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

WHO = {"name": "Ada", "email": "ada@example.com"}
EMPTY = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
EMPTY |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
NOON = 1_767_268_800


def git(folder: Path, *command: str, given: bytes = b"") -> str:
    """What git says in a folder."""
    done = subprocess.run(  # noqa: S603
        ["git", "-c", "protocol.file.allow=always", *command],  # noqa: S607  (that of the machine, as the product runs it)
        cwd=folder,
        env=EMPTY,
        input=given,
        check=True,
        capture_output=True,
    )
    return done.stdout.decode(errors="replace").strip()


def made(folder: Path, stream: bytes = b"") -> Path:
    """A new repository in a folder, with the history that a stream of `git fast-import` has on its branch `main`."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    if stream:
        git(folder, "fast-import", "--quiet", given=stream)
    return folder


def commit(
    message: bytes,
    files: Mapping[str, bytes | None],
    *,
    name: bytes = b"Ada",
    email: bytes = b"ada@example.com",
    at: bytes = b"1767268800 +0000",
    branch: str = "main",
    merges: str = "",
) -> bytes:
    """A commit of a stream: files with their contents, and None for one that goes."""
    who = name + b" <" + email + b"> " + at
    parts = [f"commit refs/heads/{branch}\n".encode(), b"author " + who + b"\n", b"committer " + who + b"\n"]
    parts.append(b"data %d\n%s\n" % (len(message), message))
    parts += [f"merge {merges}\n".encode()] if merges else []
    for path, content in files.items():
        if content is None:
            parts.append(b"D " + path.encode() + b"\n")
        else:
            parts.append(b"M 100644 inline " + path.encode() + b"\ndata %d\n%s\n" % (len(content), content))
    return b"".join(parts)


def many(count: int, *, authors: int = 50) -> Iterator[bytes]:
    """A stream of so many commits, each of which changes a few lines of a few files."""
    for number in range(count):
        files = {
            f"folder-{(number + at) % 100}/file-{number % 37}.txt": b"".join(
                b"line %d of %d\n" % (line, number * (line % 7 == at)) for line in range(30)
            )
            for at in range(2)
        }
        who = b"user-%d@example.com" % (number % authors)
        at = b"%d +0000" % (NOON + number * 60)
        yield commit(
            b"Change %d (#%d)" % (number, number), files, name=b"User %d" % (number % authors), email=who, at=at
        )

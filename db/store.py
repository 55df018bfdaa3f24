"""Where files are kept: a store, which knows nothing of what they are. The one that is built in is a folder."""

import asyncio
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from db.errors import Refusal


class NoFiles(Refusal):
    """This installation keeps no files."""

    code = "SERVICE_UNAVAILABLE"
    default = "This server keeps no files."


KEY = re.compile(r"[0-9a-f]{32}\.(jpg|png|webp)")
"""The form of a key: random, so that nobody guesses it, and with an ending that says what the file is."""


class Store(Protocol):
    """Keeps files by keys. What a key names never changes."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep a file: all of it is there from then on, or nothing."""
        ...

    def url(self, key: str) -> str:
        """The address of a file, or a path on this server."""
        ...

    async def delete(self, key: str) -> None:
        """Delete a file, if it is there."""
        ...


class NoStore:
    """A store that takes nothing, where an operator has named none."""

    async def put(self, key: str, content: bytes) -> None:
        """Raise NoFiles."""
        raise NoFiles

    def url(self, key: str) -> str:
        """Raise NoFiles."""
        raise NoFiles

    async def delete(self, key: str) -> None:
        """Raise NoFiles."""
        raise NoFiles


NO_STORE = NoStore()


class Folder:
    """A store in a folder of this machine, or of one that all processes share. The server has it `at` a path."""

    def __init__(self, root: Path, *, at: str) -> None:
        self.root = root
        self.at = at

    async def put(self, key: str, content: bytes) -> None:
        """Write the file beside its place, and have the disk keep it before it takes that."""
        await asyncio.to_thread(self._put, self.path(key), content)

    def url(self, key: str) -> str:
        """The path that the server has it at."""
        return f"{self.at}/{key}"

    async def delete(self, key: str) -> None:
        """Delete the file, and what a process that was killed has left of it."""
        await asyncio.to_thread(self._delete, self.path(key))

    def path(self, key: str) -> Path:
        """The place of a file; raises ValueError for what is no key."""
        if not KEY.fullmatch(key):
            raise ValueError("This is no key of a file.")
        return self.root / key[:2] / key

    def _put(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _part(path).open("xb") as part:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
        _part(path).rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _delete(self, path: Path) -> None:
        for one in (path, _part(path)):
            with suppress(FileNotFoundError):
                one.unlink()


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")

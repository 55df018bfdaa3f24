"""Has documents drawn, each by a process of its own: it takes a processor half a second, and nobody else waits."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from dataclasses import asdict

import orjson

from app.certificates.paper import Paper
from db.cache import Cache
from db.errors import Overloaded

TIMEOUT = 10.0
"""Seconds until a document is there, those included in which others are drawn."""
AT_ONCE = 2
KEPT = 8 * 2**20
"""Bytes of documents that are kept, as they are asked for again."""


class Printer:
    """Draws documents, a few at a time, and keeps them."""

    def __init__(self) -> None:
        self._kept = Cache[bytes](KEPT)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def pdf(self, paper: Paper) -> bytes:
        """The document with these texts; raises Overloaded where that takes too long."""
        texts = orjson.dumps(asdict(paper))
        try:
            async with asyncio.timeout(TIMEOUT), self._turns:
                if found := self._kept.get(texts):
                    return found
                drawn = await _drawn(texts)
        except TimeoutError:
            raise Overloaded from None
        return self._kept.put(texts, drawn, len(drawn))


async def _drawn(texts: bytes) -> bytes:
    """The document that a process draws of these texts. It ends when nobody waits for it any more."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __package__, stdin=PIPE, stdout=PIPE)
    try:
        found, _ = await process.communicate(texts)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(f"Drawing a certificate ended with status {process.returncode}.")
    return found

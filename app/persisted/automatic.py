"""Automatic persisted operations: the texts that clients have sent once with their hashes.

They live in Redis, so that every process knows them, with a memory in front that makes a known hash cost no round
trip. Redis may be away: then the memory serves, and what it has not is unknown, so that clients send the text.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from sys import getsizeof
from typing import Self, TypeVar

import structlog

from app.persisted.names import digest
from app.redis import LOST, connect, once_more
from db.cache import Cache

DOCUMENT_BYTES = 64 * 2**10
REMEMBERED_FOR = 24 * 60 * 60
"""Seconds since the last use."""
RENEWED_AFTER = 60 * 60
"""Seconds until a use is told to Redis again, so that what the memory serves does not expire there."""
TIMEOUT = 0.5
PAUSE = 1.0
"""Seconds for which a server that failed is left alone, so that not everybody waits for it."""
CONNECTIONS = 8
ENTRY_BYTES = 450
"""Bytes that an entry of the cache takes beside its text, measured with tracemalloc."""

T = TypeVar("T")

log = structlog.get_logger()


class Automatic:
    """Texts by tenant and hash: nobody can fill what is another tenant's, or find out what is in it.

    A tenant has `most` of them; one more, and the one that was not used for longest is dropped. The memory of this
    process holds `max_bytes` for all. An asynchronous context manager: it closes its connections at the end.
    """

    def __init__(self, url: str, *, prefix: str = "trellis:", most: int = 1_000, max_bytes: int = 32 * 2**20) -> None:
        self.prefix = f"{prefix}persisted:"
        self.most = most
        self.memory = Cache[tuple[str, float]](max_bytes)
        """Each text with the time until which it need not be told to Redis again."""
        self._away_until = 0.0
        self._redis = connect(url, retry=once_more(), connections=CONNECTIONS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        with suppress(TimeoutError, *LOST):
            async with asyncio.timeout(TIMEOUT):
                await self._redis.aclose()

    async def get(self, tenant: str, key: str) -> str | None:
        """The text that the tenant has sent with this hash."""
        known = self.memory.get((tenant, key))
        if known is None:
            return await self._fetch(tenant, key)
        text, fresh_until = known
        if fresh_until < time.monotonic():
            await self._store(tenant, key, text)
        return text

    async def put(self, tenant: str, text: str) -> None:
        """Remember a text by its hash. One that is too long is not remembered."""
        if len(text.encode()) <= DOCUMENT_BYTES:
            await self._store(tenant, digest(text), text)

    def holds(self, tenant: str, key: str) -> bool:
        """Whether the text was put, so lately that it need not be put again."""
        known = self.memory.get((tenant, key))
        return known is not None and known[1] > time.monotonic()

    async def _fetch(self, tenant: str, key: str) -> str | None:
        text = await self._asked(lambda: self._read(tenant, key))
        if text is not None:
            self._keep(tenant, key, text)
        return text

    async def _store(self, tenant: str, key: str, text: str) -> None:
        self._keep(tenant, key, text)
        await self._asked(lambda: self._write(tenant, key, text))

    async def _asked(self, command: Callable[[], Awaitable[T]]) -> T | None:
        """The answer of Redis; None without one."""
        if time.monotonic() < self._away_until:
            return None
        try:
            async with asyncio.timeout(TIMEOUT):
                return await command()
        except LOST as error:
            self._away_until = time.monotonic() + PAUSE
            log.warning("persisted operations out of reach", error=repr(error))
            return None

    async def _read(self, tenant: str, key: str) -> str | None:
        document, index = self._document(tenant, key), self._index(tenant)
        async with self._redis.pipeline() as commands:
            commands.getex(document, ex=REMEMBERED_FOR)
            commands.zadd(index, {key: time.time()}, xx=True)
            commands.expire(index, REMEMBERED_FOR)
            found, *_ = await commands.execute()
        # Its name is its hash, so that nobody who can write to Redis decides what a client runs.
        text = (found or b"").decode(errors="replace")
        return text if digest(text) == key else None

    async def _write(self, tenant: str, key: str, text: str) -> None:
        index = self._index(tenant)
        async with self._redis.pipeline() as commands:
            commands.set(self._document(tenant, key), text, ex=REMEMBERED_FOR)
            commands.zadd(index, {key: time.time()})
            commands.expire(index, REMEMBERED_FOR)
            commands.zrange(index, 0, -self.most - 1)
            *_, dropped = await commands.execute()
        if dropped:
            await self._redis.zrem(index, *dropped)
            await self._redis.unlink(*(self._document(tenant, old.decode()) for old in dropped))

    def _document(self, tenant: str, key: str) -> str:
        return f"{self._index(tenant)}:{key}"

    def _index(self, tenant: str) -> str:
        """The hashes of a tenant by their last use. The braces keep a tenant on one node of a cluster."""
        return f"{self.prefix}{{{tenant}}}"

    def _keep(self, tenant: str, key: str, text: str) -> None:
        known = text, time.monotonic() + RENEWED_AFTER
        self.memory.put((tenant, key), known, getsizeof(text) + ENTRY_BYTES)

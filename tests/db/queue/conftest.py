"""The queue of a test's own database, and workers on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from db.address import Address
from db.engine import Database
from db.queue import declared
from db.queue.declared import JobKind
from db.queue.worker import Worker
from tests.conftest import KEYRING
from tests.db.queue.waiting import Queue

Working = Callable[..., AbstractAsyncContextManager[Worker]]


@pytest.fixture
async def queue(database_url: str) -> AsyncIterator[Queue]:
    connection = await Address.parse(database_url).connect()
    yield Queue(database_url, connection)
    await connection.close()


@pytest.fixture(autouse=True)
def own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test declares is forgotten after it."""
    declared.kinds()
    monkeypatch.setattr(declared, "KINDS", {**declared.KINDS})


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that fails is tried again at once."""
    monkeypatch.setattr(JobKind, "pause", lambda _kind, _tries: timedelta(milliseconds=10))


@pytest.fixture
def working(database_url: str) -> Working:
    """Runs a worker in the test's event loop, and stops it in peace."""

    @asynccontextmanager
    async def run(**options: Any) -> AsyncIterator[Worker]:
        database = Database(database_url, pool_size=32, keyring=KEYRING)
        worker = Worker(database, Address.parse(database_url), poll=0.1, **options)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            with suppress(asyncio.CancelledError):
                await running
            await database.close()

    return run

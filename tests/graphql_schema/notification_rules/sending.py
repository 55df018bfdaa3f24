"""A server that receives what rules tell, and a worker that sends it there, and mails into a box."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from app.outgoing import Web
from tests.app.hooks import HOST, Receiver, certificate, receiving
from tests.conftest import NotingDatabase
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.graphql_schema.accounts.mails import Letterbox
from tests.tls import Certificate

Sending = Callable[..., AbstractAsyncContextManager[Letterbox]]


@pytest.fixture(scope="module")
def proof() -> Iterator[Certificate]:
    with certificate() as made:
        yield made


@pytest.fixture
async def receiver(proof: Certificate, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """A server that its name leads to."""
    look_up = socket.getaddrinfo

    def found(host: Any, *others: Any, **options: Any) -> Any:
        return look_up("127.0.0.1" if host == HOST else host, *others, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    async with receiving(proof) as server:
        yield server


@pytest.fixture
def sending(database: NotingDatabase, receiver: Receiver, queue: Queue, working: Working) -> Sending:
    """Has all be sent that is due: by requests to the server, and by mails into a box, at the end of the block."""

    @asynccontextmanager
    async def run(box: Letterbox | None = None) -> AsyncIterator[Letterbox]:
        found = box or Letterbox()
        yield found
        web = Web(may_reach="127.0.0.1".__eq__, tls=receiver.tls, timeout=0.5)
        await database.settle()
        async with working(mailer=found, outgoing=web):
            await queue.until_empty()
        assert await queue.value("SELECT count(*) FROM queue.pgqueuer") == 0, "a job has failed"

    return run

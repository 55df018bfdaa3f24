"""A client that takes the bytes of a response as they come."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.app.serving import Served, listeners
from tests.deadline import DEADLINE
from tests.world import World

LISTEN = "subscription ($id: ID!) { documentEvents(documentId: $id) { kind document { phase } } }"
PLACE = re.compile(rb"id: (.*)\n")
COST = re.compile(rb',"extensions":{"cost":{[^{}]*{[^{}]*}}}')
BEGUN = b'{"data":{"documentEvents":{"kind":"SNAPSHOT","document":{"phase":"REQUIREMENTS"}}}}'
BEGINNING = re.compile(
    rb'(?:event: next\ndata: |\r\nContent-Type[^{]*{"payload":)' + re.escape(BEGUN) + rb"(?:\n\n|}\r\n--graphql)"
)
HEARD = b'{"data":{"documentEvents":{"kind":"DOCUMENT_EDITED","document":{"phase":"REQUIREMENTS"}}}}'


@dataclass
class Reading:
    """A response that is read piece by piece."""

    response: httpx.Response
    pieces: AsyncIterator[bytes]
    read: bytes = b""

    async def take(self, expected: bytes) -> None:
        """Read on until so many bytes are there, and compare; but for the cursors of events."""
        async with asyncio.timeout(DEADLINE):
            while len(self.read) < len(expected):
                self.read += PLACE.sub(b"", await anext(self.pieces))
        taken, self.read = self.read[: len(expected)], self.read[len(expected) :]
        assert taken == expected

    async def begin(self) -> None:
        """Read on past the answer with which a subscription begins, as if it had not come."""
        async with asyncio.timeout(DEADLINE):
            while not BEGINNING.search(self.read):
                self.read += PLACE.sub(b"", await anext(self.pieces))
        self.read = BEGINNING.sub(b"", self.read)

    async def cursor(self) -> str:
        """The cursor of the next event."""
        async with asyncio.timeout(DEADLINE):
            while not (found := PLACE.search(self.read)):
                self.read += await anext(self.pieces)
        self.read = self.read[found.end() :]
        return found[1].decode()

    async def rest(self) -> bytes:
        """All that comes until the response ends, without what it cost."""
        return COST.sub(b"", await self.whole())

    async def whole(self) -> bytes:
        """All that comes until the response ends."""
        async with asyncio.timeout(DEADLINE):
            return self.read + PLACE.sub(b"", b"".join([piece async for piece in self.pieces]))


@asynccontextmanager
async def reading(
    served: Served,
    query: str,
    *,
    accept: str,
    token: str | None = None,
    last_event_id: str | None = None,
    **variables: Any,
) -> AsyncIterator[Reading]:
    """Ask, and read what comes."""
    headers = {"accept": accept, "authorization": f"Bearer {token}"} if token else {"accept": accept}
    headers |= {"last-event-id": last_event_id} if last_event_id else {}
    body = {"query": query, "variables": variables}
    async with (
        served.client() as client,
        client.stream("POST", "/graphql", json=body, headers=headers) as response,
    ):
        yield Reading(response, response.aiter_raw())


@asynccontextmanager
async def listening(served: Served, world: World, *, accept: str) -> AsyncIterator[Reading]:
    """Hear what happens to the requirements, as Ada."""
    document = world.requirements.public_id
    async with reading(served, LISTEN, accept=accept, token=world.tokens["ada"], id=document) as stream:
        await stream.begin()
        assert listeners(served)
        yield stream

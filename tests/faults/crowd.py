"""Clients that go on whatever breaks: writers that repeat what was not answered, and listeners that come back.

Every write has an idempotency key, and is sent once more after its answer. A listener looks at the number of each
event: it is the next one, or there was a message that some are lost.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from httpx import AsyncClient, HTTPError
from sqlalchemy import text
from websockets.exceptions import WebSocketException

from db.epoch import decode
from db.outbox import Topic
from db.roots import topic_of
from tests.app.serving import PLAIN, Talk, until
from tests.deadline import DEADLINE
from tests.faults.installation import Installation

WRITERS = 3
PAUSE = 0.05
"""Seconds until a client tries again."""
WRITE = """
    mutation ($thread: ID!, $text: String!) {
        addComment(input: {threadId: $thread, content: $text}) { comment { id } errors { code } }
    }
"""
LISTEN = """
    subscription ($document: ID!, $after: String) {
        documentEvents(documentId: $document, after: $after) { kind cursor comment { id } document { version } }
    }
"""
TRY_AGAIN = {"SERVICE_UNAVAILABLE", "OVERLOADED", "GATEWAY_TIMEOUT"}
WRITTEN = "SELECT content FROM comments WHERE content LIKE :name || '%'"


@dataclass(eq=False)
class Listener:
    """Somebody who listens to a document, behind the last cursor that they have seen."""

    topic: Topic
    cursor: str | None = None
    epoch: str = ""
    position: int = 0
    """The number in the epoch of the last event."""
    comments: dict[int, str] = field(default_factory=dict)
    """What it has heard of in the epoch, by the numbers of the events."""
    has_begun: bool = False
    is_behind: bool = True
    """Whether it does not know what there is: at the beginning, and where it was told that events are lost."""
    gaps: int = 0
    connections: int = 0

    def hear(self, answer: Any) -> None:
        """Take in an answer. An event that is not the next one was lost or doubled, unless a gap was told."""
        gap = answer["errors"][0] if "errors" in answer else answer.get("extensions", {}).get("gap")
        if gap:
            assert gap["extensions"]["code"] == "HISTORY_GAP", answer
            self.gaps += 1
            self.is_behind = True
        if answer["data"]:  # where the database cannot even say what there is, a gap is all that there is to say
            self._hear(answer["data"]["documentEvents"])

    def _hear(self, event: Any) -> None:
        self.cursor = event["cursor"]
        epoch, number = decode(self.topic, self.cursor)
        if epoch != self.epoch:
            assert self.is_behind
            self.epoch, self.position = epoch, 0
            self.comments.clear()
        if event["kind"] == "SNAPSHOT":
            assert self.is_behind
            assert number >= self.position
        else:
            assert number == self.position + 1 or (self.is_behind and number > self.position), number
            self.comments[number] = event["comment"]["id"]
        self.position, self.has_begun, self.is_behind = number, True, False


@dataclass(eq=False)
class Crowd:
    """The clients of one test, with what they have written and heard."""

    installation: Installation
    listeners: list[Listener]
    name: str = field(default_factory=lambda: uuid4().hex)
    written: dict[str, str] = field(default_factory=dict)
    """The comments that were answered for, by their texts."""

    async def writes(self, more: int) -> None:
        """Wait until there are so many writes more."""
        before = len(self.written)
        await until(lambda: len(self.written) >= before + more)

    async def write_until(self, is_enough: Callable[[], bool], place: int = 0) -> None:
        """Write one comment after another, at one process after the other."""
        async with AsyncClient(
            verify=PLAIN, timeout=DEADLINE, headers={"Authorization": self._authorization}
        ) as client:
            while not is_enough():
                await self._write(client, f"{self.name} {place} {len(self.written)}")

    async def _write(self, client: AsyncClient, content: str) -> None:
        """Write a comment, and say it again until there are two answers, as if the first had been lost."""
        variables = {"thread": self.installation.world.thread_0.public_id, "text": content}
        body = {"query": WRITE, "variables": variables, "extensions": {"idempotencyKey": uuid4().hex}}
        answers = list[str]()
        async with asyncio.timeout(DEADLINE):
            while len(answers) < 2:
                try:
                    answer = (await client.post(f"http://{self.installation.next.address}/graphql", json=body)).json()
                except HTTPError:
                    await asyncio.sleep(PAUSE)
                    continue
                if "errors" in answer:
                    assert {error["extensions"]["code"] for error in answer["errors"]} <= TRY_AGAIN, answer
                    await asyncio.sleep(PAUSE)
                else:
                    assert answer["data"]["addComment"]["comment"], answer
                    answers.append(answer["data"]["addComment"]["comment"]["id"])
        (self.written[content],) = {*answers}

    async def listen_on(self, listener: Listener) -> None:
        """Listen, and come back to the next process whenever the connection is lost."""
        deadline = asyncio.get_running_loop().time() + DEADLINE
        while asyncio.get_running_loop().time() < deadline:
            listener.connections += 1
            try:
                async with self.installation.next.served.talk(authorization=self._authorization) as talk:
                    await self._hear(talk, listener)
            except (OSError, WebSocketException):
                await asyncio.sleep(PAUSE)

    async def _hear(self, talk: Talk, listener: Listener) -> None:
        document, number = self.installation.world.requirements.public_id, 0
        while True:
            number += 1
            await talk.ask(LISTEN, key=str(number), document=document, after=listener.cursor)
            while (message := await talk.hear_all())["type"] == "next":
                listener.hear(message["payload"])
            assert message["type"] == "error", message  # whatever breaks, it completes no subscription
            assert {error["extensions"]["code"] for error in message["payload"]} <= TRY_AGAIN, message

    async def all_is_there(self, before: int) -> None:
        """Check that every write is there once, with one event, and that every listener has heard it or a snapshot."""
        async with self.installation.database.read() as session:
            found = (await session.scalars(text(WRITTEN), {"name": self.name})).all()
        assert sorted(found) == sorted(self.written)
        past = await self.installation.database.past(self._topic, before)
        assert past.follows(before)
        comments = {event.sequence: event.ids["comment"] for event in past.events}
        assert sorted(comments.values()) == sorted(self.written.values())
        await until(lambda: all(listener.position == past.sequence for listener in self.listeners))
        for listener in self.listeners:
            assert listener.comments.items() <= comments.items()
            assert listener.gaps or listener.comments == comments

    @property
    def gaps(self) -> int:
        """How often listeners were told that events are lost."""
        return sum(listener.gaps for listener in self.listeners)

    @property
    def returns(self) -> int:
        """How often listeners came back."""
        return sum(listener.connections - 1 for listener in self.listeners)

    @property
    def _authorization(self) -> str:
        return f"Bearer {self.installation.world.tokens['ada']}"

    @property
    def _topic(self) -> Topic:
        return topic_of(self.installation.world.atlas)


@asynccontextmanager
async def crowd(installation: Installation, *, listeners: int = 4, writers: int = WRITERS) -> AsyncIterator[Crowd]:
    """Clients that write and listen for as long as it lasts; in the end all that is written is there and heard."""
    topic, enough = topic_of(installation.world.atlas), asyncio.Event()
    past = await installation.database.past(topic, None)
    found = Crowd(installation, [Listener(topic) for _ in range(listeners)])
    async with asyncio.TaskGroup() as tasks:
        ears = [tasks.create_task(found.listen_on(listener)) for listener in found.listeners]
        await until(lambda: all(listener.has_begun for listener in found.listeners))
        hands = [tasks.create_task(found.write_until(enough.is_set, place)) for place in range(writers)]
        yield found
        enough.set()
        await asyncio.gather(*hands)
        await found.all_is_there(past.sequence)
        for ear in ears:
            ear.cancel()

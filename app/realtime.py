"""Events between processes over Redis pub/sub: subscribers of every process hear of what another has committed.

A process holds one pub/sub connection, however many subscribers it has. Two tasks own it: one reads, one keeps the
channels equal to the topics that have listeners. When it breaks or falls silent they end, and a new one takes up the
same channels. Events that came in between are not heard: HistoryGap tells the listeners so. An event that was published
twice is heard once.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
import structlog
from redis import ConnectionError as ConnectionLost
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.backoff import ExponentialWithJitterBackoff

from app.redis import LOST, never_again, once_more
from db.background import Background
from db.errors import HistoryGap, Refusal
from db.outbox import Event, Topic

TIMEOUT = 2.0
MAX_FAILURES = 10

log = structlog.get_logger()


class Unavailable(Refusal):
    """Redis does not answer, so nobody can promise to hear."""

    code = "SERVICE_UNAVAILABLE"
    default = "Events cannot be heard right now. Try again."


class Realtime:
    """Publishes events and hears those of all processes. An asynchronous context manager: it hears from its start on.

    `prefix` begins the name of every channel. A listener that falls `queue_size` events behind hears no more. After
    `heartbeat` seconds of silence the server is asked for a sign of life; after as many again without one the
    connection counts as lost.
    """

    def __init__(self, url: str, *, prefix: str = "trellis:", queue_size: int = 256, heartbeat: float = 5) -> None:
        self.prefix = prefix
        self.queue_size = queue_size
        self.heartbeat = heartbeat
        # Timeouts are ours: under Python 3.11 those of the client can swallow a cancellation.
        self._publishing = Redis.from_url(url, retry=once_more(), socket_timeout=None)
        # This one must not reconnect by itself: nobody would know that events were missed.
        name = f"trellis-{os.getpid()}"
        self._listening = Redis.from_url(url, retry=never_again(), protocol=2, client_name=name, socket_timeout=None)
        self._background = Background("listener", self._stay_connected)
        self._channels: dict[Topic, _Channel] = {}
        self._changed: asyncio.Queue[Topic] = asyncio.Queue()
        self._connected = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(*error)
        # A connection to a server that does not answer may not want to close.
        for redis in (self._listening, self._publishing):
            with suppress(TimeoutError, *LOST):
                async with asyncio.timeout(TIMEOUT):
                    await redis.aclose()

    async def publish(self, events: Sequence[Event]) -> None:
        """Tell all processes of committed events, in their order; raises TimeoutError and what is in LOST.

        Then some of them may have been told all the same.
        """
        async with asyncio.timeout(TIMEOUT), self._publishing.pipeline(transaction=False) as pipeline:
            for event in events:
                pipeline.publish(self.prefix + event.topic, orjson.dumps(event))
            await pipeline.execute()

    @asynccontextmanager
    async def listen(self, topic: Topic) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of a topic. Once entered, Redis has acknowledged the channel, so that no later event is missed.

        Raises Unavailable when Redis does not answer. The iteration raises HistoryGap where events are lost: for a
        listener that does not keep up, when the connection was lost, and when a number is left out.
        """
        channel = self._channels.setdefault(topic, _Channel())
        listener = _Listener(self.queue_size)
        channel.listeners.add(listener)
        self._changed.put_nowait(topic)
        try:
            await self._acknowledged(channel)
            yield listener
        finally:
            channel.listeners.discard(listener)
            self._changed.put_nowait(topic)

    async def ping(self) -> None:
        """Ask Redis for a sign of life and wait until events are heard; raise what is wrong."""
        await self._publishing.ping()
        await self._connected.wait()

    async def _acknowledged(self, channel: "_Channel") -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                await channel.acknowledged.wait()
        except TimeoutError:
            raise Unavailable from None

    async def _stay_connected(self) -> None:
        pauses, failures = ExponentialWithJitterBackoff(base=0.05, cap=1), 0
        while True:
            try:
                await self._converse()
            except* LOST as lost:
                log.warning("redis connection lost", error=str(lost.exceptions[0]))
            except* Exception:
                log.exception("redis connection given up")
            finally:
                for channel in self._channels.values():
                    channel.forget()
            # The pauses grow with them no further, and would overflow in the end.
            failures = 1 if self._connected.is_set() else min(failures + 1, MAX_FAILURES)
            self._connected.clear()
            await asyncio.sleep(pauses.compute(failures))

    async def _converse(self) -> None:
        pubsub = self._listening.pubsub()
        try:
            async with asyncio.timeout(TIMEOUT):
                await pubsub.connect()  # type: ignore[no-untyped-call]
            for topic in self._channels:
                self._changed.put_nowait(topic)
            self._connected.set()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(pubsub))
                tasks.create_task(self._follow(pubsub))
        finally:
            async with asyncio.timeout(TIMEOUT):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _read(self, pubsub: PubSub) -> None:
        """Hand on what arrives. A lost connection may look like silence, so silence is probed."""
        asked = False
        while True:
            message = await pubsub.get_message(timeout=self.heartbeat)
            if message is not None:
                self._hear(message)
            elif asked:
                raise ConnectionLost("The server gives no sign of life.")
            else:
                await pubsub.ping()
            asked = message is None

    def _hear(self, message: dict[str, Any]) -> None:
        topic = (message["channel"] or b"").decode().removeprefix(self.prefix)
        channel = self._channels.get(topic)
        if channel is None:
            return
        if message["type"] == "subscribe":
            channel.acknowledged.set()
            self._changed.put_nowait(topic)
        elif message["type"] == "message":
            channel.hear(message["data"])

    async def _follow(self, pubsub: PubSub) -> None:
        """Subscribe to what somebody listens to and unsubscribe from what nobody does."""
        while True:
            topics = {await self._changed.get()}
            while not self._changed.empty():
                topics.add(self._changed.get_nowait())
            joined, left = self._settled(topics & self._channels.keys())
            if joined:
                await pubsub.subscribe(*joined)
            if left:
                await pubsub.unsubscribe(*left)

    def _settled(self, topics: set[Topic]) -> tuple[list[str], list[str]]:
        """The names of the channels to join and to leave. Noted before they are sent, so nobody joins in between."""
        joined = [topic for topic in topics if self._channels[topic].is_wanted]
        left = [topic for topic in topics if self._channels[topic].is_unwanted]
        for topic in joined:
            self._channels[topic].asked = True
        for topic in left:
            del self._channels[topic]
        return [self.prefix + topic for topic in joined], [self.prefix + topic for topic in left]


class _Listener:
    """The events that one subscriber has yet to take."""

    def __init__(self, size: int) -> None:
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(size)
        """None wakes a subscriber that waits when events are lost."""
        self._has_gap = False

    def hear(self, event: Event) -> None:
        if self._events.full():
            self.lose()
        if not self._has_gap:
            self._events.put_nowait(event)

    def lose(self) -> None:
        if not self._has_gap and self._events.empty():
            self._events.put_nowait(None)
        self._has_gap = True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event, in order. Those before the gap still come, then HistoryGap is raised."""
        if self._has_gap and self._events.empty():
            raise HistoryGap
        event = await self._events.get()
        if event is None:
            raise HistoryGap
        return event


@dataclass(slots=True)
class _Channel:
    """The listeners of a topic, and whether the server knows of the channel."""

    listeners: set[_Listener] = field(default_factory=set)
    asked: bool = False
    last: int = 0
    """The number of the last event that was heard; 0 before the first."""
    epoch: str = ""
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_wanted(self) -> bool:
        return bool(self.listeners) and not self.asked

    @property
    def is_unwanted(self) -> bool:
        """Given up only once acknowledged: an acknowledgement on its way would else be taken for that of the next."""
        return not self.listeners and (self.acknowledged.is_set() or not self.asked)

    def forget(self) -> None:
        """A new connection knows nothing of this channel, and events are lost for whoever was heard for."""
        if self.acknowledged.is_set():
            self._lose()
        self.asked = False
        self.last = 0
        self.acknowledged.clear()

    def hear(self, data: bytes) -> None:
        try:
            event = Event(**orjson.loads(data))
        except (ValueError, TypeError):
            log.warning("not an event", bytes=len(data))
            return
        if event.sequence:  # what is not of the outbox has none, and no order
            if event.sequence <= self.last and event.epoch == self.epoch:  # a relay has published it a second time
                return
            # In another epoch a lower number is that of another event.
            if self.last and event.sequence != self.last + 1:
                self._lose()
            self.last, self.epoch = event.sequence, event.epoch
        for listener in self.listeners:
            listener.hear(event)

    def _lose(self) -> None:
        for listener in self.listeners:
            listener.lose()

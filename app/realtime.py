"""Events between processes over Redis pub/sub: subscribers of every process hear of what another has committed.

A process holds one pub/sub connection, however many subscribers it has, or one to each node of a cluster
(`app.shards`). A task reads each of them, and one keeps the channels equal to the topics that have listeners. When a
connection breaks or falls silent they end, and new ones take up the same channels. What was published in between is
read from the outbox (`app.channels`), and so is what Redis has lost without a word: every few seconds the numbers of
all channels are looked at. An event that was published twice is heard once. Subscribers that come back read what they
have missed from Redis (`app.history`), or else from the outbox.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self

import orjson
import structlog
from redis import ConnectionError as ConnectionLost
from redis.asyncio.client import PubSub
from redis.backoff import ExponentialWithJitterBackoff

from app.channels import Channel, Hears, Listener, Read
from app.history import event_of, keep, kept
from app.redis import LOST, connect, is_away, once_more
from app.shards import JOINED, LEFT, TIMEOUT, TOLD, Shards
from db.background import Background
from db.errors import Refusal
from db.history import Past
from db.outbox import Event, Topic

MAX_FAILURES = 10
PAUSE = 0.2
"""Seconds until what could not be read from the outbox is read again."""

log = structlog.get_logger()


class Unavailable(Refusal):
    """Redis does not answer, so nobody can promise to hear."""

    code = "SERVICE_UNAVAILABLE"
    default = "Events cannot be heard right now. Try again."


class Realtime:
    """Publishes events and hears those of all processes. An asynchronous context manager: it hears from its start on.

    `past` reads what is missing; without it a gap is told at once. `prefix` begins the name of every channel. A
    listener that falls `queue_size` events behind loses some. After `heartbeat` seconds of silence the server is asked
    for a sign of life, after as many again without one the connection counts as lost; and so often all is looked at.
    """

    def __init__(
        self,
        url: str,
        past: Read | None = None,
        *,
        prefix: str = "trellis:",
        queue_size: int = 10_000,
        heartbeat: float = 5,
    ) -> None:
        self.past = past
        self.prefix = prefix
        self.queue_size = queue_size
        self.heartbeat = heartbeat
        self._publishing = connect(url, retry=once_more())
        self._shards = Shards(url, name=f"trellis-{os.getpid()}")
        self._background = Background("listener", self._stay_connected)
        self._filling = Background("history", self._fill)
        self._channels: dict[Topic, Channel] = {}
        self._changed: asyncio.Queue[Topic] = asyncio.Queue()
        self._missing = asyncio.Event()
        self._connected = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        if self.past:
            await self._filling.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        if self.past:
            await self._filling.__aexit__(*error)
        await self._background.__aexit__(*error)
        # A connection to a server that does not answer may not want to close.
        for one in (self._shards, self._publishing):
            with suppress(TimeoutError, *LOST):
                async with asyncio.timeout(TIMEOUT):
                    await one.aclose()

    async def publish(self, events: Sequence[Event]) -> None:
        """Tell all processes of committed events, in their order, and keep them for those who come back; raises
        TimeoutError and what is in LOST.

        Then some of them may have been told all the same.
        """
        async with asyncio.timeout(TIMEOUT), self._publishing.pipeline(transaction=False) as pipeline:
            keep(pipeline, self.prefix, events)  # first: what somebody has heard is kept
            for event in events:
                pipeline.execute_command(self._shards.publish, self.prefix + event.topic, orjson.dumps(event))
            await pipeline.execute()

    @asynccontextmanager
    async def listen(self, topic: Topic) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of a topic. Once entered, Redis has acknowledged the channel, so that no later event is missed.

        Raises Unavailable when Redis or the database does not answer. The iteration raises HistoryGap where events are
        lost, and goes on behind it: for a listener that does not keep up, and where the outbox has them no more.
        """
        listener = Listener(self.queue_size)
        with self.hearing(topic, listener) as channel:
            await self._acknowledged(channel)
            yield listener

    @contextmanager
    def hearing(self, topic: Topic, listener: Hears) -> Iterator[Channel]:
        """Hand the events of a topic to a listener. Once the channel `is_heard`, no later event is missed."""
        channel = self._channels.setdefault(topic, Channel(topic, self.past))
        channel.listeners.add(listener)
        self._changed.put_nowait(topic)
        try:
            yield channel
        finally:
            channel.listeners.discard(listener)
            self._changed.put_nowait(topic)

    async def since(self, topic: Topic, epoch: str, after: int) -> Past:
        """The events behind a number in a topic that is listened to, up to those that its listeners are yet to hear.

        It is read from Redis, or from the outbox what that has not whole, which may be in another epoch. Raises what
        the database does.
        """
        assert self.past
        channel = self._channels.get(topic)
        if channel and channel.epoch == epoch and channel.last is not None and after <= channel.last:
            last = channel.last
            events = await self._kept(topic, epoch, after) if after < last else []
            known = events[-1].sequence if events else after
            if known >= last:  # else there are some that the listeners know of, and are not published yet
                return Past(epoch, known, events)
        return await self.past(topic, after)

    async def ping(self) -> None:
        """Ask Redis for a sign of life and wait until events are heard; raise what is wrong."""
        await self._publishing.ping()
        await self._connected.wait()

    async def _kept(self, topic: Topic, epoch: str, after: int) -> list[Event]:
        with suppress(TimeoutError, *LOST):
            async with asyncio.timeout(TIMEOUT):
                return await kept(self._publishing, self.prefix, topic, epoch, after)
        return []

    async def _acknowledged(self, channel: Channel) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                await channel.is_heard.wait()
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
        async with self._shards.connected() as pubsubs:
            for topic in self._channels:
                self._changed.put_nowait(topic)
            self._connected.set()
            async with asyncio.TaskGroup() as tasks:
                for pubsub in pubsubs:
                    tasks.create_task(self._read(pubsub))
                tasks.create_task(self._follow())

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
        if message["type"] in JOINED:
            channel.join()
            self._changed.put_nowait(topic)
        elif message["type"] in LEFT and channel.is_joined:
            raise ConnectionLost("A channel is on another node now.")
        elif message["type"] in TOLD and (event := event_of(message["data"])):
            channel.hear(event)
        if channel.is_missing:
            self._missing.set()

    async def _fill(self) -> None:
        """Fill the gaps, and look now and then whether there are any that nobody has noticed."""
        looked = asyncio.get_running_loop().time()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(looked + self.heartbeat):
                    await self._missing.wait()
            self._missing.clear()
            channels, now = [*self._channels.values()], asyncio.get_running_loop().time()
            if now < looked + self.heartbeat:
                channels = [channel for channel in channels if channel.is_missing]
            else:
                looked = now
            if any([await self._filled(channels), *(channel.is_missing for channel in channels)]):
                self._missing.set()

    async def _filled(self, channels: Sequence[Channel]) -> bool:
        """Fill these; returns whether that failed, as the database is away, after a pause."""
        found = await asyncio.gather(*(channel.fill() for channel in channels), return_exceptions=True)
        errors = [error for error in found if isinstance(error, BaseException)]
        for error in errors:
            if not is_away(error):
                raise error
        if errors:
            log.warning("history not read", error=repr(errors[0]))
            await asyncio.sleep(PAUSE)
        return bool(errors)

    async def _follow(self) -> None:
        """Subscribe to what somebody listens to and unsubscribe from what nobody does."""
        while True:
            topics = {await self._changed.get()}
            while not self._changed.empty():
                topics.add(self._changed.get_nowait())
            joined, left = self._settled(topics & self._channels.keys())
            if joined:
                await self._shards.join(joined)
            if left:
                await self._shards.leave(left)

    def _settled(self, topics: set[Topic]) -> tuple[list[str], list[str]]:
        """The names of the channels to join and to leave. Noted before they are sent, so nobody joins in between."""
        joined = [topic for topic in topics if self._channels[topic].is_wanted]
        left = [topic for topic in topics if self._channels[topic].is_unwanted]
        for topic in joined:
            self._channels[topic].is_asked_for = True
        for topic in left:
            del self._channels[topic]
        return [self.prefix + topic for topic in joined], [self.prefix + topic for topic in left]

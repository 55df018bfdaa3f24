"""The people in each room, such as a document, over all processes: kept in Redis, and gone when nobody says so again.

A process makes one call for all its rooms, twice a second, whatever the number of its sockets: it says who of its own
has come, left or types, every few seconds who is still there, and learns who else is. So everybody comes to see one
state, whatever was lost before, and people of a process that was killed are gone soon. While Redis is away a process
shows its own people, and after a while no others.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID, uuid4

import orjson
import structlog

from app.redis import LOST, connect, never_again
from db.background import Background
from db.outbox import Topic
from graphql_schema.core.context import MAX_HERE, Here

TIMEOUT = 1.0
GATHERING = 0.1
"""Seconds in which those who come, leave and type gather for one call."""
HEARTBEATS = 3
"""How often a process says again who of its own is there, in the time after which they would be gone."""
THROTTLE = 1.0
"""Seconds in which a person is noted to type once, however often they say so."""
CALL_SIZE = 100
"""Rooms in one call, which holds up everybody else on the server."""
MAX_MEMBERS = 1_000
"""Members of a room that are read: a person is one for each process that they are connected to."""
TYPING = "typing"
NOBODY = Here((), ())

# A room is a sorted set: a person at a process, or a person who types, with the time at which it expires.
# KEYS: rooms. ARGV: the process; the milliseconds until people are gone, and until they do not type any more; of each
# room those who are here, those who left, and those who type. The answer has the members of each room.
RECONCILE = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local said = cjson.decode(ARGV[4])
local found = {{}}
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  for _, one in ipairs(said[i][1]) do redis.call('ZADD', key, now + ARGV[2], one .. ':' .. ARGV[1]) end
  for _, one in ipairs(said[i][2]) do redis.call('ZREM', key, one .. ':' .. ARGV[1]) end
  for _, one in ipairs(said[i][3]) do redis.call('ZADD', key, now + ARGV[3], one .. ':{TYPING}') end
  redis.call('PEXPIRE', key, ARGV[2])
  found[i] = redis.call('ZRANGE', key, 0, {MAX_MEMBERS - 1})
end
return found
"""

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Room:
    """A room as this process knows it."""

    own: Counter[UUID] = field(default_factory=Counter)
    """The subscriptions of this process, by person."""
    come: set[UUID] = field(default_factory=set)
    left: set[UUID] = field(default_factory=set)
    typing: set[UUID] = field(default_factory=set)
    """People who have come, have left, and type, of whom Redis has not been told."""
    members: Sequence[str] = ()
    """Those whom Redis has named."""
    here: Here = NOBODY
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    known: tuple[Any, ...] | None = None
    """All that the state was made of; None while nobody knows it."""

    def learn(self, members: Sequence[str]) -> None:
        """Take over what Redis has told, or that it tells nothing, and tell of it what is new."""
        known = members, frozenset(self.own), frozenset(self.left)
        if known == self.known:
            return
        self.members, self.known, is_new = members, known, self.known is None
        named = [member.partition(":") for member in members]
        people = {UUID(person) for person, _, at in named if at != TYPING} - self.left | self.own.keys()
        typing = {UUID(person) for person, _, at in named if at == TYPING} & people
        here = Here(sorted(people)[:MAX_HERE], sorted(typing)[:MAX_HERE])
        if here != self.here or is_new:
            self.here = here
            self.changed.set()
            self.changed = asyncio.Event()

    async def states(self) -> AsyncIterator[Here]:
        """The state, and then each other one. A slow listener gets the last, not all of them."""
        last = None
        while True:
            while self.known is None or self.here == last:
                await self.changed.wait()
            yield (last := self.here)


class Presence:
    """The rooms of this process. An asynchronous context manager; at its end its people have left.

    `prefix` begins every key in Redis, which is called every `interval` seconds while there are rooms. People are gone
    `life` seconds after their process last said that they are there, and stop typing after `typing` seconds.
    """

    def __init__(
        self, url: str, *, prefix: str = "trellis:", interval: float = 0.5, life: float = 10, typing: float = 4
    ) -> None:
        self.interval = interval
        self.life = life
        self.typing = typing
        # The rooms of one call must lie on one node of a cluster: what is in braces decides on which.
        self._prefix = f"{{{prefix}presence}}:"
        self._process = uuid4().hex
        self._redis = connect(url, retry=never_again(), decode_responses=True)
        self._reconcile = self._redis.register_script(RECONCILE)
        self._background = Background("presence", self._stay_reconciled)
        self._rooms: dict[Topic, _Room] = {}
        self._typed: dict[tuple[Topic, UUID], float] = {}
        """The times at which people were last noted to type."""
        self._woken = asyncio.Event()
        self._beaten = self._reached = 0.0
        self._is_away = False

    async def __aenter__(self) -> Self:
        await self._background.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._background.__aexit__(*error)
        for room in self._rooms.values():
            room.left |= room.own.keys()
            room.own.clear()
        for farewell in (self.reconcile, self._redis.aclose):
            with suppress(TimeoutError, *LOST):
                async with asyncio.timeout(TIMEOUT):
                    await farewell()

    @asynccontextmanager
    async def here(self, topic: Topic, person: UUID) -> AsyncIterator[AsyncIterator[Here]]:
        """Be in a room for as long as it lasts; yields its states with oneself, the first as soon as it is known."""
        room = self._rooms.setdefault(topic, _Room())
        room.own[person] += 1
        if room.own[person] == 1:
            room.come.add(person)
            room.left.discard(person)
        if room.known:
            room.learn(room.members)
        self._woken.set()
        try:
            yield room.states()
        finally:
            room.own[person] -= 1
            if not room.own[person]:
                del room.own[person]
                room.come.discard(person)
                room.left.add(person)
                self._woken.set()

    def type(self, topic: Topic, person: UUID) -> None:
        """Note that somebody types in a room. Where they are not, nobody sees it."""
        now = time.monotonic()
        if now - self._typed.get((topic, person), -THROTTLE) < THROTTLE:
            return
        self._typed[topic, person] = now
        self._rooms.setdefault(topic, _Room()).typing.add(person)
        self._woken.set()

    async def reconcile(self) -> None:
        """Tell Redis what is new here and learn what is elsewhere; raises TimeoutError and what is in `LOST`."""
        now = time.monotonic()
        if is_due := now - self._beaten >= self.life / HEARTBEATS:
            self._beaten = now
            self._typed = {one: at for one, at in self._typed.items() if now - at < THROTTLE}
        topics = [*self._rooms]
        for start in range(0, len(topics), CALL_SIZE):
            await self._call(topics[start : start + CALL_SIZE], is_due=is_due)
        self._reached = time.monotonic()

    async def _call(self, topics: Sequence[Topic], *, is_due: bool) -> None:
        rooms = [self._rooms[topic] for topic in topics]
        said = [(set(room.own) if is_due else {*room.come}, {*room.left}, {*room.typing}) for room in rooms]
        told = orjson.dumps([[[one.hex for one in people] for people in each] for each in said])
        arguments: list[Any] = [self._process, round(self.life * 1_000), round(self.typing * 1_000), told]
        async with asyncio.timeout(TIMEOUT):
            found = await self._reconcile([self._prefix + topic for topic in topics], arguments)
        for topic, room, members, (come, left, typing) in zip(topics, rooms, found, said, strict=True):
            room.come -= come
            room.left -= left
            room.typing -= typing
            room.learn(members)
            if not (room.own or room.left or room.typing):
                del self._rooms[topic]

    async def _stay_reconciled(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.interval if self._rooms else None):
                    await self._woken.wait()
            await asyncio.sleep(min(GATHERING, self.interval))
            self._woken.clear()
            try:
                await self.reconcile()
            except (TimeoutError, *LOST) as lost:
                self._note(is_away=True, error=repr(lost))
                self._go_on_alone()
            else:
                self._note(is_away=False)

    def _note(self, *, is_away: bool, **details: str) -> None:
        if is_away != self._is_away:
            self._is_away = is_away
            log.warning("presence is not shared" if is_away else "presence is shared again", **details)

    def _go_on_alone(self) -> None:
        """Show the people of this process, and those of others for as long as they may still be there."""
        self._beaten = 0.0  # Redis may have forgotten everybody
        is_stale = time.monotonic() - self._reached > self.life
        for topic, room in [*self._rooms.items()]:
            room.typing.clear()
            room.learn(() if is_stale else room.members)
            if is_stale and not room.own:
                del self._rooms[topic]

"""The changes of users that make a viewer stale, from whichever process: the events of what is theirs tell of them.

They are heard for as long as something is cached of a user, so that nothing is believed longer than until it changes.
"""

import asyncio
import time
from contextlib import ExitStack
from typing import NamedTuple
from uuid import UUID

from app.realtime import Realtime
from db.outbox import Event, Topic, topic, viewer_topic
from db.tables import NotificationEventKind

HEARD_FOR = 10.0
"""Seconds for which the changes of a user are heard after they were asked for last."""


class State(NamedTuple):
    """How often a user has changed as far as that was heard, and whether no later change is missed."""

    changes: int
    is_heard: bool


class Changes:
    """The changes of one user. What was read in another state than that of now may be stale."""

    def __init__(self, realtime: Realtime, user_id: UUID) -> None:
        self.asked_at = 0.0
        self._number = 0
        self._hearing = ExitStack()
        self._channels = [self._hearing.enter_context(realtime.hearing(one, self)) for one in topics(user_id)]

    @property
    def state(self) -> State:
        """The state at this moment."""
        return State(self._number, all(channel.is_heard.is_set() for channel in self._channels))

    def hear(self, event: Event) -> None:
        """Count an event that may have changed a viewer."""
        if may_change(event):
            self._number += 1

    def lose(self) -> None:
        """Count as a change what was lost."""
        self._number += 1

    def close(self) -> None:
        """Hear nothing more."""
        self._hearing.close()


class Heard:
    """The users whose changes are heard in this process."""

    def __init__(self, realtime: Realtime) -> None:
        self.realtime = realtime
        self._users: dict[UUID, Changes] = {}

    def of(self, user_id: UUID) -> Changes:
        """The changes of a user, which are heard from now on for HEARD_FOR seconds, and as long after each call."""
        if (found := self._users.get(user_id)) is None:
            found = self._users[user_id] = Changes(self.realtime, user_id)
            asyncio.get_running_loop().call_later(HEARD_FOR, self._let_go, user_id)
        found.asked_at = time.monotonic()
        return found

    def _let_go(self, user_id: UUID) -> None:
        left = self._users[user_id].asked_at + HEARD_FOR - time.monotonic()
        if left > 0:
            asyncio.get_running_loop().call_later(left, self._let_go, user_id)
        else:
            self._users.pop(user_id).close()


def topics(user_id: UUID) -> tuple[Topic, Topic]:
    """The topics whose events tell what a viewer is: of the user, their sessions and keys, and of their memberships."""
    return topic("user", user_id), viewer_topic(user_id)


def may_change(event: Event) -> bool:
    """Whether a viewer may be another behind an event in a topic of theirs: all but what they are told of."""
    return event.kind not in NotificationEventKind.__members__

"""A crowd: people with the names of real people, shuffled."""

from bisect import bisect
from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import NamedTuple
from uuid import UUID

from db import tables
from db.demo.people import slug
from db.demo.rows import Batch, Row, dice, key, row
from db.demo.scale.texts import UNTIL, Texts, groups
from db.demo.sources import moment
from db.tables import IdentityKind, UserRole

BATCH = 5_000
TEACHERS = 50  # one in so many
ONE_IN_A_HUNDRED = 0.01  # has an account that is closed
SIGNED_IN = 0.9  # of all have signed in
_FIRST, _LAST = moment("2017-01-01"), moment("2026-01-01")


class Somebody(NamedTuple):
    """One of the crowd."""

    id: UUID
    name: str
    email: str
    since: datetime
    role: UserRole


class Crowd:
    """Everybody generated, in the order in which they came."""

    def __init__(self, texts: Texts, count: int) -> None:
        random = dice("crowd")
        times = sorted(_FIRST + (_LAST - _FIRST) * random.random() for _ in range(count))
        self.people = [_somebody(number, at, texts, random) for number, at in enumerate(times)]
        self._since = times

    @property
    def row_count(self) -> int:
        """An account and an address each."""
        return 2 * len(self.people)

    @property
    def teachers(self) -> list[Somebody]:
        """Those who give courses."""
        return self.people[::TEACHERS]

    def some(self, count: int, *, at: datetime, random: Random) -> list[Somebody]:
        """So many of those who were there at a time, or all of them when they were fewer."""
        there = bisect(self._since, at)
        return [self.people[number] for number in random.sample(range(there), min(count, there))]

    def batches(self) -> Iterator[Batch]:
        """Their accounts, with the addresses that are theirs."""
        for group in groups(self.people, BATCH):
            yield Batch(tables.User, [_user(somebody) for somebody in group])
            yield Batch(tables.Identity, [_address(somebody) for somebody in group])


def _somebody(number: int, at: datetime, texts: Texts, random: Random) -> Somebody:
    name = f"{random.choice(texts.given)} {random.choice(texts.family)}"
    email = f"{slug(name)}.{number}@example.com"
    role = UserRole.INSTRUCTOR if number % TEACHERS == 0 else random.choice([UserRole.STUDENT, UserRole.DEVELOPER])
    return Somebody(key(tables.User, email, at=at), name, email, at, role)


def _address(one: Somebody) -> Row:
    return row(tables.Identity, one.email, at=one.since, user_id=one.id, kind=IdentityKind.EMAIL, value=one.email)


def _user(one: Somebody) -> Row:
    chance = dice(one.email).random()
    return row(
        tables.User,
        one.email,
        at=one.since,
        email=one.email,
        email_verified_at=one.since,
        name=one.name,
        role=one.role,
        is_active=chance > ONE_IN_A_HUNDRED,
        last_login_at=None if chance > SIGNED_IN else one.since + (UNTIL - one.since) * chance,
        last_seen_at=UNTIL,
    )

"""The demo data: real people, projects, courses and repositories, loaded into an empty database.

Everything is in `data/`, with its sources, its licences and what the loader adds to it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

from db import tables
from db.actions.accounts import hasher
from db.actions.counting_days import COUNTING
from db.address import Address
from db.base import Base
from db.demo import (
    courses,
    identities,
    invitations,
    learning,
    members,
    modules,
    notification_rules,
    people,
    quizzes,
    repositories,
    seeds,
    specs,
    talk,
    visits,
)
from db.demo.people import People
from db.demo.rows import Batch, row
from db.demo.scale import Multiples
from db.demo.sources import Sources
from db.keyring import Keyring
from db.statements import compiled
from db.tables import UserRole

Progress = Callable[[str, int, int], None]

PEOPLED = "SELECT EXISTS (SELECT FROM users)"
TOUCHED = "SELECT DISTINCT repository_id FROM touched_days ORDER BY repository_id"
COUNT = compiled(COUNTING)
PASSWORD = "trellis-demo"  # noqa: S105  (no secret: it is told to whoever starts the demo)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody to sign in as, and what they see."""

    email: str
    name: str
    about: str


PEOPLE = [
    DemoPerson(
        "vadim.pavlov@example.com",
        "Vadim Pavlov",
        "leads five specification projects, has finished one course and is learning Rust",
    ),
    DemoPerson(
        "patrick.arminio@example.com",
        "Patrick Arminio",
        "owns the organization strawberry-graphql with its repository of 4,079 commits",
    ),
    ADMINISTRATOR := DemoPerson(
        "gregor.martynus@example.com",
        "Gregor Martynus",
        "administers the platform: sees everything",
    ),
]


def _unwatched(_label: str, _done: int, _total: int) -> None:
    """Tell nobody of the progress."""


async def is_empty(database_url: str) -> bool:
    """Whether nobody is in the database yet."""
    async with _connection(database_url) as connection:
        return not await connection.fetchval(PEOPLED)


async def load(database_url: str, keyring: Keyring, *, scale: int = 1, progress: Progress = _unwatched) -> None:
    """Fill an empty, migrated database: all of it or, when anything fails, nothing. Of several who do it, one does.
    What is sealed in it the keyring of the installation seals.

    `scale` 1 is the real data. Every step above adds the same amount of generated rows, drawn from the real ones and
    the same every time; 10 makes 1.8 million rows. `progress` hears the table, rows done, and rows in total.
    """
    sources = Sources.read()
    batches = list(_real(sources, keyring))
    real: Counter[type[Base]] = Counter()
    for batch in batches:
        real[batch.table] += len(batch.rows)
    more = Multiples(sources, real, scale=scale)
    total, done = sum(real.values()) + more.row_count, 0
    full = (batch for batch in chain(batches, more.batches()) if batch.rows)
    async with _connection(database_url) as connection:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('trellis demo data'))")
            if await connection.fetchval(PEOPLED):
                return
            async for batch in _ahead(full):
                await connection.copy_records_to_table(batch.name, columns=batch.columns, records=batch.records)
                progress(batch.name, done := done + len(batch.rows), total)
            for (repository,) in await connection.fetch(TOUCHED):
                await connection.execute(COUNT.sql, *COUNT.arguments({"repository": repository}))
        await connection.execute("VACUUM (ANALYZE)")  # or the first queries would do its work


def _real(sources: Sources, keyring: Keyring) -> Iterator[Batch]:
    """The real data, parents first."""
    everybody = people.everybody(sources, emails={person.name: person.email for person in PEOPLE})
    everybody.known(ADMINISTRATOR.name).role = UserRole.ADMIN
    yield people.rows([*everybody, *seeds.PEOPLE])
    yield _passwords(everybody)
    yield from map(seeds.beside, repositories.rows(sources, everybody))
    yield identities.rows(sources, everybody)
    yield from notification_rules.rows(sources, everybody)
    yield from map(seeds.beside, specs.rows(sources.projects, everybody))
    yield members.rows(sources, everybody)
    yield invitations.rows(sources, everybody)
    yield from talk.rows(sources, everybody)
    yield visits.rows(sources, everybody)
    catalogue = [*sources.courses, seeds.COURSE]
    yield from courses.rows(catalogue, everybody)
    yield from quizzes.rows(sources.courses, keyring)
    yield from learning.rows(catalogue, everybody)
    yield from modules.rows(sources.modules, everybody)


def _passwords(everybody: People) -> Batch:
    """One hash for all three: it takes a while to make, on purpose."""
    hashed = hasher.hash(PASSWORD)
    users = [everybody.known(person.name) for person in PEOPLE]
    return Batch(
        tables.Password,
        [row(tables.Password, user.email, at=user.first, user_id=user.id, hash=hashed) for user in users],
    )


@asynccontextmanager
async def _connection(database_url: str) -> AsyncIterator[Any]:
    """A connection of the driver itself, which has COPY."""
    connection = await Address.parse(database_url).connect({"statement_timeout": "0", "lock_timeout": "0"})
    try:
        yield connection
    finally:
        await connection.close()


async def _ahead(batches: Iterator[Batch]) -> AsyncIterator[Batch]:
    """The batches, each generated while the database takes in the one before."""
    following = asyncio.create_task(asyncio.to_thread(next, batches, None))
    while batch := await following:
        following = asyncio.create_task(asyncio.to_thread(next, batches, None))
        yield batch

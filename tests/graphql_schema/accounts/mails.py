"""Mails that tests read: what is asked for is sent, and kept in a list."""

import re
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from sqlalchemy import select

from db.access import GUEST
from db.address import Address
from db.engine import Database
from db.mail import Mail
from db.outbox import OutboxEvent
from db.queue.declared import jobs_of
from db.queue.steps import Steps
from db.store import NO_STORE
from db.write import Work

TOKEN = re.compile(r"^https://trellis\.test/signin\?(verify|reset|link)=(trv_[A-Za-z0-9_-]{43})$", re.MULTILINE)


@dataclass
class Letterbox:
    """A way for mails that ends in a list."""

    sent: list[Mail] = field(default_factory=list)
    public_url: str = "https://trellis.test"

    async def send(self, mail: Mail) -> None:
        """Keep a mail."""
        self.sent.append(mail)


@dataclass
class Post(Letterbox):
    """A letterbox, and the jobs that send mails to it."""

    database: Database = field(kw_only=True)
    delivered: set[UUID] = field(default_factory=set)
    """The events whose jobs were run."""

    async def deliver(self) -> list[Mail]:
        """Run the jobs of all new events; returns the mails that they send."""
        before = len(self.sent)
        async with self.database.read() as session:
            events = (await session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))).all()
        for event in events:
            if event.id not in self.delivered:
                self.delivered.add(event.id)
                await self.run(event)
        return self.sent[before:]

    async def run(self, event: OutboxEvent) -> None:
        """Run the jobs of an event."""
        for kind, arguments in jobs_of(event.kind, event.ids):
            owned = Address.parse("postgresql://nobody@127.0.0.1/none").owned
            steps = Steps(partial(self.database.work, GUEST), _held, _unreported, owned, self, NO_STORE)
            await kind.function(steps, **arguments)

    async def token(self, name: str) -> str:
        """The token of the one link in the one mail that is sent now, which has it under this name."""
        [mail] = await self.deliver()
        return token_in(mail, name)


def token_in(mail: Mail, name: str) -> str:
    """The token of the one link in a mail, which has it under this name."""
    [(found, token)] = TOKEN.findall(mail.text)
    assert found == name
    return str(token)


async def _held(_work: Work) -> None:
    """Nobody else has the job."""


async def _unreported(_work: Work, _done: int, _total: int | None, _message: str | None) -> None:
    """Nobody asked for it."""

"""Mails, and the protocol of whatever sends them: how they are sent is up to the process, see `app.mail`."""

import re
from dataclasses import dataclass, field
from typing import Protocol

from db.errors import CannotRun

ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
"""An address as the fields of browsers have it (WHATWG HTML, 4.10.5.1.5): they write all domains in ASCII."""
LONGEST_ADDRESS = 254
NO_WAY = "Mails have no way out: set TRELLIS_SMTP_URL, or TRELLIS_MAILBOX for a folder."


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in plain text. Its `subject` is one line, whatever white space it has."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


class Mailer(Protocol):
    """Sends mails."""

    @property
    def public_url(self) -> str:
        """The address at which people reach the pages that mails lead to, without a slash at its end."""
        ...

    async def send(self, mail: Mail) -> None:
        """Send a mail. Raises Undeliverable where nobody is reached, and NotSent where it may be sent later."""
        ...


class Undeliverable(Exception):  # noqa: N818  (named for what is true of the mail)
    """Nobody gets mail at the address, and trying again would not help. The message has no address."""


class NotSent(Exception):  # noqa: N818  (named for what happened)
    """A mail could not be sent at this moment. The message has no address and no secret."""


class NoMailer:
    """Stands where nobody said how mails are sent, and says so whenever one is to be."""

    @property
    def public_url(self) -> str:
        """Raise CannotRun: there is none."""
        raise CannotRun(NO_WAY)

    async def send(self, mail: Mail) -> None:
        """Raise CannotRun."""
        raise CannotRun(NO_WAY)


def is_address(text: str) -> bool:
    """Whether a text has the form of an e-mail address, and nothing else is in it."""
    return len(text) <= LONGEST_ADDRESS and ADDRESS.fullmatch(text) is not None


def veiled(address: str) -> str:
    """An address for the log: its owner knows it by this, and nobody else."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"

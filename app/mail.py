"""How mails leave: through a mail server, or into a folder where there is none."""

import asyncio
import os
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from app.settings import Settings
from db.mail import Mail, Mailer, NoMailer, NotSent, Undeliverable, is_address

LONGEST_LINE = 998
"""Characters of a line that mail servers take as it is (RFC 5322, 2.1.1)."""
TIMEOUT = 30.0
"""Seconds that a mail server may take for a mail."""
HERE = "http://127.0.0.1:8000"
"""The address of a server that nobody gave another, for links in mails that are sent nowhere."""
NOBODY = "Trellis <trellis@localhost>"
"""The sender of mails that are sent nowhere."""
PERMANENT = 500
"""The first of the codes that say that trying again does not help (RFC 5321, 4.2.1)."""


def mailer(settings: Settings) -> Mailer:
    """The way that the settings give mails."""
    if settings.smtp_url and settings.mail_from and settings.public_url:
        return Smtp(settings.smtp_url, sender=settings.mail_from, public_url=settings.public_url)
    if settings.mailbox:
        return Mailbox(settings.mailbox, settings.mail_from or NOBODY, public_url=settings.public_url or HERE)
    return NoMailer()


class Smtp:
    """Sends mails through a server, each on a connection of its own."""

    def __init__(self, url: str, *, sender: str, public_url: str) -> None:
        parts = urlsplit(url)
        self.public_url = public_url
        self.sender = sender
        self.host = parts.hostname or ""
        self.port = parts.port or (465 if parts.scheme == "smtps" else 587)
        self.name, self.password = (unquote(one) if one else None for one in (parts.username, parts.password))
        self.is_encrypted = parts.scheme == "smtps"
        # No password goes in the clear, and no mail to another machine.
        self.starts_tls = not self.is_encrypted and (self.name is not None or not _is_here(self.host))

    async def send(self, mail: Mail) -> None:
        """Send a mail. The messages of errors have nothing of what the server says: it repeats addresses."""
        message = written(mail, self.sender)
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._send(message, mail.to)
        except SMTPRecipientsRefused as error:
            code = max(one.code for one in error.recipients)
            if code >= PERMANENT:
                raise Undeliverable(f"the mail server answered {code}") from None
            raise NotSent(f"The mail server answered {code} to the address.") from None
        except SMTPResponseException as error:
            raise NotSent(f"The mail server answered {error.code}: {type(error).__name__}.") from None
        except (SMTPException, OSError) as error:  # a TimeoutError is one of the latter
            raise NotSent(f"{self.host}:{self.port} takes no mail: {type(error).__name__} {error}") from None

    async def _send(self, message: EmailMessage, to: str) -> None:
        await aiosmtplib.send(
            message,
            sender=parseaddr(self.sender)[1],
            recipients=[to],
            hostname=self.host,
            port=self.port,
            username=self.name,
            password=self.password,
            use_tls=self.is_encrypted,
            start_tls=self.starts_tls,
            local_hostname=urlsplit(self.public_url).hostname,
            timeout=TIMEOUT,
        )


class Mailbox:
    """Writes mails into a folder, each a file that mail programs open. A mail that is sent again is the same file."""

    def __init__(self, folder: Path, sender: str, *, public_url: str) -> None:
        self.folder = folder
        self.sender = sender
        self.public_url = public_url

    async def send(self, mail: Mail) -> None:
        """Write a mail, of which nobody ever sees a part."""
        try:
            await asyncio.to_thread(self._write, written(mail, self.sender))
        except OSError as error:
            raise NotSent(f"{self.folder} takes no mail: {error.strerror}") from None

    def _write(self, message: EmailMessage) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = message["Message-ID"].strip("<>").partition("@")[0]
        half = self.folder / f".{name}.{os.getpid()}"
        half.touch(mode=0o600)
        half.write_bytes(message.as_bytes())
        half.replace(self.folder / f"{name}.eml")


def written(mail: Mail, sender: str) -> EmailMessage:
    """The message that is sent. Its id is that of its content, so that a mail that is sent twice can be told.

    Raises Undeliverable for what is no address: it could be several, or have lines of its own.
    """
    if not is_address(mail.to):
        raise Undeliverable("this is no address")
    content = "\n".join((mail.to, mail.subject, mail.text)).encode()
    domain = parseaddr(sender)[1].rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<{sha256(content).hexdigest()[:40]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # nobody's holiday answers it (RFC 3834)
    is_plain = mail.text.isascii() and max(map(len, mail.text.splitlines()), default=0) <= LONGEST_LINE
    # A link that is not broken can be followed from the file, too.
    message.set_content(f"{mail.text}\n", cte="7bit" if is_plain else "quoted-printable")
    return message


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

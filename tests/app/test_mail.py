"""Mails on their way: through real servers with and without TLS, into a folder, and neither."""

import asyncio
import re
import stat
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from app.mail import Mailbox, Smtp, mailer, written
from app.settings import Settings
from db.errors import CannotRun
from db.mail import Mail, NotSent, Undeliverable, is_address, veiled
from tests.app.receiving import PASSWORD, USER, receiving
from tests.app.serving import NO_DATABASE, NO_REDIS
from tests.deadline import DEADLINE
from tests.tls import Certificate, needs_openssl

SENDER = "Trellis <hello@trellis.test>"
PAGES = "https://trellis.test"
MAIL = Mail("ada@example.com", "Verify your address", "Open this:\n\nhttps://trellis.test/signin?verify=trv_x\n")
CREDENTIALS = f"{USER}:{quote(PASSWORD, safe='')}@"


def through(port: int, *, scheme: str = "smtp", credentials: str = "") -> Smtp:
    """The way through a server on this machine."""
    return Smtp(f"{scheme}://{credentials}localhost:{port}", sender=SENDER, public_url=PAGES)


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with receiving() as server:
        await through(server.port).send(MAIL)
    [(recipients, message)] = server.taken
    assert recipients == ["ada@example.com"]
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, MAIL.to, MAIL.subject)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n").strip() == MAIL.text.strip()


@needs_openssl
@pytest.mark.parametrize(("scheme", "at_once"), [("smtp", False), ("smtps", True)])
async def test_a_password_goes_over_tls(
    own: Certificate, monkeypatch: pytest.MonkeyPatch, *, scheme: str, at_once: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(own.certificate))
    async with receiving(certificate=own, at_once=at_once) as server:
        await through(server.port, scheme=scheme, credentials=CREDENTIALS).send(MAIL)
        with pytest.raises(NotSent, match="answered 535"):
            await through(server.port, scheme=scheme, credentials=f"{USER}:wrong@").send(MAIL)
    assert server.encrypted == [True]


@needs_openssl
async def test_a_server_with_the_certificate_of_another_gets_nothing(
    own: Certificate, stranger: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(own.certificate))
    async with receiving(certificate=stranger) as server:
        with pytest.raises(NotSent, match="certificate"):
            await through(server.port, credentials=CREDENTIALS).send(MAIL)
    assert server.taken == []


async def test_a_password_never_goes_in_the_clear() -> None:
    async with receiving() as server:  # it offers no TLS
        with pytest.raises(NotSent):
            await through(server.port, credentials=CREDENTIALS).send(MAIL)
    assert server.taken == []


@pytest.mark.parametrize(
    ("url", "starts_tls"),
    [
        ("smtp://mail.example.com", True),
        ("smtp://127.0.0.1:25", False),
        ("smtp://[::1]:25", False),
        ("smtp://localhost:25", False),
        ("smtp://u:p@localhost:25", True),
        ("smtps://mail.example.com", False),
    ],
)
def test_only_what_stays_on_this_machine_goes_in_the_clear(url: str, *, starts_tls: bool) -> None:
    way = Smtp(url, sender=SENDER, public_url=PAGES)
    assert way.starts_tls is starts_tls
    assert way.is_encrypted is url.startswith("smtps")


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ("550 5.1.1 <{address}>: no such user here", Undeliverable),
        ("553 <{address}>: not a mailbox", Undeliverable),
        ("450 4.2.0 <{address}>: greylisted, try again", NotSent),
        ("421 too busy for {address}", NotSent),
    ],
)
async def test_what_a_server_says_of_an_address_is_told_by_its_code_alone(answer: str, raised: type[Exception]) -> None:
    async with receiving() as server:
        server.answers.append(answer)
        with pytest.raises(raised) as told:
            await through(server.port).send(MAIL)
        assert re.search(r"\b(550|553|450|421)\b|Disconnected", str(told.value))
        assert "ada" not in str(told.value)
        await through(server.port).send(MAIL)
    assert len(server.taken) == 1


async def test_a_server_that_is_away_is_told_with_its_name() -> None:
    async with receiving() as server:
        pass
    with pytest.raises(NotSent, match=f"localhost:{server.port} takes no mail"):
        await through(server.port).send(MAIL)


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.mail.TIMEOUT", 0.2)

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        closed.set()

    closed = asyncio.Event()
    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as silent:
        with pytest.raises(NotSent, match="Timeout"):
            await through(silent.sockets[0].getsockname()[1]).send(MAIL)
        async with asyncio.timeout(DEADLINE):
            await closed.wait()


# --- the folder ---


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_without_a_server_a_mail_is_a_file_that_its_owner_alone_reads(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mailbox"
    box = Mailbox(folder, SENDER, public_url=PAGES)
    await box.send(MAIL)
    [file] = files(folder)
    assert file.suffix == ".eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    assert "https://trellis.test/signin?verify=trv_x" in message.get_content()


async def test_a_link_can_be_followed_from_the_file(tmp_path: Path) -> None:
    link = f"https://trellis.example/signin?verify=trv_{'x' * 100}"
    for text in (link, f"{link}\n{'y' * 2_000}", f"{link} ✓"):
        await Mailbox(tmp_path, SENDER, public_url=PAGES).send(Mail("ada@example.com", "Hello", text))
    assert sum(link in file.read_text() for file in files(tmp_path)) == 1  # to follow the others takes a program


async def test_a_mail_that_is_sent_again_is_the_same_one(tmp_path: Path) -> None:
    box = Mailbox(tmp_path, SENDER, public_url=PAGES)
    for text in ("one", "one", "another"):
        await box.send(Mail("ada@example.com", "Hello", text))
    assert len(files(tmp_path)) == 2


async def test_nobody_sees_a_part_of_a_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[list[str]]()
    replace = Path.replace

    def watched(self: Path, target: Any) -> Path:
        seen.append([file.name for file in tmp_path.glob("*.eml")])
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    await Mailbox(tmp_path, SENDER, public_url=PAGES).send(MAIL)
    assert seen == [[]]


async def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotSent, match="takes no mail"):
        await Mailbox(tmp_path / "file", SENDER, public_url=PAGES).send(MAIL)


# --- what is written ---


@pytest.mark.parametrize(
    "subject", ["Join “Atlas\r\nBcc: thief@example.com”", "Join\nX: 1", "Join\u2028X: 1", "a\x85X: 1"]
)
def test_no_subject_brings_headers_of_its_own(subject: str) -> None:
    message = message_from_bytes(written(Mail("ada@example.com", subject, "Hello"), SENDER).as_bytes(), policy=default)
    assert {*message.keys()} == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.com, thief@example.com",
        "ada@example.com\r\nBcc: thief@example.com",
        "Ada <ada@example.com>",
        "",
        "a@b c",
    ],
)
async def test_a_mail_goes_to_one_address_and_nothing_else(to: str) -> None:
    async with receiving() as server:
        with pytest.raises(Undeliverable):
            await through(server.port).send(Mail(to, "Hello", "Hello"))
    assert server.taken == []


def test_what_is_logged_of_an_address_does_not_name_its_owner() -> None:
    assert veiled("ada@example.com") == "a…@example.com"
    assert "lovelace" not in veiled("lovelace@example.com")


def test_a_mail_shows_neither_its_text_nor_its_address() -> None:
    assert repr(MAIL) == "Mail(subject='Verify your address')"


@pytest.mark.parametrize("address", ["a@b", "a.b+c@d-e.example", "x" * 64 + "@example.com", "o'neil@example.com"])
def test_an_address_has_the_form_that_browsers_check(address: str) -> None:
    assert is_address(address)


# --- settings ---


def settings(**given: Any) -> Settings:
    return Settings(database_url=NO_DATABASE, redis_url=NO_REDIS, **given)


async def test_the_settings_say_which_way_mails_go(tmp_path: Path) -> None:
    served = settings(
        smtp_url="smtps://u:p%2F@mail.example", mail_from=SENDER, public_url=f"{PAGES}/", mailbox=tmp_path
    )
    assert isinstance(mailer(settings(mailbox=tmp_path)), Mailbox)
    way = mailer(served)
    assert isinstance(way, Smtp)
    assert (way.host, way.port, way.name, way.password, way.public_url) == ("mail.example", 465, "u", "p/", PAGES)
    assert "p%2F" not in repr(served)
    with pytest.raises(CannotRun, match="TRELLIS_SMTP_URL"):
        await mailer(settings()).send(MAIL)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"smtp_url": "smtp://mail.example"}, "TRELLIS_PUBLIC_URL and TRELLIS_MAIL_FROM"),
        ({"smtp_url": "smtp://mail.example", "public_url": PAGES}, "it needs TRELLIS_MAIL_FROM"),
        ({"smtp_url": "mail.example", "public_url": PAGES, "mail_from": SENDER}, "reads smtp://"),
        ({"mail_from": "Trellis"}, "name a sender"),
        ({"mail_from": "a@b.example\nBcc: c@d.example"}, "name a sender"),
        ({"public_url": "trellis.example"}, "as a browser has it"),
        ({"public_url": "https://trellis.example/?a"}, "as a browser has it"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(given: dict[str, str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings(**given)

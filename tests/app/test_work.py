"""The process that runs jobs beside a server."""

import asyncio
import re
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app.relay import WAKE
from app.settings import Settings
from app.work import WorkerProcesses, Working
from db import tables
from db.mail import NotSent
from db.queue.declared import JobKind
from tests.app.killed import TOPIC, touch
from tests.app.receiving import receiving
from tests.app.serving import NO_DATABASE, NO_REDIS, Served, serving, until
from tests.deadline import DEADLINE


@pytest.mark.parametrize(("relays", "told"), [(True, TOPIC), (False, WAKE.topic)])
async def test_it_publishes_events_or_wakes_those_that_do_as_it_is_set(
    database_url: str, redis_url: str, redis: Any, prefix: str, *, relays: bool, told: str
) -> None:
    everything = redis.pubsub(ignore_subscribe_messages=True)
    await everything.subscribe(f"{prefix}{TOPIC}", f"{prefix}{WAKE.topic}")
    settings = Settings(database_url=database_url, redis_url=redis_url, redis_prefix=prefix, relay=relays)
    async with Working(settings) as working, asyncio.timeout(DEADLINE):
        await touch(working.database, TOPIC)
        while (message := await everything.get_message(timeout=DEADLINE)) is None:
            pass
        assert orjson.loads(message["data"])["topic"] == told
    await everything.aclose()


# --- mails, from the mutation to the link in them ---

REGISTER = """
    mutation ($input: RegisterInput!) { register(input: $input) { token user { id } errors { code path } } }
"""
VERIFY = "mutation ($input: LinkInput!) { verifyEmail(input: $input) { errors { code path } } }"
GRACE = {"email": "grace@example.com", "password": "a long word", "name": "Grace"}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that fails is tried again at once."""
    monkeypatch.setattr(JobKind, "pause", lambda _kind, _tries: timedelta(milliseconds=10))


async def ask(served: Served, query: str, **given: str) -> Any:
    """The payload of a mutation that a guest sends, which is not refused."""
    answer = await served.post({"query": query, "variables": {"input": given}})
    (payload,) = answer.json()["data"].values()
    assert payload["errors"] == []
    return payload


def mails(folder: Path) -> list[Path]:
    return list(folder.glob("*.eml"))


async def test_whoever_registers_finds_a_link_in_the_mailbox_and_is_verified_by_it(
    database_url: str, redis_url: str, prefix: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"redis_prefix": prefix, "mailbox": tmp_path, "public_url": "https://trellis.test"}
    settings = Settings(database_url=database_url, redis_url=redis_url, **options)
    async with serving(database_url, redis_url, redis_prefix=prefix) as served, Working(settings) as working:
        await ask(served, REGISTER, **GRACE)
        await until(lambda: mails(tmp_path))
        [file] = mails(tmp_path)
        mail = message_from_bytes(file.read_bytes(), policy=default)
        assert isinstance(mail, EmailMessage)
        [token] = re.findall(r"https://trellis\.test/signin\?verify=(\S+)", mail.get_content())
        await ask(served, VERIFY, token=token)
        async with working.database.read() as session:
            found = select(tables.User.email_verified_at).where(tables.User.email == GRACE["email"])
            assert await session.scalar(found) is not None


@pytest.mark.usefixtures("hurried")
async def test_a_mail_waits_for_a_server_that_is_away_and_one_that_nobody_gets_is_given_up(
    database_url: str, redis_url: str, prefix: str
) -> None:
    async with receiving() as away:
        pass
    mail: dict[str, Any] = {
        "smtp_url": f"smtp://localhost:{away.port}",
        "mail_from": "hello@trellis.test",
        "public_url": "https://t.test",
    }
    settings = Settings(database_url=database_url, redis_url=redis_url, redis_prefix=prefix, **mail)
    with capture_logs() as logged:
        async with serving(database_url, redis_url, redis_prefix=prefix) as served, Working(settings):
            await ask(served, REGISTER, **GRACE)
            await until(lambda: any(entry["event"] == "job failed, to be tried again" for entry in logged))
            away.answers = ["450 <{address}> is greylisted"]
            async with receiving(port=away.port, receiver=away):
                await until(lambda: away.taken)
                away.answers = ["550 <{address}>: no such user"]
                await ask(served, REGISTER, **GRACE | {"email": "nobody@example.com"})
                await until(lambda: any(entry["event"] == "mail given up" for entry in logged))
    assert [recipients for recipients, _ in away.taken] == [["grace@example.com"]]
    [given_up] = [entry for entry in logged if entry["event"] == "mail given up"]
    assert given_up["to"] == "n…@example.com"
    failures = [entry for entry in logged if entry["event"] == "job failed, to be tried again"]
    assert {type(entry["exc_info"]) for entry in failures} == {NotSent}
    assert not any(name in repr(logged) for name in ("grace@", "nobody@", "trv_"))


@pytest.mark.usefixtures("hurried")
async def test_where_mails_have_no_way_out_the_log_says_what_to_set(
    database_url: str, redis_url: str, prefix: str
) -> None:
    settings = Settings(database_url=database_url, redis_url=redis_url, redis_prefix=prefix)
    with capture_logs() as logged:
        async with serving(database_url, redis_url, redis_prefix=prefix) as served, Working(settings):
            await ask(served, REGISTER, **GRACE)
            await until(lambda: any(entry["event"] == "job failed, to be tried again" for entry in logged))
    assert any("TRELLIS_SMTP_URL" in str(entry.get("exc_info")) for entry in logged)


def test_a_worker_beside_a_server_has_its_secrets_its_address_and_its_mailbox() -> None:
    given: dict[str, Any] = {
        "secrets": ("s" * 32, "t" * 32),
        "mailbox": Path("mails"),
        "public_url": "http://127.0.0.1:8000",
    }
    environment = WorkerProcesses(Settings(database_url=NO_DATABASE, redis_url=NO_REDIS, **given)).environment
    assert environment["TRELLIS_SECRETS"].split() == ["s" * 32, "t" * 32]
    assert Path(environment["TRELLIS_MAILBOX"]).is_absolute()
    assert environment["TRELLIS_PUBLIC_URL"] == "http://127.0.0.1:8000"

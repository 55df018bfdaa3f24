"""What GitHub tells is kept before it is answered; what is of somebody else is refused, and nothing of it is kept."""

import asyncio
import io
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.webhooks.github import LARGEST
from app.webhooks.signatures import HEADER
from db import tables
from db.outbox import OutboxEvent
from tests.app.media.test_uploads import code
from tests.app.serving import NO_DATABASE, Served, serving
from tests.app.test_logs import entries, written  # noqa: F401  (a fixture)
from tests.app.webhooks.conftest import rotated, told
from tests.db.telling import issue, pushed
from tests.graphql_schema.asking import change
from tests.world import World

REFUSED = 401, "UNAUTHENTICATED"


async def kept(host: Served) -> list[tables.WebhookEvent]:
    """The events that have come, without those of the world."""
    row = tables.WebhookEvent
    async with host.app.database.read() as reading:
        found = select(row).where(row.delivery_id.not_like("delivery-%")).order_by(row.id)
        return list(await reading.scalars(found))


async def jobs(host: Served) -> list[Any]:
    """The events of the outbox that make jobs."""
    async with host.app.database.read() as reading:
        asked = select(OutboxEvent.ids).where(OutboxEvent.kind == "WEBHOOKS_RECEIVED").order_by(OutboxEvent.id)
        return list(await reading.scalars(asked))


async def test_a_delivery_is_kept_as_it_came_and_its_job_is_queued(host: Served, secret: str, world: World) -> None:
    sent = issue(5)
    answer = await told(host, sent, secret, event="issues")
    assert (answer.status_code, answer.json()) == (202, {"received": True})
    [row] = await kept(host)
    assert (row.delivery_id, row.event, row.action, row.payload) == ("d-1", "issues", "opened", sent)
    assert (row.organization_id, row.repository_id) == (world.analytical.id, world.engine.id)
    assert (row.github_repository_id, row.is_processed) == (7, False)
    assert await jobs(host) == [{"repository": world.engine.public_id}]


async def test_a_delivery_that_comes_again_is_answered_alike_and_kept_once(host: Served, secret: str) -> None:
    answers = await asyncio.gather(*(told(host, pushed(5), secret) for _ in range(8)))
    answers.append(await told(host, pushed(6), secret))
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert [row.payload["after"] for row in await kept(host)] == [pushed(5)["after"]]


async def test_two_organizations_are_told_of_one_event_under_one_id(host: Served, secret: str, world: World) -> None:
    other = await rotated(host, world, "remote", "olga")
    assert (await told(host, pushed(5), secret)).status_code == 202
    assert (await told(host, pushed(5), other, slug="remote")).status_code == 202
    assert {row.organization_id for row in await kept(host)} == {world.analytical.id, world.remote.id}


async def test_the_secret_before_a_rotation_holds_until_the_next(host: Served, secret: str, world: World) -> None:
    second = await rotated(host, world)
    for number, one in enumerate((secret, second)):
        assert (await told(host, pushed(5), one, delivery=f"d-{number}")).status_code == 202
    third = await rotated(host, world)
    assert code(await told(host, pushed(5), secret)) == REFUSED
    assert (await told(host, pushed(5), third, delivery="d-3")).status_code == 202
    assert len(await kept(host)) == 3


async def test_what_another_organization_has_signed_is_refused(host: Served, secret: str, world: World) -> None:
    other = await rotated(host, world, "remote", "olga")
    assert code(await told(host, pushed(5), other)) == REFUSED
    assert await kept(host) == []


async def test_all_that_is_not_signed_right_is_refused_in_one_way(host: Served, secret: str) -> None:
    """Nobody learns so which organizations there are, and which of them have a secret."""
    wrong: list[httpx.Response] = [
        await told(host, pushed(5), "another"),
        await told(host, pushed(5), secret, x_hub_signature_256=""),
        await told(host, pushed(5), secret, x_hub_signature_256="sha256=" + "0" * 64),
        await told(host, pushed(5), secret, slug="remote"),
        await told(host, pushed(5), secret, slug="nobody"),
        await told(host, b"{", "another"),
        await told(host, pushed(5), "another", event=""),
    ]
    assert {code(answer) for answer in wrong} == {REFUSED}
    assert len({answer.content for answer in wrong}) == 1
    assert await kept(host) == []
    assert await jobs(host) == []


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b'"push"', b"\xff\xfe", b"\x00", b"payload=%7B%7D"])
async def test_what_is_no_message_is_refused_and_not_kept(host: Served, secret: str, content: bytes) -> None:
    assert (await told(host, content, secret)).status_code == 400
    assert await kept(host) == []


@pytest.mark.parametrize("header", [{"x_github_event": ""}, {"x_github_delivery": ""}, {"x_github_event": "x" * 101}])
async def test_a_message_without_its_names_is_refused(host: Served, secret: str, header: dict[str, str]) -> None:
    assert code(await told(host, pushed(5), secret, **header)) == (400, "BAD_REQUEST")
    assert await kept(host) == []


async def test_one_that_cannot_be_kept_takes_none_beside_it_along(host: Served, secret: str) -> None:
    sent = [told(host, pushed(number), secret, delivery=f"d-{number}") for number in range(5)]
    wrong = [told(host, b'{"a": ', secret, delivery=f"w-{number}") for number in range(5)]
    answers = await asyncio.gather(*(one for both in zip(sent, wrong, strict=True) for one in both))
    assert [answer.status_code for answer in answers] == [202, 400] * 5
    assert len(await kept(host)) == 5


async def test_a_character_that_no_text_can_have_costs_no_message(host: Served, secret: str) -> None:
    body = b'{"zen": "a\\u0000b", "more": "\\\\u0000", "odd": "\\\\\\u0000"}'
    assert (await told(host, body, secret, event="ping")).status_code == 202
    [row] = await kept(host)
    assert row.payload == {"zen": "a\ufffdb", "more": "\\u0000", "odd": "\\\ufffd"}


async def test_an_event_of_another_kind_is_kept_and_nothing_is_to_be_done(host: Served, secret: str) -> None:
    await told(host, issue(5), secret, event="sponsorship")
    [row] = await kept(host)
    assert row.is_processed
    assert await jobs(host) == []


async def test_an_event_of_a_repository_that_is_not_followed_is_kept(host: Served, secret: str, world: World) -> None:
    await change(host.app.database, world.engine, is_active=False)
    await told(host, issue(5), secret, event="issues")
    [row] = await kept(host)
    assert (row.repository_id, row.github_repository_id, row.is_processed) == (None, 7, True)


async def test_a_repository_is_known_by_its_number_before_its_name(host: Served, secret: str, world: World) -> None:
    await change(host.app.database, world.vault, github_id=7)
    await told(host, issue(5), secret, event="issues")
    [row] = await kept(host)
    assert row.repository_id == world.vault.id


async def test_a_repository_of_another_organization_is_not_meant(host: Served, world: World) -> None:
    other = await rotated(host, world, "remote", "olga")
    await told(host, issue(5), other, slug="remote", event="issues")
    [row] = await kept(host)
    assert (row.organization_id, row.repository_id) == (world.remote.id, None)


async def test_the_largest_body_is_taken_and_a_larger_one_is_not(host: Served, secret: str) -> None:
    frame = b'{"zen": "%s"}'
    largest = frame % (b"x" * (LARGEST - len(frame) + 2))
    assert (await told(host, largest, secret, event="ping")).status_code == 202
    assert code(await told(host, largest + b" ", secret, event="ping")) == (413, "BAD_REQUEST")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_what_is_posted_counts(host: Served, method: str) -> None:
    assert (await host.send(method, "/webhooks/github/analytical")).status_code == 405


async def test_without_its_database_github_is_told_to_come_again(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url) as alone:
        answer = await told(alone, pushed(5), "any")
    assert code(answer) == (503, "SERVICE_UNAVAILABLE")


async def test_a_secret_that_cannot_be_opened_lets_nobody_in(host: Served, secret: str, world: World) -> None:
    await change(host.app.database, world.analytical, webhook_secret=b"broken")
    assert code(await told(host, pushed(5), secret)) == REFUSED


async def test_the_log_says_who_was_refused_and_no_secret(
    written: io.StringIO,  # noqa: F811  (a fixture)
    host: Served,
    secret: str,
) -> None:
    await told(host, {"zen": "personal"}, "another")
    await told(host, b"personal", secret)
    assert [entry["organization"] for entry in entries(written, "webhook refused")] == ["analytical", "analytical"]
    for word in (secret, "personal", "sha256="):
        assert word not in written.getvalue()
    assert HEADER in written.getvalue()

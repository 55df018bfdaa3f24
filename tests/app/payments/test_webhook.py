"""A provider's event is kept before it is answered; what is none, or is of somebody else, is refused and not kept."""

import io
from typing import Any

import pytest
from sqlalchemy import select

from app.payments.webhook import LARGEST
from db import tables
from db.outbox import OutboxEvent
from tests.app.media.test_uploads import code
from tests.app.payments.conftest import NEXT, SECRET, told
from tests.app.serving import NO_DATABASE, Served, serving
from tests.app.test_logs import entries, written  # noqa: F401  (a fixture)
from tests.db.paying import event
from tests.world import World

OTHER = "a-secret-that-is-of-somebody-else-alone"


async def kept(host: Served) -> list[tables.PaymentEvent]:
    """The events that have come, without the one of the world."""
    row = tables.PaymentEvent
    async with host.app.database.read() as reading:
        return list(await reading.scalars(select(row).where(row.provider_event_id != "evt_declined").order_by(row.id)))


async def test_an_event_is_kept_as_it_came_and_its_job_is_queued(host: Served, world: World) -> None:
    sent = event(world.payment.public_id, named="evt_1", created=1_790_000_000, receipt_url="https://pay.example")
    answer = await told(host, sent)
    assert (answer.status_code, answer.json()) == (200, {"received": True})
    [row] = await kept(host)
    assert (row.provider, row.provider_event_id, row.type) == ("test", "evt_1", "charge.succeeded")
    assert (row.charge, row.payload) == (sent["data"]["object"]["id"], sent)
    assert row.occurred_at.timestamp() == 1_790_000_000
    assert not row.is_processed
    async with host.app.database.read() as reading:
        asked = await reading.scalar(select(OutboxEvent.ids).where(OutboxEvent.kind == "PAYMENT_EVENT_RECEIVED"))
    assert asked == {"event": row.public_id}


async def test_an_event_that_comes_again_is_answered_alike_and_kept_once(host: Served, world: World) -> None:
    sent = event(world.payment.public_id)
    answers = [await told(host, sent) for _ in range(3)]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert len(await kept(host)) == 1


@pytest.mark.parametrize("secret", [SECRET, NEXT])
async def test_both_secrets_of_a_provider_count(host: Served, world: World, secret: str) -> None:
    assert (await told(host, event(None), secret=secret)).status_code == 200


async def test_an_event_of_another_type_is_kept_and_nothing_is_to_be_done(host: Served) -> None:
    assert (await told(host, event(None, "customer.created"))).status_code == 200
    [row] = await kept(host)
    assert (row.is_processed, row.charge) == (True, None)


@pytest.mark.parametrize("late", [-299, 299])
async def test_the_clock_of_a_provider_may_be_wrong_by_minutes(host: Served, late: int) -> None:
    assert (await told(host, event(None), late=late)).status_code == 200


@pytest.mark.parametrize("late", [-302, 301])
async def test_a_request_that_is_older_is_refused_as_somebody_may_have_copied_it(host: Served, late: int) -> None:
    assert code(await told(host, event(None), late=late)) == (403, "FORBIDDEN")
    assert await kept(host) == []


@pytest.mark.parametrize("header", ["", "t=1,v1=00", "x" * 9_000], ids=["empty", "wrong", "long"])
async def test_what_is_not_signed_is_refused(host: Served, header: str) -> None:
    assert code(await told(host, event(None), stripe_signature=header)) == (403, "FORBIDDEN")
    assert await kept(host) == []


async def test_what_somebody_else_has_signed_is_refused(host: Served) -> None:
    assert code(await told(host, event(None), secret=OTHER)) == (403, "FORBIDDEN")
    assert await kept(host) == []


@pytest.mark.parametrize("provider", ["nobody", "TEST", "test%2F..", "test/charges"])
async def test_a_provider_that_is_not_known_is_not_found(host: Served, provider: str) -> None:
    assert (await told(host, event(None), provider=provider)).status_code == 404


async def test_without_secrets_nobody_is_known(database_url: str, redis_url: str) -> None:
    async with serving(database_url, redis_url) as bare:
        assert code(await told(bare, event(None))) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"evt_1"',
        b"\xff\xfe",
        b"\x00",
        b"[" * 60_000,
        {},
        event(None) | {"id": ""},
        event(None) | {"id": 7},
        event(None) | {"id": "x" * 201},
        event(None) | {"type": "x" * 101},
        event(None) | {"created": "now"},
        event(None) | {"created": -1},
        event(None) | {"created": 10**12},
        event(None) | {"created": True},
        event(None) | {"data": {}},
        event(None) | {"data": {"object": "ch_1"}},
    ],
    ids=range(19),
)
async def test_what_is_no_event_is_refused_and_not_kept(host: Served, content: Any) -> None:
    assert code(await told(host, content)) == (400, "BAD_REQUEST")
    assert await kept(host) == []


@pytest.mark.parametrize("content", [event(None, named="evt_\x00"), event(None, description="\x00")])
async def test_a_text_that_cannot_be_kept_is_refused(host: Served, content: Any) -> None:
    assert code(await told(host, content)) == (400, "BAD_USER_INPUT")
    assert await kept(host) == []


async def test_a_charge_that_makes_no_sense_is_kept_all_the_same(host: Served) -> None:
    """The provider cannot send a better one: an operator has to look at it."""
    assert (await told(host, event(None, amount="much"))).status_code == 200
    [row] = await kept(host)
    assert (row.charge, row.is_processed) == (None, False)


async def test_the_largest_body_is_taken_and_a_larger_one_is_not(host: Served) -> None:
    size = len(repr(event(None, description="")))
    largest = event(None, description="x" * (LARGEST - size))
    assert (await told(host, largest)).status_code == 200
    assert code(await told(host, b"x" * (LARGEST + 1))) == (413, "BAD_REQUEST")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_what_is_posted_counts(host: Served, method: str) -> None:
    assert (await host.send(method, "/webhooks/payments/test")).status_code == 405


async def test_without_its_database_the_provider_is_asked_to_come_again(redis_url: str) -> None:
    async with serving(NO_DATABASE, redis_url, payments=(f"test:{SECRET}",)) as alone:
        answer = await told(alone, event(None))
    assert code(answer) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"


async def test_the_log_says_who_was_refused_and_why_and_no_secret(
    written: io.StringIO,  # noqa: F811  (a fixture)
    host: Served,
) -> None:
    for content, options in (
        (event(None, named="evt_personal"), {"secret": OTHER}),
        (event(None, named="evt_personal"), {"late": 999}),
        (b"evt_personal", {}),
    ):
        await told(host, content, **options)
    refused = entries(written, "webhook refused")
    assert [(entry["provider"], entry["because"].split()[1]) for entry in refused] == [
        ("test", "signature"),
        ("test", "signature"),
        ("test", "body"),
    ]
    for secret in (SECRET, NEXT, OTHER, "evt_personal", "v1="):
        assert secret not in written.getvalue()

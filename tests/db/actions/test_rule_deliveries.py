"""What rules tell arrives, by mail and by requests, or is tried for three days; nobody gets what they do not see."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from app.outgoing import Web
from db import tables
from db.access import GUEST
from db.actions.rule_deliveries import PAUSES, pause, send_due_deliveries
from db.ids import key_of
from db.mail import Mail, NotSent, Undeliverable
from db.queue.declared import kinds
from db.tables import Sensitivity
from tests.app.hooks import OK, Receiver, answering, hanging
from tests.conftest import Graph, NotingDatabase
from tests.db.queue.conftest import Working
from tests.db.queue.waiting import Queue
from tests.graphql_schema.accounts.mails import Letterbox
from tests.graphql_schema.asking import change, done
from tests.graphql_schema.notification_rules.asking import DELETE, RESEND, ROTATE, UPDATE, deliveries, made, opened
from tests.graphql_schema.notification_rules.sending import Sending
from tests.tls import needs_openssl
from tests.world import NOON, World

pytestmark = needs_openssl


async def rule_with(graph: Graph, world: World, receiver: Receiver, who: str = "ben") -> tuple[str, str]:
    """The id and the secret of a rule that sends requests to the server."""
    found = await made(graph, who, channels=["WEBHOOK"], url=receiver.url, repositoryId=world.engine.public_id)
    return found["rule"]["id"], found["secret"]


async def due(graph: Graph) -> None:
    """Let the time of all that waits have come."""
    async with graph.database.work(GUEST) as work:
        waits = "UPDATE notification_deliveries SET next_attempt_at = now() WHERE status = 'PENDING'"
        await work.execute(text(waits))
    async with graph.database.work(GUEST) as work:
        await send_due_deliveries.function(work)


async def test_a_request_is_signed_as_standard_webhooks_has_it(
    graph: Graph, world: World, receiver: Receiver, sending: Sending
) -> None:
    rule, secret = await rule_with(graph, world, receiver)
    async with sending():
        row = await opened(graph, world, "engine", 11, title="It smokes", html_url="https://example.com/11")
    (request,) = receiver.requests
    (delivery,) = await deliveries(graph, "ben", rule)
    assert (delivery["status"], delivery["attempts"], delivery["lastError"]) == ("SENT", 1, None)
    assert request.headers["webhook-id"] == delivery["id"]
    assert request.headers["content-type"] == "application/json"
    told = Webhook(secret).verify(request.body, request.headers)
    assert told == {
        "type": "ISSUE_OPENED",
        "timestamp": NOON.isoformat(),
        "data": {
            "ruleId": rule,
            "organizationId": world.analytical.public_id,
            "repositoryId": world.engine.public_id,
            "repository": "analytical/engine",
            "subjectId": row.public_id,
            "title": "Issue #11 was opened in analytical/engine",
            "message": "It smokes",
            "url": "https://example.com/11",
        },
    }


async def test_a_request_that_somebody_has_changed_is_known_by_its_signature(
    graph: Graph, world: World, receiver: Receiver, sending: Sending
) -> None:
    _, secret = await rule_with(graph, world, receiver)
    async with sending():
        await opened(graph, world, "engine", 11)
    (request,) = receiver.requests
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body + b" ", request.headers)
    late = str(int(request.headers["webhook-timestamp"]) + 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body, request.headers | {"webhook-timestamp": late})


async def test_both_secrets_hold_until_the_day_is_over(
    graph: Graph, world: World, receiver: Receiver, sending: Sending
) -> None:
    rule, first = await rule_with(graph, world, receiver)
    second = (await done(graph, "ben", ROTATE, ruleId=rule))["secret"]
    async with sending():
        await opened(graph, world, "engine", 11)
    for secret in (first, second):
        Webhook(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)
    kept = tables.NotificationRule(id=key_of(tables.NotificationRule, rule))
    await change(graph.database, kept, previous_until=datetime.now(UTC) - timedelta(seconds=1))
    async with sending():
        await opened(graph, world, "engine", 12)
    Webhook(second).verify(receiver.requests[1].body, receiver.requests[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(first).verify(receiver.requests[1].body, receiver.requests[1].headers)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (answering("500 Internal Server Error"), "The server answered 500."),
        (
            answering("302 Found", "location: https://127.0.0.1/"),
            "The server answered 302. Redirects are not followed.",
        ),
        (hanging, "The server took too long."),
        (b"", "The server could not be reached: RemoteProtocolError."),
    ],
    ids=["500", "redirects", "hangs", "closes"],
)
async def test_what_was_not_taken_is_tried_again_under_the_same_id(
    graph: Graph, world: World, receiver: Receiver, sending: Sending, answer: Any, said: str
) -> None:
    rule, secret = await rule_with(graph, world, receiver)
    receiver.answers = [answer, OK]
    async with sending():
        await opened(graph, world, "engine", 11)
    (delivery,) = await deliveries(graph, "ben", rule)
    assert (delivery["status"], delivery["attempts"], delivery["lastError"]) == ("PENDING", 1, said)
    next_at = datetime.fromisoformat(delivery["nextAttemptAt"])
    assert timedelta(seconds=30) < next_at - datetime.now(UTC) < timedelta(minutes=1)
    async with sending():
        await send_due_now(graph)  # it is not due
    assert len(receiver.requests) == 1
    async with sending():
        await due(graph)
    (delivery,) = await deliveries(graph, "ben", rule)
    assert (delivery["status"], delivery["attempts"], delivery["lastError"]) == ("SENT", 2, None)
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    Webhook(secret).verify(second.body, second.headers)


async def send_due_now(graph: Graph) -> None:
    async with graph.database.work(GUEST) as work:
        await send_due_deliveries.function(work)


async def test_after_three_days_a_delivery_is_dead_and_is_sent_again_by_hand_under_its_id(
    graph: Graph, world: World, receiver: Receiver, sending: Sending
) -> None:
    rule, _ = await rule_with(graph, world, receiver)
    receiver.answers = [answering("503 Service Unavailable")]
    async with sending():
        await opened(graph, world, "engine", 11)
    for _ in PAUSES:
        assert [one["status"] for one in await deliveries(graph, "ben", rule)] == ["PENDING"]
        async with sending():
            await due(graph)
    (dead,) = await deliveries(graph, "ben", rule)
    assert (dead["status"], dead["attempts"], dead["nextAttemptAt"]) == ("DEAD", len(PAUSES) + 1, None)
    async with sending():
        await due(graph)
    assert len(receiver.requests) == len(PAUSES) + 1
    receiver.answers = [OK]
    async with sending():
        await done(graph, "ben", RESEND, deliveryId=dead["id"])
    (sent,) = await deliveries(graph, "ben", rule)
    assert (sent["id"], sent["status"], sent["attempts"]) == (dead["id"], "SENT", 1)
    assert {one.headers["webhook-id"] for one in receiver.requests} == {dead["id"]}


def test_the_tries_are_spread_over_three_days() -> None:
    assert timedelta(hours=70) < sum(PAUSES, timedelta()) < timedelta(days=3, hours=2)
    drawn = {pause(3) for _ in range(20)}
    assert len(drawn) > 1
    assert all(PAUSES[2] * 0.8 <= one <= PAUSES[2] for one in drawn)


async def test_a_delivery_whose_worker_was_killed_is_sent_by_another(
    graph: Graph, world: World, database: NotingDatabase, receiver: Receiver, sending: Sending, working: Working
) -> None:
    rule, _ = await rule_with(graph, world, receiver)
    receiver.answers = [hanging, OK]
    await opened(graph, world, "engine", 11)
    await database.settle()
    web = Web(may_reach="127.0.0.1".__eq__, tls=receiver.tls)
    async with working(mailer=Letterbox(), outgoing=web) as worker:
        async with asyncio.timeout(10):
            while not receiver.requests:
                await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.02)
        worker.give_up()
    (delivery,) = await deliveries(graph, "ben", rule)
    assert (delivery["status"], delivery["attempts"]) == ("PENDING", 1)
    async with sending():
        await due(graph)
    (delivery,) = await deliveries(graph, "ben", rule)
    assert (delivery["status"], delivery["attempts"]) == ("SENT", 2)


async def test_a_job_that_is_begun_twice_sends_once(
    graph: Graph, world: World, receiver: Receiver, sending: Sending, queue: Queue
) -> None:
    rule, _ = await rule_with(graph, world, receiver)
    async with sending():
        await opened(graph, world, "engine", 11)
    (delivery,) = await deliveries(graph, "ben", rule)
    async with sending():
        await queue.add((kinds()["send_delivery"], {"delivery": delivery["id"]}))
    assert len(receiver.requests) == 1


async def test_a_mail_goes_to_the_owner_of_the_rule(graph: Graph, world: World, sending: Sending) -> None:
    await made(graph, "ben", channels=["EMAIL"])
    async with sending() as box:
        await opened(graph, world, "engine", 11, title="It\r\nBcc: all@example.com smokes", labels=[])
    (mail,) = box.sent
    assert (mail.to, mail.subject) == ("ben@example.com", "Issue #11 was opened in analytical/engine")
    assert "smokes" in mail.text


async def test_a_mail_goes_to_no_address_that_nobody_has_shown(graph: Graph, world: World, sending: Sending) -> None:
    await change(graph.database, world.ben, email_verified_at=None)
    rule = (await made(graph, "ben", channels=["EMAIL"]))["rule"]["id"]
    async with sending() as box:
        await opened(graph, world, "engine", 11)
    (delivery,) = await deliveries(graph, "ben", rule)
    assert (box.sent, delivery["status"]) == ([], "DEAD")


class Refusing(Letterbox):
    """A way for mails that takes none."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def send(self, mail: Mail) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"), [(NotSent("Busy."), "PENDING"), (Undeliverable("nobody"), "DEAD")], ids=["busy", "nobody"]
)
async def test_a_mail_that_was_not_sent_is_tried_again_unless_nobody_gets_it(
    graph: Graph, world: World, sending: Sending, error: Exception, status: str
) -> None:
    rule = (await made(graph, "ben", channels=["EMAIL"]))["rule"]["id"]
    async with sending(Refusing(error)):
        await opened(graph, world, "engine", 11)
    (delivery,) = await deliveries(graph, "ben", rule)
    assert delivery["status"] == status


@pytest.mark.parametrize("channel", ["WEBHOOK", "EMAIL"])
async def test_what_the_owner_does_not_see_any_more_is_not_sent(
    graph: Graph, world: World, receiver: Receiver, sending: Sending, channel: str
) -> None:
    given = {"channels": [channel], "url": receiver.url if channel == "WEBHOOK" else None}
    rule = (await made(graph, "ben", **given))["rule"]["id"]
    await opened(graph, world, "engine", 11)
    await change(graph.database, world.engine, sensitivity=Sensitivity.RESTRICTED)
    async with sending() as box:
        pass
    assert (box.sent, receiver.connections) == ([], 0)
    (delivery,) = await deliveries(graph, "ben", rule)
    assert (delivery["status"], delivery["repository"]) == ("DEAD", None)


async def test_a_rule_that_was_changed_or_deleted_meanwhile_sends_nothing_to_its_old_address(
    graph: Graph, world: World, receiver: Receiver, sending: Sending
) -> None:
    first, _ = await rule_with(graph, world, receiver)
    second, _ = await rule_with(graph, world, receiver)
    await opened(graph, world, "engine", 11)
    await done(graph, "ben", UPDATE, ruleId=first, channels=["IN_APP"])
    await done(graph, "ben", DELETE, ruleId=second)
    async with sending():
        pass
    assert receiver.connections == 0
    assert [one["status"] for one in await deliveries(graph, "ben", first)] == ["DEAD"]

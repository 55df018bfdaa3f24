"""Row 4: a payment goes its way by the signed events of its provider, which may come twice, late and out of order; a
refund cancels the enrollment.

`tests/db/actions/test_payment_history.py` has every order of two charges, `tests/db/actions/test_payments.py` money
that was taken for nothing, and `tests/app/payments` what is refused.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from itertools import permutations
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from sqlalchemy import select

from app.payments.signatures import HEADER, signed
from app.settings import Settings
from app.work import Working
from db import tables
from db.access import GUEST
from db.actions import certificates
from db.base import new_id
from db.engine import Database
from db.tables import EnrollmentStatus, PaymentStatus
from tests.app.serving import Served, serving
from tests.conftest import Graph
from tests.db.actions.test_media import run
from tests.db.paying import CREATED, FAILED, PAID, REFUNDED, event, receive, tell
from tests.db.waiting import until
from tests.deadline import DEADLINE
from tests.graphql_schema.asking import add, change
from tests.systems.lms.test_03_enroll import LESSONS, enroll
from tests.world import NOON, World

SECRET = "the-secret-that-the-provider-signs-with"
WORKERS = 2
STEPS = (CREATED, PAID, REFUNDED, FAILED)
ENDS = {STEPS: PaymentStatus.REFUNDED, (CREATED, FAILED, PAID, REFUNDED): PaymentStatus.FAILED}
"""What becomes of a payment, by the order in which its events really happen."""
ALL_APPLIED = """
    SELECT NOT EXISTS (SELECT FROM payment_events WHERE NOT is_processed AND NOT is_parked AND attempts = 0)
"""
MINE = """
    query ($slug: String!) {
      course(slug: $slug) { viewerEnrollment { status paymentStatus transactions { nodes { status } } } }
    }
"""
COMPLETE = "mutation ($input: CompleteLessonInput!) { completeLesson(input: $input) { errors { code } } }"
TWO_WAIT = "SELECT count(*) >= 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
async def served(database_url: str, redis_url: str) -> AsyncIterator[Served]:
    """The product, running over the small world: a server that the provider knows, and two workers."""
    prefix = f"{uuid4().hex}:"
    settings = Settings(database_url=database_url, redis_url=redis_url, redis_prefix=prefix)
    async with AsyncExitStack() as running:
        given = {"redis_prefix": prefix, "payments": (f"test:{SECRET}",)}
        host = await running.enter_async_context(serving(database_url, redis_url, **given))
        for _ in range(WORKERS):
            await running.enter_async_context(Working(settings))
        yield host


async def post(client: httpx.AsyncClient, told: Any) -> None:
    """Tell the server, as its provider does: again, if it has too much to do."""
    body = orjson.dumps(told)
    async with asyncio.timeout(DEADLINE):
        while True:
            header = {HEADER: signed(body, [SECRET], at=int(time.time()))}
            answer = await client.post("/webhooks/payments/test", content=body, headers=header)
            if answer.status_code < 500:
                break
    assert (answer.status_code, answer.json()) == (200, {"received": True})


async def send(served: Served, events: Iterable[Any]) -> None:
    """Tell the server all of this at once, and wait until all of it is applied."""
    async with served.client() as client:
        turns = asyncio.Semaphore(10)

        async def one(told: Any) -> None:
            async with turns:
                await post(client, told)

        async with asyncio.TaskGroup() as all_of_them:
            for told in events:
                all_of_them.create_task(one(told))
    await until(served.app.database, ALL_APPLIED)


async def mine(graph: Graph, who: str) -> tuple[str, str, list[str]]:
    """Somebody's place in Rhetoric, as they see it."""
    place = (await graph.data(who, MINE, slug="rhetoric"))["course"]["viewerEnrollment"]
    return place["status"], place["paymentStatus"], [one["status"] for one in place["transactions"]["nodes"]]


async def texts(graph: Graph, who: str) -> set[str | None]:
    modules = (await graph.data(who, LESSONS, slug="rhetoric"))["course"]["modules"]["nodes"]
    return {lesson["content"] for module in modules for lesson in module["lessons"]["nodes"]}


async def test_04_payment_opens_the_course_and_a_refund_closes_it(served: Served, graph: Graph, world: World) -> None:
    payment = (await enroll(graph, "ben", world.rhetoric))["transaction"]["id"]
    await send(served, [event(payment, CREATED)])
    assert await mine(graph, "ben") == ("ACTIVE", "PENDING", ["PENDING"])
    assert await texts(graph, "ben") == {None}
    await send(served, [event(payment, PAID)])
    assert await mine(graph, "ben") == ("ACTIVE", "COMPLETED", ["COMPLETED"])
    assert await texts(graph, "ben") == {"Text"}
    await send(served, [event(payment, REFUNDED)])
    assert await mine(graph, "ben") == ("CANCELLED", "REFUNDED", ["REFUNDED"])
    assert await texts(graph, "ben") == {None}


async def test_04_payment_that_fails_is_tried_again_by_another_enrollment(
    served: Served, graph: Graph, world: World
) -> None:
    first = (await enroll(graph, "ben", world.rhetoric))["transaction"]["id"]
    await send(served, [event(first, FAILED)])
    assert await mine(graph, "ben") == ("CANCELLED", "FAILED", ["FAILED"])
    second = (await enroll(graph, "ben", world.rhetoric))["transaction"]["id"]
    await send(served, [event(second, PAID)])
    assert await mine(graph, "ben") == ("ACTIVE", "COMPLETED", ["COMPLETED"])


# --- out of order -----------------------------------------------------------------------------------------------------


async def buyers(database: Database, world: World, order: Sequence[str]) -> list[tables.Transaction]:
    """The payments that people have begun for Rhetoric, one for each order in which these events can arrive."""
    price = {"payment_amount": world.rhetoric.price, "payment_currency": "USD"}
    bought, rows = list[tables.Transaction](), list[Any]()
    for arrival in permutations(order):
        user = tables.User(id=new_id(), email=f"{uuid4().hex}@example.com", name=" ".join(arrival))
        place = tables.Enrollment(id=new_id(), user_id=user.id, course_id=world.rhetoric.id, **price)
        payment = tables.Transaction(
            id=new_id(), user_id=user.id, course_id=world.rhetoric.id, enrollment_id=place.id, user_email=user.email
        )
        payment.amount, payment.currency, payment.course_title = world.rhetoric.price, "USD", "Rhetoric"
        rows += [user, place, payment]
        bought.append(payment)
    await add(database, *rows)
    return bought


def events_of(payment: tables.Transaction, order: Sequence[str]) -> dict[str, Any]:
    """The events of a payment, by their types, as they happened in this order. If the provider says that it has failed
    last, only the first event names the payment: its charge makes the others known.
    """
    begun, charge, is_named = int(time.time()) - 1_000, f"ch_{payment.id.hex}", order[-1] != FAILED
    return {
        type_: event(payment.public_id if is_named or at == 0 else None, type_, created=begun + 60 * at, id=charge)
        for at, type_ in enumerate(order)
    }


async def end(database: Database, payment: tables.Transaction) -> Any:
    """All that a payment has come to: its states, those of the place that it is for, and of each event."""
    async with database.read() as reading:
        now = (await reading.scalars(select(tables.Transaction).where(tables.Transaction.id == payment.id))).one()
        held = tables.Enrollment.id == now.enrollment_id
        place = (await reading.scalars(select(tables.Enrollment).where(held))).one()
        of_payment = tables.PaymentEvent.transaction_id == payment.id
        told = (await reading.scalars(select(tables.PaymentEvent).where(of_payment))).all()
        times = [at is not None for at in (now.completed_at, now.failed_at, now.refunded_at)]
        assert now.provider_txn_id == f"ch_{payment.id.hex}"
        events = {(one.type, one.is_processed, one.is_parked, one.error) for one in told}
        assert len(told) == len(STEPS)
        return now.status, times, place.status, place.payment_status, events


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("at_once", [False, True], ids=["one_by_one", "at_once"])
async def test_04_payment_ends_alike_in_every_order_in_which_its_events_arrive(
    served: Served, world: World, at_once: bool
) -> None:
    """Each event comes three times, to a server with two workers: each applied before the next one comes, or all of
    them at one moment.
    """
    database, steps = served.app.database, [list[Any]() for _ in STEPS]
    bought = {order: await buyers(database, world, order) for order in ENDS}
    for order, payments in bought.items():
        for payment, arrival in zip(payments, permutations(order), strict=True):
            sent = events_of(payment, order)
            for step, type_ in zip(steps, arrival, strict=True):
                step.append(sent[type_])
    for some in [[told for step in steps for told in step]] if at_once else steps:
        tripled = 3 * some
        Random(4).shuffle(tripled)
        await send(served, tripled)
    await run(database, "retry_payment_events")
    for order, payments in bought.items():
        ends = [await end(database, payment) for payment in payments]
        others = [(arrival, one) for arrival, one in zip(permutations(order), ends, strict=True) if one != ends[0]]
        assert (others[:1], len(others)) == ([], 0), ends[0]
        assert ends[0][0] is ENDS[order]
        assert ends[0][2] is EnrollmentStatus.CANCELLED


# --- refunds ----------------------------------------------------------------------------------------------------------


async def enrolled(graph: Graph, world: World, *, lessons: int = 0) -> tuple[str, tables.Enrollment]:
    """The payment and the place of Ben in Rhetoric, which is paid, and of which he has done so many lessons."""
    payment = (await enroll(graph, "ben", world.rhetoric))["transaction"]["id"]
    await tell(graph.database, event(payment, PAID))
    names = [f"rhetoric_{chapter}_{number}" for chapter in (1, 2) for number in (1, 2)]
    for name in names[:lessons]:
        await complete(graph, getattr(world, name))
    async with graph.database.read() as reading:
        of_ben = tables.Enrollment.user_id == world.ben.id, tables.Enrollment.course_id == world.rhetoric.id
        return payment, (await reading.scalars(select(tables.Enrollment).where(*of_ben))).one()


async def complete(graph: Graph, lesson: tables.Lesson) -> list[str]:
    """Ben finishes a lesson; returns why not."""
    answer = await graph.data("ben", COMPLETE, input={"lessonId": lesson.public_id})
    return [error["code"] for error in answer["completeLesson"]["errors"]]


async def held(database: Database, world: World) -> list[bool]:
    """Whether each certificate of Ben's for Rhetoric holds."""
    mine = tables.Certificate.user_id == world.ben.id, tables.Certificate.course_id == world.rhetoric.id
    async with database.read() as reading:
        return [one.revoked_at is None for one in await reading.scalars(select(tables.Certificate).where(*mine))]


async def test_04_payment_that_is_paid_back_leaves_a_completed_course_completed_without_its_certificate(
    graph: Graph, world: World
) -> None:
    payment, place = await enrolled(graph, world)
    await change(graph.database, place, status=EnrollmentStatus.COMPLETED, completed_at=NOON)
    place.status = EnrollmentStatus.COMPLETED
    async with graph.database.work(GUEST) as work:
        await certificates.issue(work, place)
    assert await held(graph.database, world) == [True]
    await tell(graph.database, event(payment, REFUNDED))
    assert await mine(graph, "ben") == ("COMPLETED", "REFUNDED", ["REFUNDED"])
    assert await held(graph.database, world) == [False]
    assert await texts(graph, "ben") == {None}


@pytest.mark.parametrize("first", ["refund", "lesson"])
async def test_04_payment_that_is_paid_back_while_the_last_lesson_is_finished(
    graph: Graph, world: World, first: str
) -> None:
    """Both wait for the enrollment, and go on in the order in which they came: neither undoes the other."""
    payment, place = await enrolled(graph, world, lessons=3)
    [told] = await receive(graph.database, event(payment, REFUNDED))
    begun: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
        "refund": lambda: run(graph.database, "apply_payment_event", event=told.public_id),
        "lesson": lambda: complete(graph, world.rhetoric_2_2),
    }
    one_waits = TWO_WAIT.replace("2", "1")
    async with graph.database.work(GUEST) as holding:
        await holding.scalar(select(tables.Enrollment).where(tables.Enrollment.id == place.id).with_for_update())
        tasks = {first: asyncio.create_task(begun[first]())}
        await until(graph.database, one_waits)
        [second] = {*begun} - {first}
        tasks[second] = asyncio.create_task(begun[second]())
        await until(graph.database, TWO_WAIT)
    await asyncio.gather(*tasks.values())
    status = "CANCELLED" if first == "refund" else "COMPLETED"
    assert await mine(graph, "ben") == (status, "REFUNDED", ["REFUNDED"])
    assert tasks["lesson"].result() == (["FORBIDDEN"] if first == "refund" else [])
    assert True not in await held(graph.database, world)


async def test_04_payment_of_a_course_whose_lessons_are_all_done_completes_it_again(graph: Graph, world: World) -> None:
    """Who comes back after a refund with all lessons done has completed the course once the new payment is made."""
    payment, _ = await enrolled(graph, world, lessons=4)
    await tell(graph.database, event(payment, REFUNDED))
    again = (await enroll(graph, "ben", world.rhetoric))["transaction"]["id"]
    assert await mine(graph, "ben") == ("ACTIVE", "PENDING", ["PENDING"])
    await tell(graph.database, event(again, PAID))
    assert await mine(graph, "ben") == ("COMPLETED", "COMPLETED", ["COMPLETED"])

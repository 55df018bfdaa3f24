"""Certificates are issued once for a completed course, and revoked."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from db import tables
from db.access import GUEST
from db.actions import certificates
from db.certificate_numbers import new_number
from db.tables import CertificateStatus, EnrollmentStatus, NotificationType, PaymentStatus
from tests.conftest import NotingDatabase
from tests.graphql_schema.asking import add, change
from tests.world import NOON, World


@pytest.fixture
async def completed(database: NotingDatabase, world: World) -> tables.Enrollment:
    """Sam's place in Logic, which is completed."""
    await change(database, world.rows["enrollment"], status=EnrollmentStatus.COMPLETED, completed_at=NOON)
    async with database.work(GUEST) as work:
        enrollment = tables.Enrollment
        found: tables.Enrollment = (
            await work.scalars(select(enrollment).where(enrollment.user_id == world.sam.id))
        ).one()
        return found


async def issue(database: NotingDatabase, enrollment: tables.Enrollment) -> tables.Certificate | None:
    async with database.work(GUEST) as work:
        return await certificates.issue(work, enrollment)


async def held(database: NotingDatabase) -> list[tables.Certificate]:
    async with database.work(GUEST) as work:
        return list(await work.scalars(select(tables.Certificate).where(tables.Certificate.holder_name == "Sam")))


async def test_a_completed_course_has_one_certificate(database: NotingDatabase, completed: tables.Enrollment) -> None:
    first = await issue(database, completed)
    assert first
    assert (first.holder_name, first.course_title, first.expires_at) == ("Sam", "Logic", None)
    assert await issue(database, completed) is None
    assert [one.id for one in await held(database)] == [first.id]


async def test_a_revoked_certificate_makes_room_for_another(
    database: NotingDatabase, completed: tables.Enrollment
) -> None:
    first = await issue(database, completed)
    async with database.work(GUEST) as work:
        await certificates.revoke(work, completed)
    second = await issue(database, completed)
    assert first
    assert second
    assert {one.id: one.revoked_at is None for one in await held(database)} == {first.id: False, second.id: True}


@pytest.mark.parametrize(
    "values",
    [
        {"status": EnrollmentStatus.ACTIVE, "completed_at": None},
        {"payment_status": PaymentStatus.PENDING},
        {"payment_status": PaymentStatus.REFUNDED},
    ],
)
async def test_what_is_not_completed_and_paid_has_none(
    database: NotingDatabase, completed: tables.Enrollment, values: dict[str, Any]
) -> None:
    await change(database, completed, **values)
    assert await issue(database, completed) is None
    assert await held(database) == []


async def test_many_who_issue_it_at_once_issue_one(database: NotingDatabase, completed: tables.Enrollment) -> None:
    issued = await asyncio.gather(*(issue(database, completed) for _ in range(8)))
    assert [one.id for one in await held(database)] == [one.id for one in issued if one]


async def test_a_number_that_was_given_before_is_drawn_again(
    database: NotingDatabase, completed: tables.Enrollment, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = world.certificate.certificate_no, new_number(2026)
    drawn = iter([taken, taken, free])
    monkeypatch.setattr(certificates, "new_number", lambda _: next(drawn))
    issued = await issue(database, completed)
    assert issued
    assert issued.certificate_no == free


async def test_a_class_is_certified_by_one_statement(database: NotingDatabase, world: World) -> None:
    people = [world.ada, world.olga, world.vera]
    places = [
        tables.Enrollment(
            user_id=person.id,
            course_id=world.rhetoric.id,
            status=EnrollmentStatus.COMPLETED,
            completed_at=NOON,
            payment_status=PaymentStatus.COMPLETED,
        )
        for person in people
    ]
    await add(database, *places)
    database.statements.clear()
    async with database.work(GUEST) as work:
        issued = await certificates.issue_all(work, places)
    assert sorted(one.holder_name or "" for one in issued) == sorted(person.name for person in people)
    assert len([one for one in database.statements if "INSERT INTO certificates" in one]) == 1


async def test_a_certificate_holds_for_as_long_as_the_course_says(
    database: NotingDatabase, completed: tables.Enrollment, world: World
) -> None:
    await change(database, world.logic, certificate_days=365)
    issued = await issue(database, completed)
    assert issued
    assert issued.expires_at == issued.issued_at + timedelta(days=365)


async def test_a_holder_is_told_of_what_others_do(database: NotingDatabase, completed: tables.Enrollment) -> None:
    await issue(database, completed)
    async with database.work(GUEST) as work:
        await certificates.revoke(work, completed)
        await certificates.revoke(work, completed)
        told = select(tables.Notification.type).where(tables.Notification.user_id == completed.user_id)
        types = (await work.scalars(told.order_by(tables.Notification.created_at, tables.Notification.id))).all()
    assert list(types) == [NotificationType.CERTIFICATE_ISSUED, NotificationType.CERTIFICATE_REVOKED]


async def test_a_certificate_outlives_its_holder_and_forgets_their_name(database: NotingDatabase, world: World) -> None:
    guest = tables.User(name="Nia", username="nia", email="nia@example.com")
    number = new_number(2026)
    await add(database, guest)
    await add(
        database,
        tables.Certificate(
            user_id=guest.id, course_id=world.logic.id, holder_name="Nia", course_title="Logic", certificate_no=number
        ),
    )
    async with database.work(GUEST) as work:
        await work.execute(delete(tables.User).where(tables.User.id == guest.id))
    async with database.read() as session:
        found = (await certificates.verified(session, GUEST, [number]))[number]
    assert (found.status, found.holder_name, found.course_title) == (CertificateStatus.VALID, None, "Logic")

"""Calls of what certifies, rates and orders courses."""

from db import tables
from db.actions import certificates, course_reviews, requirements
from db.tables import EnrollmentStatus, PaymentStatus
from db.write import Work
from tests.db.calls import Call, newcomer
from tests.world import NOON


async def completed(work: Work, course: tables.Course, name: str) -> tables.Enrollment:
    """The place of somebody new, who has completed a course."""
    person = await newcomer(work, name)
    values = {"status": EnrollmentStatus.COMPLETED, "completed_at": NOON, "payment_status": PaymentStatus.COMPLETED}
    return await work.add(tables.Enrollment(user_id=person.id, course_id=course.id, **values))


async def issue(work: Work, logic: tables.Course) -> None:
    assert await certificates.issue(work, await completed(work, logic, "certified"))


async def issue_all(work: Work, logic: tables.Course) -> None:
    places = [await completed(work, logic, name) for name in ("first", "second")]
    assert len(await certificates.issue_all(work, places)) == 2


async def revoke(work: Work, logic: tables.Course) -> None:
    place = await completed(work, logic, "refunded")
    await certificates.issue(work, place)
    await certificates.revoke(work, place)


async def revoke_one(work: Work, logic: tables.Course) -> None:
    issued = await certificates.issue(work, await completed(work, logic, "revoked"))
    assert issued
    await certificates.revoke_certificate(work, issued)


async def review(work: Work, logic: tables.Course) -> None:
    await completed(work, logic, "reviewer")
    await course_reviews.review(work, logic, rating=3, comment=None)


def held(name: str, *, revoked: bool = False) -> str:
    """Whether somebody has a certificate."""
    has = f"SELECT count(*) = 1 FROM certificates WHERE holder_name = '{name}'"  # noqa: S608  (names of ours)
    return f"{has} AND revoked_at IS {'NOT ' if revoked else ''}NULL"


CALLS = (
    Call(certificates.issue, "ines", ("logic",), issue, held("certified")),
    Call(certificates.issue_all, "ines", ("logic",), issue_all, held("second")),
    Call(certificates.revoke, "ines", ("logic",), revoke, held("refunded", revoked=True)),
    Call(certificates.revoke_certificate, "ines", ("logic",), revoke_one, held("revoked", revoked=True)),
    Call(course_reviews.review, "ines", ("logic",), review, "SELECT count(*) = 1 FROM course_reviews WHERE rating = 3"),
    Call(
        requirements.require,
        "ines",
        ("draft", "logic"),
        lambda work, draft, logic: requirements.require(work, draft, [logic]),
        "SELECT count(*) = 2 FROM course_prerequisites",
    ),
)

"""Certificates: issued in the transaction that completes a course, revoked, and verified by anybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, Uuid, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from db import tables
from db.access import Viewer
from db.actions.notifications import notify
from db.certificate_numbers import new_number
from db.tables import CertificateEventKind, CertificateStatus, EnrollmentStatus, NotificationType, PaymentStatus
from db.tables.certificates import certificate_status
from db.write import Work

_TEXTS = ARRAY(Text())
_NEWS = {
    CertificateEventKind.CERTIFICATE_ISSUED: (
        NotificationType.CERTIFICATE_ISSUED,
        "You completed a course",
        "Your certificate of {} is here.",
    ),
    CertificateEventKind.CERTIFICATE_REVOKED: (
        NotificationType.CERTIFICATE_REVOKED,
        "A certificate was revoked",
        "Your certificate of {} holds no more.",
    ),
}
"""The notification of each event: its type, its title, and its message about a course."""


@dataclass(frozen=True, slots=True)
class Verification:
    """A certificate as everybody may know it who has its number."""

    status: CertificateStatus
    certificate_no: str | None = None
    holder_name: str | None = None
    course_title: str | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


UNKNOWN = Verification(CertificateStatus.UNKNOWN)


async def verified(session: AsyncSession, viewer: Viewer, numbers: Sequence[str]) -> dict[str, Verification]:
    """The answer for those of these numbers that were given, as we write them: it is the same for every viewer."""
    certificate = tables.Certificate
    told = (getattr(certificate, name) for name in Verification.__slots__[1:])
    given = select(certificate_status(certificate), *told).where(certificate.certificate_no.in_(numbers))
    found = [Verification(CertificateStatus[row[0]], *row[1:]) for row in await session.execute(given)]
    return {one.certificate_no: one for one in found if one.certificate_no}


async def issue(work: Work, enrollment: tables.Enrollment) -> tables.Certificate | None:
    """The certificate of an enrollment, if it is completed and paid and its student has none of the course that holds.

    The enrollment must be locked.
    """
    issued = await issue_all(work, [enrollment])
    return issued[0] if issued else None


async def issue_all(work: Work, enrollments: Sequence[tables.Enrollment]) -> list[tables.Certificate]:
    """The certificates of those of these enrollments for which `issue` makes one, all by one statement."""
    issued: list[tables.Certificate] = []
    waiting = [enrollment.id for enrollment in enrollments]
    # Again for one whose number was given before. Who was given a certificate meanwhile lacks none.
    while waiting := list(await work.scalars(_lacking(waiting))):
        issued += await work.scalars(_issuing(waiting))
    for certificate in issued:
        work.audit("certificate_issued", certificate)
    await _tell(work, issued, CertificateEventKind.CERTIFICATE_ISSUED)
    return issued


async def revoke(work: Work, enrollment: tables.Enrollment) -> None:
    """Revoke the certificate that an enrollment was completed with, if it has one."""
    certificate = tables.Certificate
    issued = select(certificate).where(certificate.enrollment_id == enrollment.id, certificate.revoked_at.is_(None))
    for one in (await work.scalars(issued.with_for_update())).all():
        await revoke_certificate(work, one)


async def revoke_certificate(work: Work, certificate: tables.Certificate) -> None:
    """Revoke a certificate, which is locked and is not revoked, and tell its holder."""
    certificate.revoked_at = datetime.now(UTC)
    work.audit("certificate_revoked", certificate)
    await _tell(work, [certificate], CertificateEventKind.CERTIFICATE_REVOKED)


def _lacking(enrollments: Sequence[UUID]) -> Select[UUID]:
    """The keys of those of these enrollments that are completed and paid, and whose student has no certificate."""
    enrollment, certificate = tables.Enrollment, tables.Certificate
    of_student = certificate.user_id == enrollment.user_id, certificate.course_id == enrollment.course_id
    return select(enrollment.id).where(
        enrollment.id.in_(enrollments),
        enrollment.status == EnrollmentStatus.COMPLETED,
        enrollment.payment_status == PaymentStatus.COMPLETED,
        ~exists().where(*of_student, certificate.revoked_at.is_(None)),
    )


def _issuing(enrollments: Sequence[UUID]) -> ReturningInsert[tables.Certificate]:
    """An addition of certificates for these enrollments, but for those that break a unique constraint."""
    now = datetime.now(UTC)
    keys, numbers = literal(enrollments, ARRAY(Uuid())), literal([new_number(now.year) for _ in enrollments], _TEXTS)
    given = func.unnest(keys, numbers).table_valued("enrollment_id", "certificate_no").render_derived()
    enrollment, course, user = tables.Enrollment, tables.Course, tables.User
    values = {
        "id": func.uuidv7(),
        "user_id": user.id,
        "course_id": course.id,
        "enrollment_id": enrollment.id,
        "holder_name": user.name,
        "course_title": course.title,
        "certificate_no": given.c.certificate_no,
        "issued_at": literal(now),
        "expires_at": literal(now) + func.make_interval(0, 0, 0, course.certificate_days),
    }
    rows = select(*values.values()).join_from(given, enrollment, enrollment.id == given.c.enrollment_id)
    rows = rows.join(course, course.id == enrollment.course_id).join(user, user.id == enrollment.user_id)
    addition = insert(tables.Certificate).from_select(list(values), rows, include_defaults=False)
    return addition.on_conflict_do_nothing().returning(tables.Certificate)


async def _tell(work: Work, certificates: Sequence[tables.Certificate], kind: CertificateEventKind) -> None:
    """Tell the holders of certificates what happened to them. Of one whose holder is gone nobody is told."""
    news = []
    for one in certificates:
        if one.user_id:
            await work.happened(kind, one)
            type_, title, message = _NEWS[kind]
            told = {"type": type_, "title": title, "message": message.format(one.course_title)}
            news.append({"user_id": one.user_id, "data": {"certificateId": one.public_id}, **told})
    await notify(work, news)

"""Certificates of courses, which anybody verifies by their number."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Index, case, event, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, refers, string
from db.constraints import unique
from db.enums import Words
from db.permissions import MANAGE, SEE
from db.rules import owned_by, through


class CertificateStatus(Words):
    """The answer to whether a certificate holds that has a number."""

    VALID = "VALID", "It is the number of a certificate that holds."
    EXPIRED = "EXPIRED", "It is the number of a certificate whose time is over."
    REVOKED = "REVOKED", "It is the number of a certificate that was revoked."
    UNKNOWN = "UNKNOWN", "No certificate was ever given this number."


class CertificateEventKind(Words):
    """Something that happened to your certificates."""

    CERTIFICATE_ISSUED = "CERTIFICATE_ISSUED", "You were given a certificate."
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED", "A certificate of yours holds no more."


class Certificate(Updated, Base, access=owned_by("user_id", SEE) | through("course_id", see=MANAGE), prefix="crt"):
    """A certificate that a person has completed a course, by the names that both had then."""

    __tablename__ = "certificates"

    user_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    course_id: Mapped[UUID | None] = refers("courses", ondelete="SET NULL")
    enrollment_id: Mapped[UUID | None] = refers("enrollments", ondelete="SET NULL", index=True)
    holder_name: Mapped[str | None] = string(200)
    course_title: Mapped[str] = string(200)
    certificate_no: Mapped[str] = string(20)
    issued_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        unique("certificate_no", says="There is a certificate of this number already."),
        unique(
            "user_id",
            "course_id",
            name="uq_certificates_user_id_course_id",
            where="revoked_at IS NULL",
            says="This person has a certificate of the course already.",
        ),
        Index(None, "user_id", "issued_at", "id"),
        Index(None, "course_id", "issued_at", "id"),
    )


def certificate_status(certificate: Any) -> ColumnElement[Any]:
    """Whether a certificate holds. One that was revoked when its time was over is expired all the same."""
    is_over = certificate.expires_at <= func.least(certificate.revoked_at, func.now())
    return case(
        (is_over, CertificateStatus.EXPIRED.value),
        (certificate.revoked_at.is_not(None), CertificateStatus.REVOKED.value),
        else_=CertificateStatus.VALID.value,
    )


FORGETTING = (
    """\
CREATE OR REPLACE FUNCTION forget_holder() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.holder_name := NULL;
    RETURN NEW;
END $$""",
    """\
CREATE TRIGGER forget_holder BEFORE UPDATE OF user_id ON certificates
    FOR EACH ROW WHEN (NEW.user_id IS NULL) EXECUTE FUNCTION forget_holder()""",
)
"""A holder who is deleted is named nowhere; that somebody completed the course stays true."""


@event.listens_for(Certificate.__table__, "after_create")
def _forget_holders(_table: Any, connection: Any, **_: Any) -> None:
    for statement in FORGETTING:
        connection.execute(text(statement))

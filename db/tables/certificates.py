"""Certificates of courses, which anybody verifies by their number."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, refers, string
from db.constraints import unique
from db.permissions import MANAGE, SEE
from db.rules import owned_by, through


class Certificate(Updated, Base, access=owned_by("user_id", SEE) | through("course_id", see=MANAGE), prefix="crt"):
    """A certificate that a person has completed a course, by the names that both had then."""

    __tablename__ = "certificates"

    user_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    course_id: Mapped[UUID | None] = refers("courses", ondelete="SET NULL")
    enrollment_id: Mapped[UUID | None] = refers("enrollments", ondelete="SET NULL", index=True)
    holder_name: Mapped[str] = string(200)
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

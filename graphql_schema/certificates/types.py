"""Certificates that somebody has completed a course."""

from db import tables
from db.tables import CertificateStatus
from db.tables.certificates import certificate_status
from graphql_schema.core import column, node, one, sql
from graphql_schema.core.strawberry_seam import enumeration


@node(tables.Certificate, orders=("-issued_at",))
class Certificate:
    """A certificate that a person has completed a course."""

    certificate_no = column(
        "The number by which anybody can verify it. `/certificates/{certificateNo}.pdf` is its document."
    )
    status = sql(enumeration(CertificateStatus), "Whether it holds.", certificate_status, weight=None)
    holder_name = column("The name of the person when it was issued; null once they are gone.")
    course_title = column("The title of the course when it was issued.")
    issued_at = column("When it was issued.")
    expires_at = column("Until when it holds; null for ever.")
    revoked_at = column("When it was revoked; null if it was not.")
    user = one(tables.Certificate.user_id, "The person; null if they are gone.")
    course = one(tables.Certificate.course_id, "The course; null if it is gone.")
    enrollment = one(tables.Certificate.enrollment_id, "The place in the course that it certifies.")

"""Verifying a certificate by its number, for everybody."""

from datetime import datetime
from operator import attrgetter

from db.actions import certificates
from db.certificate_numbers import number_in
from db.tables import CertificateStatus
from graphql_schema.core import keyed
from graphql_schema.core.fields import Computed, object_type
from graphql_schema.core.signature import REQUIRED, Argument
from graphql_schema.core.strawberry_seam import enumeration

object_type(
    "CertificateVerification",
    "What is known of a number of a certificate. All but `status` is null for a number that was never given.",
    status=Computed(
        "Whether it is the number of a certificate that holds.", enumeration(CertificateStatus), attrgetter("status")
    ),
    certificate_no=Computed("The number as it stands on the certificate.", str | None, attrgetter("certificate_no")),
    holder_name=Computed(
        "Who has completed the course; null once they are gone.", str | None, attrgetter("holder_name")
    ),
    course_title=Computed("The course.", str | None, attrgetter("course_title")),
    issued_at=Computed("When it was issued.", datetime | None, attrgetter("issued_at")),
    expires_at=Computed("Until when it holds; null for ever.", datetime | None, attrgetter("expires_at")),
    revoked_at=Computed("When it was revoked; null if it was not.", datetime | None, attrgetter("revoked_at")),
)


certificate_verification = keyed(
    "CertificateVerification",
    "Whether a certificate holds, by its number, for everybody who has that. A number that was mistyped is `UNKNOWN`.",
    key=number_in,
    reads=certificates.verified,
    otherwise=certificates.UNKNOWN,
    number=Argument(str, "The number, in small or capital letters, with hyphens or without.", REQUIRED),
)

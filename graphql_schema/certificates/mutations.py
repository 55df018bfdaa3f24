"""Revoking certificates."""

import strawberry

from db import tables
from db.actions import certificates
from db.permissions import MANAGE
from db.write import Work
from graphql_schema.core import mutation


@strawberry.input(description="A certificate that is to hold no more.")
class RevokeCertificateInput:
    """A certificate."""

    certificate_id: strawberry.ID = strawberry.field(description="The certificate.")


@mutation(certificate=tables.Certificate)
async def revoke_certificate(work: Work, input: RevokeCertificateInput) -> tables.Certificate:
    """Revoke a certificate: whoever verifies it is told so, and so is its holder. For who teaches the course.

    One that is revoked already stays as it is.
    """
    certificate = await work.get(tables.Certificate, input.certificate_id, at="certificateId", may=MANAGE, lock=True)
    if certificate.revoked_at is None:
        await certificates.revoke_certificate(work, certificate)
    return certificate

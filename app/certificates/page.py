"""The page that says whether a certificate holds: one answer, in plain HTML."""

from datetime import UTC, datetime
from html import escape

from app.certificates.paper import Paper
from db.actions.certificates import Verification
from db.tables import CertificateStatus

SAYS = {
    CertificateStatus.VALID: "This certificate is valid.",
    CertificateStatus.EXPIRED: "This certificate has expired.",
    CertificateStatus.REVOKED: "This certificate was revoked and does not hold any more.",
    CertificateStatus.UNKNOWN: "No certificate was ever given this number.",
}
STYLE = """
body { max-width: 36rem; margin: 12vh auto; padding: 0 1rem; color: #2a3242; font: 1rem/1.5 system-ui, sans-serif }
h1 { color: #b42319; font-size: 1.6rem } h1.VALID { color: #0f8a65 } dt { color: #697385 } dd { margin: 0 0 0.8rem }
dd { overflow-wrap: anywhere }
"""
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>{says}</title>
<style>{style}</style>
<h1 class="{status}">{says}</h1>
{facts}
</html>
"""
A_STUDENT = "A former student"
"""The name of a holder who is named nowhere any more."""


def page(found: Verification, document: str) -> str:
    """The page about a certificate, with a link to its document."""
    says, facts = SAYS[found.status], ""
    if found.certificate_no:
        told = {
            "Holder": found.holder_name or A_STUDENT,
            "Course": found.course_title,
            "Dates": " · ".join(dates(found)),
            "Number": found.certificate_no,
        }
        listed = "".join(f"<dt>{name}<dd dir=auto>{escape(text or '')}" for name, text in told.items())
        facts = f'<dl>{listed}</dl><p><a href="{escape(document)}">The certificate as a PDF</a>'
    return PAGE.format(says=says, style=STYLE, status=found.status.value, facts=facts)


def paper(found: Verification, address: str) -> Paper:
    """The texts of the document of a certificate as it stands, which is verified at an address."""
    holder = found.holder_name or A_STUDENT
    stamp = None if found.status is CertificateStatus.VALID else found.status.value
    return Paper(found.certificate_no or "", holder, found.course_title or "", stamp, dates(found), address)


def dates(found: Verification) -> list[str]:
    """When a certificate was issued, until when it holds, and when it was revoked."""
    until = "Expired" if found.status is CertificateStatus.EXPIRED else "Valid until"
    told = {"Issued": found.issued_at, until: found.expires_at, "Revoked": found.revoked_at}
    return [f"{word} {_day(moment)}" for word, moment in told.items() if moment]


def _day(moment: datetime) -> str:
    """A day in UTC, as people write it."""
    day = moment.astimezone(UTC)
    return f"{day.day} {day:%B %Y}"

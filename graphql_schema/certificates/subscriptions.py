"""Hearing of one's certificates, wherever the course is completed."""

from functools import partial

from db import tables
from db.outbox import topic
from db.tables import CertificateEventKind
from graphql_schema.core import events

certificate_events = events(
    "Your certificates from now on: as they are issued and revoked.",
    "CertificateEvent",
    CertificateEventKind,
    own=partial(topic, "user"),
    certificate=tables.Certificate,
)

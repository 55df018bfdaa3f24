"""Payments from the root."""

from db import tables
from graphql_schema.core import listing, restricted

payment_events = restricted(
    listing(tables.PaymentEvent, "The events of providers of payments, for administrators."),
    lambda viewer, _: viewer.is_admin,
)

"""Payments from the root."""

from db import tables
from graphql_schema.core import listing, restricted

transactions = listing(
    tables.Transaction, "Payments, as far as you see them: your own, and those for the courses that you teach."
)
payment_events = restricted(
    listing(
        tables.PaymentEvent,
        "The events of providers of payments, for administrators. `filter: {isParked: true}` has those that "
        "somebody has to look at.",
    ),
    lambda viewer, _: viewer.is_admin,
)

"""Payments, and the events by which their providers tell of them."""

from db import tables
from graphql_schema.core import column, many, node, one


@node(tables.Transaction, orders=("-created_at",), filters=("status", "created_at", "course_id"))
class Transaction:
    """A payment for a course."""

    course_title = column("The title of the course when it was bought.")
    amount = column("What it costs.")
    currency = column("The ISO 4217 code of the amount's currency.")
    status = column("How far it is.")
    provider = column("The provider of the payment; null until it is heard of.")
    failure_reason = column("Why it did not go through; null if it did, or may yet.")
    created_at = column("When it was begun.")
    completed_at = column("When it was paid; null if it was not.")
    failed_at = column("When it failed; null if it did not.")
    refunded_at = column("When it was paid back; null if it was not.")
    user = one(tables.Transaction.user_id, "Who pays; null if they are gone.")
    course = one(tables.Transaction.course_id, "The course; null if it is gone.")
    enrollment = one(tables.Transaction.enrollment_id, "The place in the course that it pays for.")
    events = many(tables.PaymentEvent.transaction_id, "What its provider has told of it; for administrators.")


@node(tables.PaymentEvent, orders=("-received_at",), filters=("is_processed", "is_parked"))
class PaymentEvent:
    """An event of a provider of payments. For administrators."""

    provider = column("The provider.")
    provider_event_id = column("The id that the provider gave it.")
    type = column("The kind of the event, as the provider calls it.")
    charge = column("The id that the provider gave the charge; null for an event that is about none.")
    occurred_at = column("When it happened, by the provider.")
    received_at = column("When it arrived.")
    processed_at = column("When it was applied; null if it was not yet.")
    parked_at = column(
        "When it was put before an operator, as it cannot be applied, or money was taken for nothing; null if it "
        "was not. `error` says why."
    )
    is_processed = column("Whether it was applied.")
    is_parked = column("Whether an operator has to look at it. What is neither that nor applied waits for others.")
    attempts = column("How often it was tried to apply it.")
    error = column("Why it could not be applied at the last try, or what is to be done about it.")
    transaction = one(tables.PaymentEvent.transaction_id, "The payment that it is about; null until that is known.")

"""Deliveries of GitHub as they came, and what is missing of them."""

from db import tables
from graphql_schema.core import column, node, one


@node(tables.WebhookEvent, orders=("-received_at",), filters=("event", "received_at", "is_processed", "is_parked"))
class WebhookEvent:
    """A message from GitHub as it came. For those who manage the repository or the organization."""

    delivery_id = column("The id that GitHub gave the delivery; `requested-…` for what it was asked for.")
    event = column("The kind of event, as GitHub names it: `pull_request`.")
    action = column("What happened to its subject: `opened`.")
    payload = column("The message.")
    received_at = column("When it came.")
    processed_at = column("When it was worked into the repository's data; null while it waits.")
    is_processed = column("Whether it was worked in.")
    attempts = column("How often it was tried to work it in.")
    error = column("Why the last try failed; null if none did.")
    retry_at = column("When it is tried again; null where no try has failed.")
    parked_at = column("When it was given up, until somebody has it replayed; null where it was not.")
    is_parked = column("Whether it was given up.")
    organization = one(tables.WebhookEvent.organization_id, "The organization that it is about.")
    repository = one(tables.WebhookEvent.repository_id, "The repository that it is about.")


@node(tables.IngestionGap, orders=("-found_at",), filters=("kind", "is_open"))
class IngestionGap:
    """Something of a repository that GitHub must have told and has not. For those who manage the repository."""

    kind = column("What is missing.")
    branch = column("The branch whose commits are missing; null for numbers.")
    before_sha = column("The last commit before the gap; null where none is known.")
    after_sha = column("The commit from which the branch went on; null for numbers.")
    first_number = column("The first number that is missing; null for commits.")
    last_number = column("The last number that is missing; null for commits.")
    found_at = column("When it was found.")
    requested_at = column("When GitHub last said what it has of it; null while it was not asked.")
    closed_at = column("When all that GitHub has of it had come; null while it is open.")
    error = column("Why GitHub did not give it when it was last asked; null if it did.")
    is_open = column("Whether it is still missing.")
    repository = one(tables.IngestionGap.repository_id, "The repository.")

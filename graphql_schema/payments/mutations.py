"""Mutations of operators, for events of payments that could not be applied."""

import strawberry

from db import tables
from db.permissions import MANAGE
from db.tables import PaymentEventKind
from graphql_schema.core import references, update_each
from graphql_schema.core.bulk import OnError, items

NAMED = "The events that you named, as they are now, in that order without those that were skipped."


@strawberry.input(description="Events of payments that were put before an operator.")
class ReplayPaymentEventsInput:
    """Events."""

    event_ids: list[strawberry.ID] = items("Which ones.")
    on_error: OnError = strawberry.field(
        default=OnError.ALL_OR_NOTHING, description="What is done when one of them is not there."
    )


replay_payment_events = update_each(
    "Have events applied that were put before an operator, once what hindered them is put right. For administrators."
    "\n\nOne that was applied already, with money taken for nothing, is settled by this. A job tries the others at "
    "once, and puts those before an operator again that still cannot be applied. `replayedCount` counts those that "
    "were parked.",
    ReplayPaymentEventsInput,
    at=tables.PaymentEvent,
    named="event_ids",
    may=MANAGE,
    where=lambda event: event.parked_at.is_not(None),
    sets=lambda event, input, viewer: {"parked_at": None, "error": None},
    tells=PaymentEventKind.PAYMENT_EVENT_REPLAYED,
    viewer=tables.User,
    replayed_count=int,
    events=references(tables.PaymentEvent, NAMED, most="eventIds"),
)

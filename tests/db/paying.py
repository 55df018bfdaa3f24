"""Events of a provider of payments, as tests tell them, and what becomes of payments."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from db import tables
from db.access import GUEST
from db.actions import payments
from db.actions.charges import Message
from db.base import Base
from db.engine import Database
from tests.db.actions.test_media import run

PAID, FAILED, REFUNDED, CREATED = "charge.succeeded", "charge.failed", "charge.refunded", "charge.pending"


def event(
    transaction: str | None, type_: str = PAID, *, named: str = "", created: int | None = None, **charge: Any
) -> dict[str, Any]:
    """An event about the one charge for a payment, which is named by its public id; by others if that is None."""
    subject = {
        "id": f"ch_{transaction}",
        "amount": 4990,
        "currency": "usd",
        "amount_refunded": 4990 if type_ == REFUNDED else 0,
        "metadata": {"transaction": transaction} if transaction else {},
    }
    at = int(datetime.now(UTC).timestamp()) if created is None else created
    return {"id": named or f"evt_{uuid4().hex}", "type": type_, "created": at, "data": {"object": subject | charge}}


async def receive(database: Database, *events: dict[str, Any], provider: str = "test") -> list[tables.PaymentEvent]:
    """Keep events as they arrive; returns their rows. None of them is applied."""
    async with database.work(GUEST) as work:
        for one in events:
            await payments.receive(work, provider, Message.model_validate(one), one)
    row, ids = tables.PaymentEvent, [one["id"] for one in events]
    async with database.read() as reading:
        found = {one.provider_event_id: one for one in await reading.scalars(select(row))}
    return [found[one] for one in ids]


async def tell(database: Database, *events: dict[str, Any]) -> list[tables.PaymentEvent]:
    """Keep events and apply them, one after the other; returns what has become of them."""
    told = []
    for one in events:
        [row] = await receive(database, one)
        await run(database, "apply_payment_event", event=row.public_id)
        told.append(row)
    return [await again(database, row) for row in told]


async def again(database: Database, row: Any) -> Any:
    """A row as it is now."""
    table: type[Base] = type(row)
    async with database.read() as reading:
        return (await reading.scalars(select(table).where(table.id == row.id))).one()

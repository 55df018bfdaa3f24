"""`scripts/send-payment`: tells a running server of a charge as a provider would, for developers. Nobody is charged."""

import time
from uuid import uuid4

import httpx
import orjson

from app.payments.signatures import HEADER, signed
from app.settings import Settings
from db import tables
from db.access import GUEST
from db.actions.charges import TYPES, decimals
from db.engine import Database
from db.errors import BadInput, CannotRun, NotFound
from db.ids import key_of
from db.tables import PaymentStatus
from db.write import Work

TIMEOUT = 10.0


async def send(settings: Settings, type_: str, transaction: str, *, url: str, provider: str | None = None) -> str:
    """Tell the server at an address of a charge for a payment, and return the server's answer."""
    if type_ not in TYPES:
        raise BadInput(f"Name a type of event: {', '.join(TYPES)}.")
    name = provider or next(iter(settings.payment_secrets), "")
    if name not in settings.payment_secrets:
        raise CannotRun("TRELLIS_PAYMENTS has no secret of this provider.")
    body = orjson.dumps(event(await _payment(settings, transaction), type_))
    header = signed(body, settings.payment_secrets[name], at=int(time.time()))
    address = f"{url.rstrip('/')}/webhooks/payments/{name}"
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            answer = await client.post(address, content=body, headers={HEADER: header})
    except httpx.HTTPError as error:
        raise CannotRun(f"No server answers at {address}: {error}") from None
    if answer.is_error:
        raise CannotRun(f"{answer.status_code}: {answer.text}")
    return answer.text


def event(payment: tables.Transaction, type_: str) -> dict[str, object]:
    """An event about a charge for a payment."""
    amount = int(payment.amount.scaleb(decimals(payment.currency)))
    charge = {
        "id": payment.provider_txn_id or f"ch_{payment.id.hex}",
        "object": "charge",
        "amount": amount,
        "amount_refunded": amount if TYPES[type_] is PaymentStatus.REFUNDED else 0,
        "currency": payment.currency.lower(),
        "failure_message": "The card was declined." if TYPES[type_] is PaymentStatus.FAILED else None,
        "metadata": {"transaction": payment.public_id},
    }
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": type_,
        "created": int(time.time()),
        "data": {"object": charge},
    }


async def _payment(settings: Settings, transaction: str) -> tables.Transaction:
    """A payment, by its public id. Raises NotFound."""
    database = Database(settings.database_url)
    try:
        async with database.work(GUEST) as work:
            return await _found(work, transaction)
    finally:
        await database.close()


async def _found(work: Work, transaction: str) -> tables.Transaction:
    key = key_of(tables.Transaction, transaction)
    payment = await (await work.session()).get(tables.Transaction, key) if key else None
    if payment is None:
        raise NotFound("There is no payment with this id, such as `enroll` gives in `transaction`.")
    return payment

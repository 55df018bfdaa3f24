"""A developer tells a running server of a charge: the server takes it for the provider's."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from app.payments.sending import event
from db import tables
from db.actions.charges import TYPES, Message
from db.base import new_id
from tests.app.conftest import Run
from tests.app.payments.conftest import SECRET
from tests.app.payments.test_webhook import kept
from tests.app.serving import Served
from tests.world import World

URL = "http://127.0.0.1:1"


@pytest.fixture
def send(host: Served, run: Run, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command as a developer does, beside the running server."""
    monkeypatch.setenv("TRELLIS_PAYMENTS", f"test:{SECRET}")

    async def sending(*arguments: str, url: str = f"http://{host.address}") -> None:
        await asyncio.to_thread(run, "send-payment", *arguments, "--url", url)

    return sending


async def test_the_server_takes_what_is_sent(
    host: Served, world: World, send: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    await send("charge.refunded", world.payment.public_id)
    assert capsys.readouterr().out.endswith('{"received":true}\n')
    [row] = await kept(host)
    assert (row.provider, row.type, row.charge) == ("test", "charge.refunded", "ch_declined")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["charge.eaten", "@payment"], r"^Name a type of event: charge\.pending, charge\.succeeded, "),
        (["charge.failed", "txn_00000000000000000000000000000000"], r"^There is no payment with this id"),
        (["charge.failed", "nonsense"], r"^There is no payment with this id"),
        (["charge.failed", "@payment", "--provider", "nobody"], r"^TRELLIS_PAYMENTS has no secret of this provider\.$"),
    ],
)
async def test_what_makes_no_sense_is_said_in_one_line(
    host: Served, world: World, send: Any, arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit, match=said):
        await send(*(getattr(world, one[1:]).public_id if one[0] == "@" else one for one in arguments))
    assert await kept(host) == []


async def test_a_server_that_is_not_there_is_said_in_one_line(world: World, send: Any) -> None:
    with pytest.raises(SystemExit, match=rf"^No server answers at {URL}/webhooks/payments/test: "):
        await send("charge.failed", world.payment.public_id, url=URL)


async def test_a_server_that_refuses_is_said_in_one_line(
    world: World, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRELLIS_PAYMENTS", "test:a-secret-that-the-server-does-not-know")
    with pytest.raises(SystemExit, match=r"^403: .*The signature is not of this body"):
        await send("charge.failed", world.payment.public_id)


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize(("currency", "price"), [("USD", "49.90"), ("JPY", "50.00"), ("KWD", "49.90")])
def test_an_event_is_about_the_price_of_the_payment(type_: str, currency: str, price: str) -> None:
    payment = tables.Transaction(id=new_id(), amount=Decimal(price), currency=currency)
    charge = Message.model_validate(event(payment, type_)).charge
    assert charge
    assert charge.price == (Decimal(price), currency)
    assert (charge.paid_back == Decimal(price)) == (type_ == "charge.refunded")
    assert charge.metadata == {"transaction": payment.public_id}

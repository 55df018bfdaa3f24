"""Charges, as providers of payments tell of them: by events in Stripe's form."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from db.tables import PaymentStatus

TYPES: Mapping[str, PaymentStatus] = {
    "charge.pending": PaymentStatus.PENDING,
    "charge.succeeded": PaymentStatus.COMPLETED,
    "charge.failed": PaymentStatus.FAILED,
    "charge.expired": PaymentStatus.FAILED,
    "charge.refunded": PaymentStatus.REFUNDED,
}
"""The types of events that tell of a payment, with the state that it has come to. Others change nothing."""

# Amounts are whole numbers of the smallest unit of their currency: https://docs.stripe.com/currencies
_WITHOUT_DECIMALS = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF"
_WITH_THREE = "BHD JOD KWD OMR TND"

Id = Annotated[str, Field(min_length=1, max_length=200)]
Amount = Annotated[int, Field(ge=0, lt=10**15)]


class Charge(BaseModel):
    """A try to get an amount of money from somebody. One that has failed stays so: the next try is another charge."""

    model_config = ConfigDict(strict=True)

    id: Id
    amount: Amount
    currency: Annotated[str, Field(pattern="^[A-Za-z]{3}$")]
    amount_refunded: Amount = 0
    failure_message: str | None = None
    metadata: dict[str, Any] = {}

    @property
    def price(self) -> tuple[Decimal, str]:
        """The amount and its currency, as prices are."""
        return self._in_units(self.amount), self.currency.upper()

    @property
    def paid_back(self) -> Decimal:
        """How much of the amount was paid back until now."""
        return self._in_units(self.amount_refunded)

    def _in_units(self, amount: int) -> Decimal:
        return Decimal(amount).scaleb(-decimals(self.currency))


class Subject(BaseModel):
    """The object that an event is about, as the provider has it."""

    object: dict[str, Any]


class Message(BaseModel):
    """An event as a provider sends it."""

    model_config = ConfigDict(strict=True)

    id: Id
    type: Annotated[str, Field(min_length=1, max_length=100)]
    created: Annotated[int, Field(ge=0, lt=2**33)]
    """When it happened, in seconds since 1970."""
    data: Subject

    @property
    def charge(self) -> Charge | None:
        """The charge that it is about; None for an event of another type, and for a charge that makes no sense."""
        return charge_in(self.data.object) if self.type in TYPES else None


def charge_in(subject: Any) -> Charge | None:
    """The charge that an event is about; None for what is none."""
    try:
        return Charge.model_validate(subject)
    except ValidationError:
        return None


def decimals(currency: str) -> int:
    """How many decimals amounts of a currency have."""
    code = currency.upper()
    return 0 if code in _WITHOUT_DECIMALS else 3 if code in _WITH_THREE else 2

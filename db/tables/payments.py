"""Payments for courses, and the events by which their providers tell of them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Computed, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Json, Updated, count, refers, state, string
from db.columns import currency, money
from db.constraints import check, unique
from db.enums import Words
from db.guards import guard
from db.indexes import partial
from db.permissions import MANAGE, SEE
from db.rules import administrators, owned_by, through
from db.tables.courses_enums import PAYMENT_TRANSITIONS, PaymentStatus


class PaymentEventKind(Words):
    """Something that happened to an event of a provider of payments."""

    PAYMENT_EVENT_RECEIVED = "PAYMENT_EVENT_RECEIVED", "It has arrived."
    PAYMENT_EVENT_REPLAYED = "PAYMENT_EVENT_REPLAYED", "An operator has it applied again."


class Transaction(Updated, Base, access=owned_by("user_id", SEE) | through("course_id", see=MANAGE), prefix="txn"):
    """A payment for a course. It stays when the course or the person is gone."""

    __tablename__ = "transactions"

    user_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    course_id: Mapped[UUID | None] = refers("courses", ondelete="SET NULL")
    enrollment_id: Mapped[UUID | None] = refers("enrollments", ondelete="SET NULL", index=True)
    user_email: Mapped[str] = string(320)
    course_title: Mapped[str | None] = string(200)
    amount: Mapped[Decimal] = money()
    currency: Mapped[str] = currency("USD")
    status: Mapped[PaymentStatus] = state(PaymentStatus.PENDING, transitions=PAYMENT_TRANSITIONS)
    provider: Mapped[str | None] = string(50)
    provider_txn_id: Mapped[str | None] = string(200)
    failure_reason: Mapped[str | None] = string(1_000)
    completed_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]

    __table_args__ = (
        unique("provider", "provider_txn_id", says="There is a payment of this number already."),
        check(
            "(status IN ('COMPLETED', 'REFUNDED')) = (completed_at IS NOT NULL)",
            name="completed",
            says="A payment that is completed says when, and no other.",
        ),
        check(
            "(status = 'FAILED') = (failed_at IS NOT NULL)",
            name="failed",
            says="A payment that has failed says when, and no other.",
        ),
        check(
            "(status = 'REFUNDED') = (refunded_at IS NOT NULL)",
            name="refunded",
            says="A payment that was paid back says when, and no other.",
        ),
        Index(None, "user_id", "created_at", "id"),
        Index(None, "course_id", "status"),
        Index(None, "status", "created_at", "id"),
        Index(None, "created_at", "id"),
        Index(None, "completed_at"),
        Index(None, "refunded_at"),
    )


class PaymentEvent(Updated, Base, access=administrators, prefix="pev"):
    """An event of a provider of payments, kept as it came and applied by a job. Its id is never taken twice."""

    __tablename__ = "payment_events"

    provider: Mapped[str] = string(50)
    provider_event_id: Mapped[str] = string(200)
    type: Mapped[str] = string(100)
    charge: Mapped[str | None] = string(200)
    transaction_id: Mapped[UUID | None] = refers("transactions", ondelete="SET NULL")
    payload: Mapped[Json]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    processed_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    attempts: Mapped[int] = count()
    error: Mapped[str | None] = string(1_000)
    is_processed: Mapped[bool] = mapped_column(Computed("processed_at IS NOT NULL", persisted=True))
    is_parked: Mapped[bool] = mapped_column(Computed("parked_at IS NOT NULL", persisted=True))

    __table_args__ = (
        unique("provider", "provider_event_id", says="This event has been received already."),
        check("attempts >= 0", at="attempts", says="Attempts are counted from 0."),
        partial(
            "ix_payment_events_waiting",
            "received_at",
            "id",
            where={"is_processed": False, "is_parked": False},
        ),
        partial("ix_payment_events_parked", "received_at", "id", where={"is_parked": True}),
        Index(None, "transaction_id", "occurred_at", "id"),
        Index(None, "provider", "charge"),
        Index(None, "received_at", "id"),
    )


# Who enrolls locks the course against another price: a payment is in the currency that the course has then.
guard(
    "a_currency_stays",
    """\
CREATE OR REPLACE FUNCTION a_currency_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM transactions WHERE course_id = NEW.id) THEN
        RAISE EXCEPTION 'there are payments for this course'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'a_currency_stays';
    END IF;
    RETURN NULL;
END $$""",
    """\
CREATE CONSTRAINT TRIGGER a_currency_stays AFTER UPDATE OF currency ON courses
    DEFERRABLE FOR EACH ROW WHEN (OLD.currency <> NEW.currency) EXECUTE FUNCTION a_currency_stays()""",
    says="Somebody has paid for the course in its currency, which stays.",
    at="currency",
)

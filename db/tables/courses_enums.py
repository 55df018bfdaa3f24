"""The enumerations of courses."""

from db.enums import Words


class Difficulty(Words):
    """How much a course asks of its students."""

    BEGINNER = "BEGINNER", "Asks for nothing."
    INTERMEDIATE = "INTERMEDIATE", "Asks for the basics."
    ADVANCED = "ADVANCED", "Asks for experience."
    EXPERT = "EXPERT", "Asks for mastery."


class EnrollmentStatus(Words):
    """The state of an enrollment. It leaves ACTIVE once and never comes back: a student who returns begins another."""

    ACTIVE = "ACTIVE", "Taking the course."
    COMPLETED = "COMPLETED", "Has finished the course."
    EXPIRED = "EXPIRED", "The time for it is over."
    CANCELLED = "CANCELLED", "Left, or got the money back."


class PaymentStatus(Words):
    """The state of a payment."""

    PENDING = "PENDING", "Waits for the money."
    COMPLETED = "COMPLETED", "Paid, or free."
    FAILED = "FAILED", "The payment did not go through."
    REFUNDED = "REFUNDED", "Paid back."

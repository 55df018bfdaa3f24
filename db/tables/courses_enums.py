"""The enumerations of courses, and which state may follow which."""

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


class CourseEventKind(Words):
    """Something that happened to a course."""

    COURSE_CHANGED = "COURSE_CHANGED", "Its title, its price or something else that it says of itself is another."
    CONTENT_CHANGED = "CONTENT_CHANGED", "Its modules or lessons are others, or in another order."
    COURSE_PUBLISHED = "COURSE_PUBLISHED", "The catalogue has it."
    COURSE_UNPUBLISHED = "COURSE_UNPUBLISHED", "The catalogue has it no more. Its students keep it."
    COURSE_DELETED = "COURSE_DELETED", "It is deleted: its instructor alone sees it, and can restore it."
    COURSE_RESTORED = "COURSE_RESTORED", "It is back as it was before it was deleted."


class ProgressEventKind(Words):
    """Something that happened to your progress in a course."""

    LESSON_COMPLETED = "LESSON_COMPLETED", "You finished a lesson."
    COURSE_COMPLETED = "COURSE_COMPLETED", "You finished the last lesson of the course."


class ClassEventKind(Words):
    """Something that happened among the students of a course."""

    STUDENT_ENROLLED = "STUDENT_ENROLLED", "Somebody has a place in the course, which may wait for its payment."
    LESSON_COMPLETED = "LESSON_COMPLETED", "A student finished a lesson."
    COURSE_COMPLETED = "COURSE_COMPLETED", "A student has done all that the course asks."
    ENROLLMENT_ENDED = "ENROLLMENT_ENDED", "A student has left, or their time is over."
    LESSONS_CHANGED = "LESSONS_CHANGED", "The course has other lessons: how far all students are was counted anew."


ENROLLMENT_TRANSITIONS = {
    EnrollmentStatus.ACTIVE: [EnrollmentStatus.COMPLETED, EnrollmentStatus.EXPIRED, EnrollmentStatus.CANCELLED],
}
PAYMENT_TRANSITIONS = {
    PaymentStatus.PENDING: [PaymentStatus.COMPLETED, PaymentStatus.FAILED],
    PaymentStatus.COMPLETED: [PaymentStatus.REFUNDED],
}

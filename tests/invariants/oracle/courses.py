"""Who sees a course, takes it or teaches it."""

from datetime import UTC, datetime
from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (
    ("courses", "instructor_id"),
    ("enrollments", "user_id"),
    ("course_progress", "user_id"),
)


def courses(world: Oracle, who: UUID | None, what: str, course: Row) -> bool:
    if who is not None and course.instructor_id == who:
        return True
    takes_it = any(
        row.course_id == course.id
        and row.user_id == who
        and row.status in ("ACTIVE", "COMPLETED")
        and row.payment_status == "COMPLETED"
        and (row.expires_at is None or row.expires_at > datetime.now(UTC))
        for row in world.rows["enrollments"]
    )
    if course.deleted_at is not None:
        return False
    if what == "see":
        return bool(course.published) or takes_it
    return what == "learn" and (takes_it or (course.published and course.price == 0))


def course_prerequisites(world: Oracle, who: UUID | None, what: str, link: Row) -> bool:
    return world.inherits(who, what, "courses", link.course_id)


def course_modules(world: Oracle, who: UUID | None, what: str, module: Row) -> bool:
    return world.inherits(who, what, "courses", module.course_id)


def lessons(world: Oracle, who: UUID | None, what: str, lesson: Row) -> bool:
    return world.inherits(who, what, "course_modules", lesson.module_id)


def enrollments(world: Oracle, who: UUID | None, what: str, enrollment: Row) -> bool:
    needed = "manage" if what == "see" else what
    return enrollment.user_id == who or world.inherits(who, needed, "courses", enrollment.course_id)


def course_progress(world: Oracle, who: UUID | None, what: str, progress: Row) -> bool:
    needed = "manage" if what == "see" else what
    return progress.user_id == who or world.inherits(who, needed, "courses", progress.course_id)


def lesson_progress(world: Oracle, who: UUID | None, what: str, progress: Row) -> bool:
    return world.inherits(who, what, "course_progress", progress.progress_id)

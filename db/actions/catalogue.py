"""The catalogue in numbers that are the same for everybody, and what is to be taken before a course and after it."""

from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Double, and_, cast, func, not_, or_, select

from db import tables
from db.access import any_row, viewer_id
from db.tables import Difficulty, EnrollmentStatus, PaymentStatus

_enrollments = tables.Enrollment.__table__
_modules = tables.CourseModule.__table__
_links = tables.CoursePrerequisite.__table__
_quizzes = tables.Quiz.__table__
_reviews = tables.CourseReview.__table__


def average_rating(course: Any) -> ColumnElement[Any]:
    """The average of the ratings of a course that are not hidden; null where there is none."""
    return select(cast(func.avg(_reviews.c.rating), Double)).where(*_shown(course)).scalar_subquery()


def review_count(course: Any) -> ColumnElement[int]:
    """The number of ratings of a course that are not hidden."""
    return _number(_reviews, *_shown(course))


def enrollment_count(course: Any) -> ColumnElement[int]:
    """The number of people who take a course or have completed it."""
    return _number(_enrollments, _enrollments.c.course_id == course.id, _is_taken(_enrollments))


def module_count(course: Any) -> ColumnElement[int]:
    """The number of chapters of a course."""
    return _number(_modules, _modules.c.course_id == course.id)


def quiz_count(course: Any) -> ColumnElement[int]:
    """The number of quizzes of a course, without those that are not published."""
    return _number(_quizzes, _quizzes.c.course_id == course.id, _quizzes.c.is_published)


def is_missing(link: Any) -> ColumnElement[bool]:
    """Whether the viewer has not completed the course that another requires."""
    mine = _enrollments.alias()
    of_viewer = mine.c.user_id == viewer_id(), mine.c.course_id == link.required_id
    return not_(any_row(mine, *of_viewer, mine.c.status == EnrollmentStatus.COMPLETED))


def follows(course: Any, other: Any) -> ColumnElement[bool]:
    """Whether the viewer could take another course after this one: it requires this one, or is about the same and
    harder.
    """
    link, mine = _links.alias(), _enrollments.alias()
    requires = any_row(link, link.c.course_id == other.id, link.c.required_id == course.id)
    steps = (and_(course.difficulty == level, other.difficulty == next_) for level, next_ in pairwise(Difficulty))
    is_next = and_(or_(*steps), other.topics.op("&&")(course.topics))
    is_taken = any_row(mine, mine.c.user_id == viewer_id(), mine.c.course_id == other.id, _is_taken(mine))
    return and_(other.published, other.id != course.id, or_(requires, is_next), not_(is_taken))


def _shown(course: Any) -> tuple[ColumnElement[bool], ...]:
    return _reviews.c.course_id == course.id, not_(_reviews.c.is_hidden)


def _is_taken(enrollment: Any) -> ColumnElement[bool]:
    status = enrollment.c.status
    holds = or_(status == EnrollmentStatus.ACTIVE, status == EnrollmentStatus.COMPLETED)
    return and_(holds, enrollment.c.payment_status == PaymentStatus.COMPLETED)


def _number(rows: Any, *which: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(rows).where(*which).scalar_subquery()

"""The ratings of courses by those who took them."""

from uuid import UUID

from sqlalchemy import Index, not_
from sqlalchemy.orm import Mapped

from db.base import Base, Updated, flag, refers, string
from db.constraints import check, unique
from db.permissions import EDIT, MANAGE, OWN, SEE
from db.rules import owned_by, platform, through
from db.tables.accounts import UserRole


class CourseReview(
    Updated,
    Base,
    access=owned_by("user_id", SEE, EDIT, OWN)
    | through("course_id", where=lambda review: not_(review.is_hidden))
    | platform(UserRole.MODERATOR, SEE, MANAGE),
    prefix="crv",
):
    """A student's rating of a course, with what they say of it. A hidden one is seen by its author and moderators."""

    __tablename__ = "course_reviews"

    course_id: Mapped[UUID] = refers("courses")
    user_id: Mapped[UUID] = refers("users", reveals=True, index=True)
    rating: Mapped[int]
    comment: Mapped[str | None] = string(5_000)
    is_hidden: Mapped[bool] = flag(default=False)

    __table_args__ = (
        unique("course_id", "user_id", says="This person has reviewed the course already."),
        check("rating BETWEEN 1 AND 5", at="rating", says="A rating is from 1 to 5."),
        Index(None, "course_id", "created_at", "id"),
    )

"""Courses in numbers, as a job counts them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, count, refers
from db.columns import currency, money, score
from db.constraints import unique
from db.permissions import MANAGE
from db.rules import through


class CourseAnalytics(Updated, Base, access=through("course_id", see=MANAGE), prefix="can"):
    """A course in numbers, for whoever teaches it, as they were when it was counted last."""

    __tablename__ = "course_analytics"

    course_id: Mapped[UUID] = refers("courses")
    total_enrollments: Mapped[int] = count()
    active_enrollments: Mapped[int] = count()
    completed_enrollments: Mapped[int] = count()
    completion_rate: Mapped[float] = score(default=0.0, server_default="0")
    average_progress: Mapped[float] = score(default=0.0, server_default="0")
    total_revenue: Mapped[Decimal] = money(default=0, server_default="0")
    currency: Mapped[str] = currency("USD")
    average_rating: Mapped[float | None] = score(5)
    last_calculated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (unique("course_id", says="The course has its numbers already."),)

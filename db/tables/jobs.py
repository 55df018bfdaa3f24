"""Jobs that people have asked for: work that is done for them later, with how far it is."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from db.base import Base, Json, Updated, count, refers, state, string
from db.constraints import check
from db.enums import Words
from db.permissions import MANAGE, SEE
from db.roots import narrow
from db.rules import owned_by, through


class JobStatus(Words):
    """The state of a job."""

    QUEUED = "QUEUED", "Waits for its turn, or to be tried again."
    RUNNING = "RUNNING", "Is being done."
    DONE = "DONE", "Is done."
    FAILED = "FAILED", "Was tried often enough and is given up. An operator can start it again."
    CANCELLED = "CANCELLED", "Was cancelled before it was done."


class JobEventKind(Words):
    """Something that happened to a job."""

    JOB_CHANGED = "JOB_CHANGED", "It goes on, or came to its end. The first event has the job as it is then."


JOB_TRANSITIONS = {
    JobStatus.QUEUED: [JobStatus.RUNNING, JobStatus.FAILED, JobStatus.CANCELLED],
    JobStatus.RUNNING: [JobStatus.QUEUED, JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED],
    JobStatus.FAILED: [JobStatus.QUEUED, JobStatus.RUNNING],
}


class Job(
    Updated, Base, access=owned_by("user_id", SEE, MANAGE) | through("organization_id", see=MANAGE), prefix="job"
):
    """Work that somebody asked for, and that is done later: an export, a review, the build of a site."""

    __tablename__ = "jobs"

    kind: Mapped[str] = string(100)
    user_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)
    organization_id: Mapped[UUID | None] = refers("organizations")
    status: Mapped[JobStatus] = state(JobStatus.QUEUED, transitions=JOB_TRANSITIONS)
    done: Mapped[int] = count()
    total: Mapped[int | None]
    message: Mapped[str | None] = string(500)
    result: Mapped[Json | None]

    __table_args__ = (
        Index(None, "user_id", "created_at", "id"),
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "status", "updated_at"),
        check("done >= 0", at="done", says="What is done is counted from 0."),
        check("total >= done", at="total", says="There is no less in all than is done."),
    )


narrow(Job, "job", "id")

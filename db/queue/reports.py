"""Reports of how far a job is, for the person who asked for it: in the row of `jobs` that its argument `job` names.

A row that was cancelled stays so. Whoever works on it finds that out with the next report, and what is done since then
is rolled back.
"""

from typing import Any

from sqlalchemy import update

from db import ids, tables
from db.queue.declared import Arguments
from db.queue.steps import Cancelled
from db.tables import JobEventKind, JobStatus
from db.write import Work

GOES_ON = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.FAILED)
"""A job that failed runs again when an operator starts it again."""


async def begin(work: Work, arguments: Arguments) -> None:
    """Say that it is being done. Raises Cancelled where nobody wants it any more."""
    await _report(work, arguments, status=JobStatus.RUNNING, done=0, total=None, message=None)


async def progress(work: Work, arguments: Arguments, **columns: Any) -> None:
    """Say how much is `done`, of how much in `total`, and a `message` for people. Raises Cancelled."""
    await _report(work, arguments, **columns)


async def done(work: Work, arguments: Arguments, result: Any) -> None:
    """Say that it is done, with its result. Raises Cancelled."""
    await _report(work, arguments, status=JobStatus.DONE, result=result)


async def again(work: Work, arguments: Arguments) -> None:
    """Say that it will be tried again. Raises Cancelled."""
    await _report(work, arguments, status=JobStatus.QUEUED)


async def failed(work: Work, arguments: Arguments) -> None:
    """Say that it is given up. Raises Cancelled."""
    await _report(work, arguments, status=JobStatus.FAILED)


async def _report(work: Work, arguments: Arguments, **columns: Any) -> None:
    key = ids.key_of(tables.Job, arguments.get("job", ""))
    if key is None:
        return
    job = tables.Job
    changed = update(job).where(job.id == key, job.status.in_(GOES_ON)).values(columns).returning(job)
    found = (await work.execute(changed)).scalar_one_or_none()
    if found is None:
        raise Cancelled
    await work.happened(JobEventKind.JOB_CHANGED, found)

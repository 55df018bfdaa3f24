"""Jobs that people ask for, and what is kept of those that have ended."""

from datetime import timedelta

from sqlalchemy import func, text

from db import tables
from db.queue.declared import CLEARED, clears, job
from db.queue.names import LOG, QUEUE
from db.queue.steps import Steps
from db.tables import JobEventKind, JobStatus
from db.transitions import transition
from db.write import Work

KEPT = timedelta(days=30)
ENDED = (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)

CLEAR_LOG = text(f"""
    WITH cleared AS (
        DELETE FROM {LOG} WHERE id IN (
            SELECT id FROM {LOG} AS entry WHERE created < now() - interval '1 day'
            AND NOT EXISTS (SELECT FROM {QUEUE} AS job WHERE job.id = entry.job_id) LIMIT {CLEARED}
        ) RETURNING id
    ) SELECT count(*) FROM cleared
""")  # noqa: S608  (names and a number of ours)
ended_jobs = clears(
    tables.Job, lambda row: row.status.in_(ENDED) & (row.updated_at < func.now() - KEPT), cron="7 4 * * *"
)


@job(cron="23 * * * *")
async def clear_queue(steps: Steps) -> None:
    """Delete what the queue has noted of failures, a day later, of jobs that have ended."""
    cleared = CLEARED
    while cleared == CLEARED:
        async with steps.work() as work:
            cleared = (await work.execute(CLEAR_LOG)).scalar_one()


async def cancel(work: Work, job: tables.Job) -> None:
    """Cancel a job that has not ended. A worker that runs it keeps nothing more. Raises Conflict for one that has."""
    if transition(job, JobStatus.CANCELLED, at="jobId"):
        work.audit("job_cancelled", job)
        await work.happened(JobEventKind.JOB_CHANGED, job)

"""Cancelling jobs."""

import strawberry

from db import tables
from db.actions import jobs
from db.permissions import MANAGE
from db.write import Work
from graphql_schema.core import mutation


@strawberry.input(description="A job to cancel.")
class CancelJobInput:
    """A job."""

    job_id: strawberry.ID = strawberry.field(description="The job.")


@mutation(job=tables.Job)
async def cancel_job(work: Work, input: CancelJobInput) -> tables.Job:
    """Cancel a job that has not ended. Nothing more of it is done; what was done before and told stays.

    For the person who asked for it, and for those who manage the organization that it is for. One that has ended is a
    `CONFLICT`.
    """
    job = await work.get(tables.Job, input.job_id, at="jobId", may=MANAGE, lock=True)
    await jobs.cancel(work, job)
    return job

"""Hearing how far a job is."""

from typing import Annotated

from strawberry import ID

from db import tables
from db.tables import JobEventKind
from graphql_schema.core import subscription
from graphql_schema.core.context import Context, Feed


@subscription("JobEvent", JobEventKind, begins=JobEventKind.JOB_CHANGED, job=tables.Job)
async def job_progress(context: Context, job_id: Annotated[ID, "The job to follow."]) -> Feed:
    """How far a job is: at once as it is then, and then whenever it goes on or ends."""
    return await context.feed(tables.Job, job_id, at="jobId")

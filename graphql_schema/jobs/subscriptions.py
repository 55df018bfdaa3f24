"""Hearing how far a job is."""

from db import tables
from db.tables import JobEventKind
from graphql_schema.core import events

job_progress = events(
    "How far a job is: at once as it is then, and then whenever it goes on or ends.",
    "JobEvent",
    JobEventKind,
    of=tables.Job,
    row="The job to follow.",
    begins=JobEventKind.JOB_CHANGED,
    job=tables.Job,
)

"""Hearing what happens to a repository, and in it."""

from db import tables
from db.tables import RepositoryEventKind
from graphql_schema.core import events

repository_events = events(
    """Events of a repository, from now on.

    If you select the `repository`, the first event is a `SNAPSHOT` of it, whatever `kinds` you ask for: no change can
    happen between the two. Who may not see the repository any more, as it is held more closely by now, is told so and
    hears nothing further.
    """,
    "RepositoryEvent",
    RepositoryEventKind,
    of=tables.Repository,
    begins=RepositoryEventKind.SNAPSHOT,
    repository=tables.Repository,
    commit=tables.Commit,
    pull_request=tables.PullRequest,
    review=tables.PullRequestReview,
    issue=tables.Issue,
    release=tables.Release,
)

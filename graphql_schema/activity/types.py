"""The union of all that people do, with the time when they did it.

A further system adds the table and its time here, and where it is listed the foreign key that leads there: one line
each, in `User`, `Organization` or `Repository`. An index has that key, the time and the id.
"""

from db import tables
from graphql_schema.core import union

Activity = union(
    "Activity",
    "Something that somebody did. Select what you show of each type: `... on Commit { sha message }`.",
    tables.Commit,
    tables.PullRequest,
    tables.DocumentVersion,
    tables.Comment,
    tables.Enrollment,
    tables.Certificate,
    tables.Issue,
    keys={
        "occurred_at": (
            tables.Commit.committed_at,
            tables.PullRequest.opened_at,
            tables.DocumentVersion.created_at,
            tables.Comment.created_at,
            tables.Enrollment.enrolled_at,
            tables.Certificate.issued_at,
            tables.Issue.opened_at,
        )
    },
)

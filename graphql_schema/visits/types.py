"""Visits to documents, and what is new to a viewer in the talk about one: what others have said since they were there.

What was there when somebody marked a document is known for certain: the comments of the last moment are noted.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, all_, cast, func, literal_column, select

from db import tables
from db.access import any_row, viewer_id
from db.outbox import OutboxTopic
from db.roots import topic_sql
from graphql_schema.core import column, node, one, sql

AT_ONCE = timedelta(minutes=1)
"""A comment is committed within this time of its beginning: operations and statements end long before."""
MOST = 1_000
"""The comments of that time which a visit notes; if there are more, the others are unread again."""

comments = tables.Comment.__table__
threads = tables.CommentThread.__table__
visits = tables.DocumentVisit.__table__
topics = OutboxTopic.__table__


@node(tables.DocumentVisit, orders=("-seen_at",), filters=("seen_at",))
class DocumentVisit:
    """A visit of yours to a document: what you had seen when you marked it as seen last. Others do not see it."""

    seen_at = column("When that was.")
    version = column("The version of the text that you were shown: `diff(from:)` shows what has changed since.")
    sequence = sql(
        str,
        "How many events its project had had by then, in decimal digits.",
        lambda visit: cast(visit.sequence, Text()),
        weight=None,
    )
    document = one(tables.DocumentVisit.document_id, "The document.")


def sequence(document: Any) -> Any:
    """The number of the last event of a document's project. All that these events tell is there, and nothing else."""
    of_project = topics.c.topic == topic_sql("project", document.project_id)
    last = select(topics.c.sequence).where(of_project).correlate_except(topics).scalar_subquery()
    return func.coalesce(last, 0)


def recent(document: Any) -> ColumnElement[Any]:
    """The comments on a document, by their keys, that are there and that a time alone would not tell."""
    said = select(comments.c.id).join(threads, comments.c.thread_id == threads.c.id)
    said = said.where(threads.c.document_id == document.id, comments.c.created_at > func.now() - AT_ONCE)
    newest = said.order_by(comments.c.created_at.desc()).limit(MOST).correlate_except(comments, threads)
    return func.array(newest.scalar_subquery())


def is_unread(thread: Any) -> ColumnElement[bool]:
    """Whether somebody else has said something in a thread that was not there when the viewer marked its document."""
    said, since = comments.alias(), _of_visit(thread, visits.c.seen_at - AT_ONCE)
    return any_row(
        said,
        said.c.thread_id == thread.id,
        said.c.author_id != viewer_id(),
        said.c.created_at > func.coalesce(since, literal_column("'-infinity'::timestamptz")),
        said.c.id != all_(func.coalesce(_of_visit(thread, visits.c.recent), literal_column("'{}'::uuid[]"))),
    )


def _of_visit(thread: Any, value: Any) -> ColumnElement[Any]:
    """A value of the viewer's visit to the document of a thread; null if they have not been there."""
    of_viewer = visits.c.document_id == thread.document_id, visits.c.user_id == viewer_id()
    return select(value).where(*of_viewer).correlate_except(visits).scalar_subquery()

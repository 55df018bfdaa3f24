"""How lively a specification project is: each figure a subselect of its own, so that none multiplies another."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, Numeric, cast, func, select

from db import tables
from db.tables import CommentStatus, MembershipStatus
from graphql_schema.core import embedded_in, sql
from graphql_schema.specs.types import latest_review

documents = tables.SpecificationDocument.__table__
threads = tables.CommentThread.__table__
comments = tables.Comment.__table__
reactions = tables.Reaction.__table__
members = tables.ProjectMember.__table__
reviews = tables.DocumentReview.__table__

of_documents = threads.join(documents, threads.c.document_id == documents.c.id)
of_threads = comments.join(of_documents, comments.c.thread_id == threads.c.id)
of_reviews = reviews.join(documents, reviews.c.document_id == documents.c.id)
of_comments = reactions.join(of_threads, reactions.c.comment_id == comments.c.id)


def _in(project: Any, value: Any, rows: Any, *conditions: Any) -> Any:
    """An aggregate over rows that are joined with the documents of a project."""
    return select(value).select_from(rows).where(documents.c.project_id == project.id, *conditions).scalar_subquery()


def _score() -> Any:
    """The score of the latest review of a document that came to an end."""
    found = select(reviews.c.overall_score).where(reviews.c.id == latest_review(documents.c))
    return found.correlate_except(reviews).scalar_subquery()


@embedded_in(tables.SpecificationProject)
class ProjectAnalytics:
    """How lively a specification project is, in figures."""

    document_count = sql(int, "How many documents it has.", lambda project: _in(project, func.count(), documents))
    thread_count = sql(
        int, "How many threads all of its documents have.", lambda project: _in(project, func.count(), of_documents)
    )
    open_thread_count = sql(
        int,
        "How many of these wait for an answer.",
        lambda project: _in(project, func.count(), of_documents, threads.c.status == CommentStatus.OPEN),
    )
    comment_count = sql(
        int, "How many comments all of its threads have.", lambda project: _in(project, func.count(), of_threads)
    )
    active_member_count = sql(
        int,
        "How many people work on it now beside its owner, who is none of its members: as many as `people` has.",
        lambda project: (
            select(func.count())
            .where(members.c.project_id == project.id, members.c.status == MembershipStatus.ACTIVE)
            .scalar_subquery()
        ),
    )
    average_quality_score = sql(
        float | None,
        "What its documents scored on average, from 0 to 100, each in its latest review that is completed, with "
        "one decimal; null while none is.",
        lambda project: _in(project, cast(func.round(cast(func.avg(_score()), Numeric), 1), Float), documents),
    )
    last_activity_at = sql(
        datetime,
        "When somebody last did something about it: changed it or a document, said something, reacted, or asked for a "
        "review.",
        lambda project: func.greatest(
            project.updated_at,
            _in(project, func.max(documents.c.updated_at), documents),
            _in(project, func.max(threads.c.updated_at), of_documents),
            _in(project, func.max(func.greatest(comments.c.created_at, comments.c.edited_at)), of_threads),
            _in(project, func.max(reactions.c.created_at), of_comments),
            _in(project, func.max(reviews.c.created_at), of_reviews),
        ),
    )

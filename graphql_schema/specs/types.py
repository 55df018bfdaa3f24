"""Specification projects, their members, and documents with their versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, and_, case, func, select

from db import tables
from db.access import viewer_id
from db.permissions import MANAGE
from db.tables import MembershipStatus, ProjectStatus, ReviewStatus
from graphql_schema.core import (
    column,
    embedded,
    interface,
    many,
    many_to_many,
    named,
    node,
    number,
    one,
    sql,
)
from graphql_schema.specs.differences import diff
from graphql_schema.visits.types import is_unread

documents = tables.SpecificationDocument.__table__
threads = tables.CommentThread.__table__
comments = tables.Comment.__table__
users = tables.User.__table__


def beginning(text: Any, length: Any) -> Any:
    """The whole words that a text begins with, in as many characters. An ellipsis stands for the others."""
    words = func.substring(func.left(text, length), r"^.*\S(?=\s)")
    cut = func.concat(func.coalesce(words, func.left(text, length - 1)), "…")
    return case((func.char_length(text) <= length, text), else_=cut)


def latest_review(document: Any) -> Any:
    """The key of the review of a document that was completed last, of its latest version that has one."""
    found = tables.DocumentReview.__table__.alias("reviewed")
    of_document = found.c.document_id == document.id, found.c.status == ReviewStatus.COMPLETED
    newest = found.c.document_version.desc(), found.c.completed_at.desc(), found.c.id.desc()
    return select(found.c.id).where(*of_document).order_by(*newest).limit(1).correlate_except(found).scalar_subquery()


@interface(tables.SpecificationProject)
class Project:
    """A project, whatever is made in it."""

    name = column("The name to show.")
    description = column("What it is about, in Markdown.")
    is_archived = sql(
        bool,
        "Whether it is only kept for the record.",
        lambda project: project.status == ProjectStatus.ARCHIVED,
        weight=None,
    )
    created_at = column("When it was made.")
    updated_at = column("When it was last changed.")
    owner = one(tables.SpecificationProject.owner_id, "Who owns it.")


@node(
    tables.SpecificationProject,
    orders=("-updated_at", "created_at", "name", "comment_count", "last_comment_at"),
    filters=("search", "status", "current_phase", "owner_id", "organization_id", "created_at", "updated_at"),
    implements=(Project,),
)
class SpecificationProject:
    """A product's specification from requirements to implementation. Seen by its owner and active members."""

    name = column("The name to show.")
    description = column("What the product is about, in Markdown.")
    status = column("Where the project stands.")
    is_archived = sql(
        bool,
        "Whether it is only kept for the record.",
        lambda project: project.status == ProjectStatus.ARCHIVED,
        weight=None,
    )
    current_phase = column("The phase that is being worked on.")
    settings = column("What the project's front end keeps with it.")
    created_at = column("When the project was made.")
    updated_at = column("When the project itself was last changed.")
    comment_count = sql(
        int,
        "How many comments all of its documents have.",
        lambda project: (
            select(func.count())
            .select_from(comments.join(threads, comments.c.thread_id == threads.c.id).join(documents))
            .where(documents.c.project_id == project.id)
            .scalar_subquery()
        ),
    )
    last_comment_at = sql(
        datetime | None,
        "When somebody last said something about one of its documents; null if nobody has.",
        lambda project: (
            select(func.max(comments.c.created_at))
            .select_from(comments.join(threads, comments.c.thread_id == threads.c.id).join(documents))
            .where(documents.c.project_id == project.id)
            .scalar_subquery()
        ),
    )
    analytics = embedded("ProjectAnalytics", "How lively it is, in figures.")

    owner = one(tables.SpecificationProject.owner_id, "Who owns the project.")
    organization = one(
        tables.SpecificationProject.organization_id, "The organization that it belongs to, if you see that."
    )
    repository = one(tables.SpecificationProject.repository_id, "The repository that it specifies, if you see that.")
    commits = many(
        tables.Commit,
        "The commits of the repository that it specifies, newest first, if you see that.",
        on=lambda project, commit: commit.repository_id == project.repository_id,
    )
    members = many(tables.ProjectMember.project_id, "Who works on the project, with past and invited members.")
    viewer_membership = one(
        tables.ProjectMember,
        "Your own place in the project; null for its owner.",
        on=lambda project, member: and_(member.project_id == project.id, member.user_id == viewer_id()),
    )
    people = many_to_many(
        tables.ProjectMember.project_id,
        tables.ProjectMember.user_id,
        "The people who work on it now, beside its owner.",
        where=lambda member: member.status == MembershipStatus.ACTIVE,
    )
    invitations = many(tables.Invitation.project_id, "Who was invited to it, newest first; for those who manage it.")
    audit_logs = many(
        tables.AuditLog.project_id,
        "What was done to it and to what belongs to it, newest first; for those who manage it. Others find what they "
        "did themselves.",
    )
    documents = many(
        tables.SpecificationDocument.project_id, "Its documents, at most one a phase, in the order of the phases."
    )
    recommended_modules = many(
        tables.LearningModule,
        "The published learning modules about its current phase; first those that you have not completed.",
        on=lambda project, module: and_(module.phase == project.current_phase, module.is_published),
        order="is_completed",
    )


@node(tables.ProjectMember, orders=("created_at",), filters=("role", "status"))
class ProjectMember:
    """A person's place in a specification project."""

    role = column("What the person may do there: see the descriptions of the roles.")
    status = column("Whether the membership holds.")
    email = sql(
        str | None,
        "The person's e-mail address, as long as they are a member; null unless you manage the project.",
        lambda member: (
            select(users.c.email)
            .where(users.c.id == member.user_id, member.status == MembershipStatus.ACTIVE)
            .scalar_subquery()
        ),
        needs=MANAGE,
    )
    created_at = column("Since when.")
    project = one(tables.ProjectMember.project_id, "The project.")
    user = one(tables.ProjectMember.user_id, "The person.")


@node(
    tables.SpecificationDocument,
    orders=("phase", "updated_at", "word_count"),
    filters=("search", "phase", "status", "updated_at"),
)
class SpecificationDocument:
    """One phase of a specification project: its requirements, its design or its tasks."""

    phase = column("The phase that it describes.")
    content = column("The text, in Markdown.")
    version = column("Grows by one with every save. Send it back as `expectedVersion` when you save.")
    status = column("Where the document stands in its review.")
    approved_at = column("When it was approved as it stands; null if it is not.")
    metadata = column("What the front end keeps with the document.", source="document_metadata")
    created_at = column("When it was begun.")
    updated_at = column("When it was last changed.")
    word_count = sql(
        int,
        "How many words the text has.",
        lambda document: func.regexp_count(document.content, r"\S+", type_=Integer),
    )
    excerpt = sql(
        str,
        "How the text begins, for a list of documents: as many whole words as fit, with an ellipsis if there is more.",
        lambda document, length: beginning(document.content, length),
        length=number("How many characters it has at most", most=1_000, default=200),
    )

    project = one(tables.SpecificationDocument.project_id, "The project that it belongs to.")
    approved_by = one(tables.SpecificationDocument.approved_by_id, "Who approved it, if that is known.")
    current_version = one(
        tables.DocumentVersion,
        "Its text of today as a version: who saved it, when, and what they said of the change.",
        on=lambda document, version: and_(version.document_id == document.id, version.version == document.version),
    )
    saved_version = named(
        tables.DocumentVersion,
        "The version of this number; null if there is none.",
        on=lambda document, version, number: and_(version.document_id == document.id, version.version == number),
        number=number("Its number", most=2**31 - 1),
    )
    versions = many(tables.DocumentVersion.document_id, "All its versions, newest first. The first is that of today.")
    diff = diff
    threads = many(tables.CommentThread.document_id, "The conversations about it, from its first line to its last.")
    reviews = many(tables.DocumentReview.document_id, "What reviewers found in it and older versions, newest first.")
    latest_review = one(
        tables.DocumentReview,
        "The last review that is completed, of the latest version that has one; null if none has.",
        on=lambda document, review: review.id == latest_review(document),
    )
    viewer_visit = one(
        tables.DocumentVisit,
        "What you have seen of it; null until you mark it as seen with `markDocumentSeen`.",
        on=lambda document, visit: and_(visit.document_id == document.id, visit.user_id == viewer_id()),
    )
    unread_threads = many(
        tables.CommentThread.document_id,
        "The conversations in which others have said something since you marked it as seen, or ever if you never did. "
        "What you said yourself is read, and an edit makes nothing unread. `totalCount` is for a badge.",
        where=is_unread,
    )


@node(tables.DocumentVersion, orders=("-version",), filters=("created_at",))
class DocumentVersion:
    """A document as somebody saved it: today's text, or one before it."""

    version = column("Its number. The first is 1, and none is left out.")
    content = column("The text that was saved; null where only the history is known, not the text.")
    summary = column("What its author said of the change to the version before; null if nothing is known of it.")
    created_at = column("When it was saved.")
    author = one(tables.DocumentVersion.author_id, "Who saved it, if that is known.")
    document = one(tables.DocumentVersion.document_id, "The document.")

"""Specification projects: their members, one document a phase with every version, and the talk about them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Json, Updated, count, refers, state, string
from db.by_now import keys_by_now
from db.closed import closed
from db.constraints import check, not_blank, unique
from db.guards import guard
from db.indexes import partial
from db.permissions import COMMENT, EDIT, MANAGE, OWN, SEE, Roles
from db.rules import members, owned_by, through
from db.search import found_by_parts, searchable
from db.tables.specs_enums import (
    AnchorState,
    CommentStatus,
    DocumentStatus,
    MembershipStatus,
    ProjectRole,
    ProjectStatus,
    ReactionType,
    SpecificationPhase,
)

PROJECT_ROLES: Roles = {
    ProjectRole.LEAD: frozenset({SEE, COMMENT, EDIT, MANAGE}),
    ProjectRole.MEMBER: frozenset({SEE, COMMENT, EDIT}),
    ProjectRole.REVIEWER: frozenset({SEE, COMMENT}),
    ProjectRole.VIEWER: frozenset({SEE}),
}

CLOSED_PROJECTS = {
    ProjectStatus.ARCHIVED: "The project is archived: what is in it can be read, and no longer changed.",
    ProjectStatus.SUSPENDED: "The project is suspended: what is in it can be read, and not changed until it goes on.",
}
CLOSED_DOCUMENTS = {
    DocumentStatus.ARCHIVED: "The document is archived: it can be read, and no longer changed.",
}

active_members = members(
    "project_members",
    "project_id",
    PROJECT_ROLES,
    where=lambda member, _: member.status == MembershipStatus.ACTIVE,
)


PROJECT_TRANSITIONS = {
    ProjectStatus.ACTIVE: [ProjectStatus.SUSPENDED, ProjectStatus.COMPLETED, ProjectStatus.ARCHIVED],
    ProjectStatus.SUSPENDED: [ProjectStatus.ACTIVE, ProjectStatus.ARCHIVED],
    ProjectStatus.COMPLETED: [ProjectStatus.ACTIVE, ProjectStatus.ARCHIVED],
    ProjectStatus.ARCHIVED: [ProjectStatus.ACTIVE],
}
MEMBER_TRANSITIONS = {
    MembershipStatus.INVITED: [MembershipStatus.ACTIVE, MembershipStatus.REMOVED],
    MembershipStatus.ACTIVE: [MembershipStatus.REMOVED],
    MembershipStatus.REMOVED: [MembershipStatus.ACTIVE],
}
DOCUMENT_TRANSITIONS = {
    DocumentStatus.DRAFT: [DocumentStatus.REVIEW, DocumentStatus.ARCHIVED],
    DocumentStatus.REVIEW: [DocumentStatus.APPROVED, DocumentStatus.DRAFT, DocumentStatus.ARCHIVED],
    DocumentStatus.APPROVED: [DocumentStatus.DRAFT, DocumentStatus.ARCHIVED],
    DocumentStatus.ARCHIVED: [DocumentStatus.DRAFT],
}
THREAD_TRANSITIONS = {
    CommentStatus.OPEN: [CommentStatus.RESOLVED],
    CommentStatus.RESOLVED: [CommentStatus.OPEN],
}


class SpecificationProject(
    Updated,
    Base,
    access=owned_by("owner_id") | active_members,
    closed=closed("status", CLOSED_PROJECTS),
    prefix="prj",
):
    """A product's specification on its way from requirements to implementation."""

    __tablename__ = "specification_projects"

    name: Mapped[str] = string(200)
    description: Mapped[str | None] = string(20_000)
    owner_id: Mapped[UUID] = refers(
        "users", ondelete="RESTRICT", says="This person owns a specification project.", reveals=True
    )
    organization_id: Mapped[UUID | None] = refers("organizations", ondelete="SET NULL")
    repository_id: Mapped[UUID | None] = refers("repositories", ondelete="SET NULL")
    current_phase: Mapped[SpecificationPhase] = state(SpecificationPhase.REQUIREMENTS)
    status: Mapped[ProjectStatus] = state(ProjectStatus.ACTIVE, transitions=PROJECT_TRANSITIONS)
    settings: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    search_vector: Mapped[str] = searchable(A="name", B="description")

    __table_args__ = (
        Index(None, "owner_id", "status"),
        Index(None, "updated_at", "id"),
        Index(None, "organization_id", "updated_at"),
        Index(None, "repository_id"),
        Index(None, "search_vector", postgresql_using="gin"),
        found_by_parts("name", name="ix_specification_projects_name_parts"),
        not_blank("name"),
        check(
            "octet_length(settings::text) <= 16384",
            name="settings_size",
            at="settings",
            says="Settings take at most 16 KiB as JSON.",
        ),
    )


class ProjectMember(Updated, Base, access=through("project_id") | owned_by("user_id", OWN), prefix="pmb"):
    """A person's place in a specification project."""

    __tablename__ = "project_members"

    project_id: Mapped[UUID] = refers("specification_projects")
    user_id: Mapped[UUID] = refers("users", reveals=True)
    role: Mapped[ProjectRole] = state(ProjectRole.MEMBER)
    status: Mapped[MembershipStatus] = state(MembershipStatus.ACTIVE, transitions=MEMBER_TRANSITIONS)

    __table_args__ = (
        unique("project_id", "user_id", says="This person has a place in the project already."),
        Index(None, "user_id", "status", "project_id"),
    )


class SpecificationDocument(
    Updated, Base, access=through("project_id"), closed=closed("status", CLOSED_DOCUMENTS), prefix="doc"
):
    """One phase of a specification project, in Markdown."""

    __tablename__ = "specification_documents"

    project_id: Mapped[UUID] = refers("specification_projects")
    phase: Mapped[SpecificationPhase]
    content: Mapped[str] = string(1_000_000)
    version: Mapped[int] = count(1)
    status: Mapped[DocumentStatus] = state(DocumentStatus.DRAFT, transitions=DOCUMENT_TRANSITIONS)
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True, index=True)
    document_metadata: Mapped[Json] = mapped_column("metadata", default=dict, server_default="{}")
    search_vector: Mapped[str] = searchable(A="content")

    __table_args__ = (
        unique("project_id", "phase", says="The project has a document of this phase."),
        Index(None, "search_vector", postgresql_using="gin"),
        check("version >= 1", at="version", says="Versions are counted from 1."),
        check(
            "(status = 'APPROVED') = (approved_at IS NOT NULL)",
            name="approved",
            says="A document that is approved says when, and no other.",
        ),
    )


class DocumentVersion(Base, access=through("document_id"), prefix="ver"):
    """A document as it was saved once, the text of today included.

    What is not known of versions from elsewhere is null: their text, their author or their summary.
    """

    __tablename__ = "document_versions"

    document_id: Mapped[UUID] = refers("specification_documents")
    version: Mapped[int]
    content: Mapped[str | None] = string(1_000_000)
    summary: Mapped[str | None] = string(1_000)
    author_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True)

    __table_args__ = (
        unique("document_id", "version", says="The document has this version."),
        Index(None, "document_id", "created_at", "id"),
        Index(None, "author_id", "created_at", "id"),
    )


class CommentThread(Updated, Base, access=through("document_id"), prefix="thr"):
    """A conversation about a stretch of a document.

    That is from `line` and `character` up to `end_line` and `end_character` of the text of today. In the text of
    `document_version`, on which it was opened, it was where the columns `original_` say, and read `quote`, between
    `quote_before` and `quote_after`. Where it reads differently today, `rewritten` is how.
    """

    __tablename__ = "comment_threads"

    document_id: Mapped[UUID] = refers("specification_documents")
    line: Mapped[int]
    character: Mapped[int] = count()
    end_line: Mapped[int] = count()
    end_character: Mapped[int] = count()
    rewritten: Mapped[str | None] = string(10_000)
    anchor_state: Mapped[AnchorState] = state(AnchorState.EXACT)
    document_version: Mapped[int] = count(1)
    original_line: Mapped[int] = count()
    original_character: Mapped[int] = count()
    original_end_line: Mapped[int] = count()
    original_end_character: Mapped[int] = count()
    quote: Mapped[str] = string(10_000, default="", server_default="")
    quote_before: Mapped[str] = string(32, default="", server_default="")
    quote_after: Mapped[str] = string(32, default="", server_default="")
    status: Mapped[CommentStatus] = state(CommentStatus.OPEN, transitions=THREAD_TRANSITIONS)
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[UUID | None] = refers("users", ondelete="SET NULL", reveals=True, index=True)

    __table_args__ = (
        Index(None, "document_id", "line", "id"),
        Index(None, "document_id", "created_at", "id"),
        partial("ix_comment_threads_open", "document_id", "line", "id", where={"status": CommentStatus.OPEN}),
        check("line >= 0 AND character >= 0", at="position", says="Lines and characters are counted from 0."),
        check("(line, character) <= (end_line, end_character)", at="end", says="The end is not before the start."),
        check(
            "(status = 'RESOLVED') = (resolved_at IS NOT NULL)",
            name="resolved",
            says="A thread that is resolved says when, and no other.",
        ),
    )


class Comment(Updated, Base, access=through("thread_id") | owned_by("author_id", OWN), prefix="cmt"):
    """One contribution to a thread, in Markdown."""

    __tablename__ = "comments"

    thread_id: Mapped[UUID] = refers("comment_threads")
    author_id: Mapped[UUID] = refers(
        "users", ondelete="RESTRICT", says="This person has written comments.", reveals=True
    )
    content: Mapped[str] = string(50_000)
    edited_at: Mapped[datetime | None]
    search_vector: Mapped[str] = searchable(A="content")

    __table_args__ = (
        Index(None, "thread_id", "created_at", "id"),
        Index(None, "author_id", "created_at", "id"),
        Index(None, "search_vector", postgresql_using="gin"),
        not_blank("content"),
    )


class Reaction(Base, access=through("comment_id"), prefix="rea"):
    """A person's reaction to a comment: one of each type."""

    __tablename__ = "reactions"

    comment_id: Mapped[UUID] = refers("comments")
    user_id: Mapped[UUID] = refers("users", reveals=True, index=True)
    type: Mapped[ReactionType]

    __table_args__ = (unique("comment_id", "user_id", "type", says="This person has said that of the comment."),)


keys_by_now("comment_threads", "document_id")

guard(
    "owner_is_no_member",
    """\
CREATE OR REPLACE FUNCTION owner_is_no_member() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    project uuid := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    PERFORM FROM specification_projects WHERE id = project FOR SHARE;
    IF EXISTS (
        SELECT FROM specification_projects p JOIN project_members m ON m.project_id = p.id AND m.user_id = p.owner_id
        WHERE p.id = project
    ) THEN
        RAISE EXCEPTION 'the owner of a project is no member of it'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'owner_is_no_member';
    END IF;
    RETURN NULL;
END $$""",
    """\
CREATE CONSTRAINT TRIGGER owner_is_no_member AFTER INSERT OR UPDATE OF project_id, user_id ON project_members
    DEFERRABLE FOR EACH ROW EXECUTE FUNCTION owner_is_no_member('project_id')""",
    """\
CREATE CONSTRAINT TRIGGER owner_is_no_member AFTER UPDATE OF owner_id ON specification_projects
    DEFERRABLE FOR EACH ROW EXECUTE FUNCTION owner_is_no_member('id')""",
    says="The owner of a project is no member of it.",
)

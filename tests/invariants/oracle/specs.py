"""Who does what in a specification project."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

PROJECT = {
    "VIEWER": ("see",),
    "REVIEWER": ("see", "comment"),
    "MEMBER": ("see", "comment", "edit"),
    "LEAD": ("see", "comment", "edit", "manage"),
}
MENTIONS = (
    ("specification_projects", "owner_id"),
    ("project_members", "user_id"),
    ("specification_documents", "approved_by_id"),
    ("document_versions", "author_id"),
    ("comment_threads", "resolved_by_id"),
    ("comments", "author_id"),
    ("reactions", "user_id"),
)


def specification_projects(world: Oracle, who: UUID | None, what: str, project: Row) -> bool:
    members = [row for row in world.rows["project_members"] if row.project_id == project.id and row.user_id == who]
    is_owner = project.owner_id == who
    return is_owner or any(row.status == "ACTIVE" and what in PROJECT[row.role] for row in members)


def project_members(world: Oracle, who: UUID | None, what: str, member: Row) -> bool:
    if what == "own":
        return bool(member.user_id == who)
    return world.inherits(who, what, "specification_projects", member.project_id)


def specification_documents(world: Oracle, who: UUID | None, what: str, document: Row) -> bool:
    return world.inherits(who, what, "specification_projects", document.project_id)


def document_versions(world: Oracle, who: UUID | None, what: str, version: Row) -> bool:
    return world.inherits(who, what, "specification_documents", version.document_id)


def comment_threads(world: Oracle, who: UUID | None, what: str, thread: Row) -> bool:
    return world.inherits(who, what, "specification_documents", thread.document_id)


def comments(world: Oracle, who: UUID | None, what: str, comment: Row) -> bool:
    if what == "own":
        return bool(comment.author_id == who)
    return world.inherits(who, what, "comment_threads", comment.thread_id)


def reactions(world: Oracle, who: UUID | None, what: str, reaction: Row) -> bool:
    return world.inherits(who, what, "comments", reaction.comment_id)

"""Approval of the documents of specification projects: what it needs, and what ends it."""

from typing import Any

from sqlalchemy import ColumnElement, and_, not_, or_

from db import tables
from db.access import any_row
from db.permissions import MANAGE
from db.tables import PROJECT_ROLES, DocumentStatus, MembershipStatus

UNAPPROVED = {"status": DocumentStatus.DRAFT, "approved_at": None, "approved_by_id": None}
"""The values of a document that nobody has approved as it stands."""
APPROVERS = [role for role, permissions in PROJECT_ROLES.items() if MANAGE in permissions]


def is_of_viewer(document: Any, viewer: Any) -> ColumnElement[bool]:
    """Whether the viewer saved a document as it stands, and somebody else of its project may approve it.

    A version that another transaction has not shown yet counts as the viewer's.
    """
    version, project, member = (
        table.__table__.alias() for table in (tables.DocumentVersion, tables.SpecificationProject, tables.ProjectMember)
    )
    is_of_another = any_row(
        version,
        version.c.document_id == document.id,
        version.c.version == document.version,
        version.c.author_id.is_distinct_from(viewer),
    )
    another_owns = any_row(project, project.c.id == document.project_id, project.c.owner_id != viewer)
    another_leads = any_row(
        member,
        member.c.project_id == document.project_id,
        member.c.user_id != viewer,
        member.c.status == MembershipStatus.ACTIVE,
        or_(*(member.c.role == role for role in APPROVERS)),
    )
    return and_(not_(is_of_another), or_(another_owns, another_leads))

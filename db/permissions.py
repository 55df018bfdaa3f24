"""What a role may do: one table of data. Access rules read it; nothing else decides."""

from enum import StrEnum, auto

from db.enums import EnrollmentStatus, OrganizationRole, ProjectRole


class Permission(StrEnum):
    """What a viewer may be allowed to do with a row.

    OWN is to read and change what is a person's own: no membership gives it, and it does not pass to other rows.
    """

    SEE = auto()
    LEARN = auto()
    COMMENT = auto()
    EDIT = auto()
    MANAGE = auto()
    OWN = auto()


SEE, LEARN, COMMENT, EDIT, MANAGE, OWN = Permission
EVERYTHING = frozenset(Permission)

Roles = dict[StrEnum, frozenset[Permission]]

PROJECT_ROLES: Roles = {
    ProjectRole.LEAD: frozenset({SEE, COMMENT, EDIT, MANAGE}),
    ProjectRole.MEMBER: frozenset({SEE, COMMENT, EDIT}),
    ProjectRole.REVIEWER: frozenset({SEE, COMMENT}),
    ProjectRole.VIEWER: frozenset({SEE}),
}

ORGANIZATION_ROLES: Roles = {
    OrganizationRole.OWNER: frozenset({SEE, COMMENT, EDIT, MANAGE}),
    OrganizationRole.ADMIN: frozenset({SEE, COMMENT, EDIT, MANAGE}),
    OrganizationRole.MEMBER: frozenset({SEE, COMMENT, EDIT}),
    OrganizationRole.VIEWER: frozenset({SEE}),
}

STUDENTS: Roles = {
    EnrollmentStatus.ACTIVE: frozenset({SEE, LEARN}),
    EnrollmentStatus.COMPLETED: frozenset({SEE, LEARN}),
}

"""What a role may do, and what a state forbids: one table of data. Access rules read it; nothing else decides."""

from enum import StrEnum, auto

from db.enums import DocumentStatus, EnrollmentStatus, OrganizationRole, ProjectRole, ProjectStatus


class Permission(StrEnum):
    """What a viewer may be allowed to do with a row.

    OWN is to change what a person wrote or was told: it is the owner's alone. No membership gives it, administrators of
    the platform do not have it, and it does not pass to other rows.
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

CLOSED_PROJECTS = {
    ProjectStatus.ARCHIVED: "The project is archived: what is in it can be read, and no longer changed.",
    ProjectStatus.SUSPENDED: "The project is suspended: what is in it can be read, and not changed until it goes on.",
}
CLOSED_DOCUMENTS = {
    DocumentStatus.ARCHIVED: "The document is archived: it can be read, and no longer changed.",
}

STUDENTS: Roles = {
    EnrollmentStatus.ACTIVE: frozenset({SEE, LEARN}),
    EnrollmentStatus.COMPLETED: frozenset({SEE, LEARN}),
}

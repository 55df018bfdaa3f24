"""Permissions: what a viewer may be allowed to do with a row. The tables of each slice say which roles have them."""

from enum import StrEnum, auto


class Permission(StrEnum):
    """A permission on a row.

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
READING = frozenset({SEE, LEARN})
"""The permissions that change nothing: for them a credential needs the scope to read."""

Roles = dict[StrEnum, frozenset[Permission]]
"""The permissions of each role, or of each state of a membership: declared with the tables of its slice."""

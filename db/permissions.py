"""What a viewer may be allowed to do with a row. Which role may do what is data, beside the tables of each slice."""

from enum import StrEnum, auto


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
"""What each role, or each state of a membership, may do: declared with the tables of its slice."""

"""Fields of the root that not everybody may ask for: they are refused before anything is read."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from db.access import Viewer
from db.errors import Forbidden

Declared = TypeVar("Declared", bound=Any)
Allows = Callable[[Viewer, Mapping[str, Any]], bool]
"""Whether a viewer may ask for something with these arguments."""
REFUSED = "Your role on the platform does not allow you to ask for this."


def admit(allows: Allows | None, viewer: Viewer, arguments: Mapping[str, Any]) -> None:
    """Raise Forbidden where a viewer may not ask for something with these arguments."""
    if allows and not allows(viewer, arguments):
        raise Forbidden(REFUSED)


def restricted(declared: Declared, allows: Allows) -> Declared:
    """A field of the root for those for whom `allows` says so. For others it is null, with an error.

    >>> labels = restricted(listing(tables.Label, "All labels."), lambda viewer, _: viewer.is_admin)
    """
    found: Declared = replace(declared, allows=allows)
    return found

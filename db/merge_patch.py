"""JSON merge patches (RFC 7396): changes of a JSON object that say nothing of what stays."""

from typing import Any


def merged(target: Any, patch: Any) -> Any:
    """A value with a patch applied to it: members that are null in the patch go, and objects are merged."""
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found

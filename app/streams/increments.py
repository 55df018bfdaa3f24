"""How the increments of an answer are written, for the two generations of clients.

Sources: graphql-spec at 48cf726 (`deferSpec=20220824`); https://specs.apollo.dev/incremental/v0.2/.
"""

from collections.abc import Callable
from typing import Any

from app.streams.framing import PATCHES, PENDING, Framing
from graphql_schema.execution.increments import Delivered, Increment, Pending

Written = dict[str, Any]


def patches(increment: Increment) -> Written:
    """Each part with its own path and label. One that failed is null, with its errors."""
    kept = [_patch(one) for one in increment.kept]
    return {**increment.answer, **_listed(incremental=kept), "hasNext": increment.has_next}


def pending(increment: Increment) -> Written:
    """Parts that were promised under an id, with what of them is new, and then that each of them is complete."""
    more = [one for kept in increment.kept for one in _more(kept)]
    completed = [{"id": one.pending.id, **_failure(one)} for one in increment.kept]
    promised = [{"id": one.id, "path": one.path, **_label(one)} for one in increment.promised]
    listed = _listed(pending=promised, incremental=more, completed=completed)
    return {**increment.answer, **listed, "hasNext": increment.has_next}


WRITTEN: dict[Framing, Callable[[Increment], Written]] = {PATCHES: patches, PENDING: pending}


def _patch(kept: Delivered) -> Written:
    start = kept.pending.start
    name, path = ("data", kept.pending.path) if start is None else ("items", (*kept.pending.path, start))
    return {name: kept.value, "path": path, **_label(kept.pending), **_listed(errors=kept.errors)}


def _more(kept: Delivered) -> list[Written]:
    """The parts that come under an id, if any do. Errors stand with the first of them."""
    if kept.value is None:
        return []
    if kept.pending.start is not None:
        found = [{"items": kept.value}] if kept.value else []
    else:
        found = [{"data": data, **({"subPath": path} if path else {})} for path, data in kept.added]
    return [{"id": kept.pending.id, **one, **_listed(errors=[] if n else kept.errors)} for n, one in enumerate(found)]


def _failure(kept: Delivered) -> Written:
    return {"errors": kept.errors} if kept.value is None else {}


def _label(pending: Pending) -> Written:
    return {"label": pending.label} if pending.label is not None else {}


def _listed(**lists: list[Any]) -> Written:
    """The members that have anything in them."""
    return {name: found for name, found in lists.items() if found}

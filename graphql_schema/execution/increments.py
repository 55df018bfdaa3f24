"""An answer in parts: what each of them brings, and to which of the objects that are already there.

Everything is read from one state of the database, so that the indexes in lists stay those of the first answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from graphql import GraphQLError
from orjson import dumps, loads

from graphql_schema.core.errors import explained, shown
from graphql_schema.execution.deferring import MARK, Deferred, Way

Path = tuple[str | int, ...]
Errors = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that was promised: a fragment of the object at a path, or the rest of the list at a path."""

    id: str
    path: Path
    label: str | None
    start: int | None = None
    """The index of the next item of a list."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A promise that was kept: what comes to the object or the list, or the errors for which nothing does."""

    pending: Pending
    value: Any
    errors: Errors
    added: Sequence[tuple[Path, dict[str, Any]]] = ()
    """The members of an object that were not there before, by the path from the object on."""


@dataclass(frozen=True, slots=True)
class Increment:
    """One increment of an answer. Only the first brings an answer, with data or errors of its own."""

    answer: Mapping[str, Any]
    promised: Sequence[Pending]
    kept: Sequence[Delivered]
    has_next: bool


@dataclass(slots=True)
class Progress:
    """The answer as far as it is known, and what is still promised."""

    later: Sequence[Deferred]
    known: Any = None
    promised: dict[Deferred, dict[Path, Pending]] = field(default_factory=dict)
    has_begun: bool = False
    _ids: Iterator[int] = field(default_factory=count)

    def begin(self, answer: Mapping[str, Any]) -> Increment:
        """The first increment, from the first answer."""
        self.has_begun = True
        promised = self._promised_in(answer["data"])
        self.known = _copied(answer["data"]) if promised else None
        return Increment(answer, promised, (), has_next=bool(self.promised))

    def go_on(self, part: Deferred, answer: Mapping[str, Any]) -> Increment:
        """The increment from the answer to a part that was promised."""
        data, errors = answer["data"], [_placed(error, part) for error in answer.get("errors", ())]
        kept = self.promised.pop(part)
        promised = self._promised_in(data)
        found = dict(_objects(data, part.way))
        done = [self._kept(pending, part, found.get(path), errors) for path, pending in kept.items()]
        return Increment({}, promised, done, has_next=bool(self.promised))

    def give_up(self, error: Exception) -> Increment:
        """The last increment: what is still promised fails."""
        errors = [explained(GraphQLError(str(error), original_error=error))]
        kept = [Delivered(one, None, errors) for promised in self.promised.values() for one in promised.values()]
        return Increment({}, (), kept, has_next=False)

    def _promised_in(self, data: Any) -> list[Pending]:
        """The promises of the marks in an answer. They are taken out of it."""
        found: list[Pending] = []
        for part in self.later:
            for path, marked in _objects(data, part.way):
                if marked.pop(MARK.format(part.number), None) and _goes_on(part, marked):
                    self.promised.setdefault(part, {})[path] = self._promise(part, path)
                    found.append(self.promised[part][path])
        return found

    def _promise(self, part: Deferred, path: Path) -> Pending:
        id_, items = str(next(self._ids)), part.items
        return Pending(id_, (*path, items.name) if items else path, part.label, items.start if items else None)

    def _kept(self, pending: Pending, part: Deferred, found: Any, errors: Errors) -> Delivered:
        own = shown(error for error in errors if _concerns(error, pending.path))
        if part.items is None:
            added = list(_added(found, _at(self.known, pending.path))) if found is not None else []
            return Delivered(pending, found, own or _missing(found, errors), added)
        items = None if found is None else found[part.items.name]
        _at(self.known, pending.path).extend(_copied(items or []))
        return Delivered(pending, items, own or _missing(items, errors))


def _objects(data: Any, way: Way, path: Path = (), start: int = 0) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The objects at the end of a way, each with its path."""
    if isinstance(data, list):
        for index, item in enumerate(data, start):
            yield from _objects(item, way, (*path, index))
    elif data is not None and way:
        key, *rest = way
        yield from _objects(data.get(key.name), tuple(rest), (*path, key.name), key.start)
    elif data is not None:
        yield path, data


def _goes_on(part: Deferred, marked: Mapping[str, Any]) -> bool:
    """Whether more can come: a list that was shorter than what was asked for is complete."""
    return part.items is None or len(marked[part.items.name]) == part.items.start


def _added(new: Any, known: Any, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The news that an object brings to the one that is known, object by object. From then on it is known."""
    if isinstance(new, dict) and isinstance(known, dict):
        more = {key: value for key, value in new.items() if key not in known}
        if more:
            yield path, more
        for key in new.keys() - more.keys():
            yield from _added(new[key], known[key], (*path, key))
        known |= _copied(more)
    elif isinstance(new, list) and isinstance(known, list):
        for index, (one, other) in enumerate(zip(new, known, strict=False)):
            yield from _added(one, other, (*path, index))


def _copied(value: Any) -> Any:
    """A copy of a value of JSON: what was handed out stays as it is when more becomes known."""
    return loads(dumps(value))


def _at(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data


def _concerns(error: Mapping[str, Any], path: Path) -> bool:
    """Whether an error happened at a path, below it, or above it."""
    return all(one == other for one, other in zip(error.get("path", ()), path, strict=False))


def _placed(error: dict[str, Any], part: Deferred) -> dict[str, Any]:
    """An error in a part at its path in the whole answer: there the rest of a list begins behind what came first."""
    starts = iter([key.start for key in (*part.way, *([part.items] if part.items else []))])
    path, start = list[str | int](), 0
    for step in error.get("path", ()):
        if isinstance(step, str):
            start = next(starts, 0)
        path.append(step if isinstance(step, str) else start + step)
    return error | ({"path": path} if path else {})


def _missing(found: Any, errors: Errors) -> Errors:
    """Why there is nothing, where nothing says so itself: because of what made null of something around it."""
    if found is not None:
        return []
    return shown(errors) or [
        {"message": "This part could not be answered.", "extensions": {"code": "SERVICE_UNAVAILABLE"}}
    ]

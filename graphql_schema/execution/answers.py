"""Answers, put together of what was found and of what failed on the way.

A field that failed is null; where it cannot be, the nearest object around it that can be is null. Of several failures
that make the same object null the first in the answer is told: so the errors depend on nothing but the answer.

Source: GraphQL specification, section 6.4.4 "Handling Execution Errors".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    located_error,
)

from graphql_schema.core.errors import MAX_ERRORS, explained, shown
from graphql_schema.core.tree import Member, objects

Answer = dict[str, Any]
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Failures:
    """The failures of one answer. Where something raised an error that is the value in the answer.

    Of arguments that make no sense the value is the number of their field, wherever there is an object that has it:
    that can stand in JSON that PostgreSQL wrote.
    """

    by_number: dict[int | None, Exception] = field(default_factory=dict)
    raised: list[Exception] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.by_number or self.raised)

    def add(self, error: Exception) -> Exception:
        """The value of a field that failed."""
        self.raised.append(error)
        return error

    def resolved(self, result: ExecutionResult) -> dict[str, Any]:
        """The data that graphql-core found, with its errors where they happened; raises an error of all of it."""
        if result.data is None:
            assert result.errors
            raise result.errors[0]
        for error in result.errors or ():
            assert error.path
            *way, last = error.path
            at: Any = result.data
            for key in way:
                at = at[key]
            at[last] = self.add(error)
        return result.data


def failed(error: Exception) -> Answer:
    """The answer where all of it failed."""
    return {"data": None} | with_errors([GraphQLError(str(error), original_error=error)])


def with_errors(errors: Iterable[GraphQLError]) -> Answer:
    """Errors as the answer shows them, if there are any."""
    explanations = shown(map(explained, errors))
    return {"errors": explanations} if explanations else {}


class Nulled(Exception):  # noqa: N818  (an outcome: it goes up to what can be null)
    """A field failed."""

    def __init__(self, error: Exception, member: Member, path: Path) -> None:
        super().__init__(member.key)
        self.error = error
        self.member = member
        self.path = path

    @property
    def located(self) -> GraphQLError:
        """The error with the field's place in the document and in the answer."""
        return located_error(self.error, list(self.member.nodes), self.path)


@dataclass(slots=True)
class Completion:
    """Puts null where something failed, and collects the errors in the order of the answer, as many as are told."""

    failures: Failures
    errors: list[GraphQLError] = field(default_factory=list)
    _leading: dict[Member, bool] = field(default_factory=dict)
    _known: dict[Member, Mapping[str, list[Member]]] = field(default_factory=dict)

    def answer(self, members: Sequence[Member], data: dict[str, Any]) -> Answer:
        """The answer with this data."""
        try:
            return {"data": self._object(_by_key(members), data, ())} | with_errors(self.errors)
        except Nulled as nulled:
            return {"data": None} | with_errors([*self.errors, nulled.located])

    def _object(self, members: Mapping[str, list[Member]], value: dict[str, Any], path: Path) -> dict[str, Any]:
        for key in filter(members.get, value):
            for one in filter(self._leads, members[key]):
                value[key] = self._value(one, one.type, value[key], (*path, key))
        return value

    def _value(self, member: Member, type_: Any, value: Any, path: Path) -> Any:
        try:
            return self._completed(member, get_nullable_type(type_), value, path)
        except Nulled as nulled:
            if is_non_null_type(type_):
                raise
            if len(self.errors) < MAX_ERRORS:
                self.errors.append(nulled.located)
            return None

    def _completed(self, member: Member, type_: Any, value: Any, path: Path) -> Any:
        if isinstance(value, Exception):
            raise Nulled(value, member, path)
        if (error := self.failures.by_number.get(member.number)) and value == member.number:
            raise Nulled(error, member, path)
        if isinstance(value, list) and is_list_type(type_):
            return [self._value(member, type_.of_type, item, (*path, index)) for index, item in enumerate(value)]
        return self._object(self._below(member), value, path) if isinstance(value, dict) else value

    def _leads(self, member: Member) -> bool:
        """Whether something failed at the field or below it."""
        if self.failures.raised:
            return True
        if member not in self._leading:
            below = (child for children in self._below(member).values() for child in children)
            self._leading[member] = member.number in self.failures.by_number or any(map(self._leads, below))
        return self._leading[member]

    def _below(self, member: Member) -> Mapping[str, list[Member]]:
        """The fields below one by their keys: of an object that may have several types, those of all of them."""
        if member not in self._known:
            self._known[member] = _by_key(child for one in objects(member.node) for child in one.members)
        return self._known[member]


def _by_key(members: Iterable[Member]) -> Mapping[str, list[Member]]:
    found: dict[str, list[Member]] = {}
    for one in members:
        found.setdefault(one.key, []).append(one)
    return found

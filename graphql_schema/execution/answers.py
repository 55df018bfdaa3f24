"""Answers, put together of what was found and of what failed on the way.

A field that failed is null; where it cannot be, the nearest object around it that can be is null. Of several failures
that make the same object null the first in the answer is told: so the errors depend on nothing but the answer.

Source: GraphQL specification, section 6.4.4 "Handling Execution Errors".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    located_error,
)

from graphql_schema.core.errors import MAX_ERRORS, explained, shown
from graphql_schema.core.nodes import NODES
from graphql_schema.execution.steps import Step

Answer = dict[str, Any]
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Failures:
    """What failed. Where there is an object that has such a field, the field has the number of its step as value.

    That can stand in JSON that PostgreSQL wrote, too. What graphql-core could not resolve is marked as `Unresolved`.
    """

    by_number: dict[int, Exception] = field(default_factory=dict)
    has_unresolved: bool = False

    def __bool__(self) -> bool:
        return bool(self.by_number) or self.has_unresolved

    def add(self, step: Step, error: Exception) -> int:
        """The value of a field that failed."""
        self.by_number[step.number] = error
        return step.number

    def resolved(self, result: ExecutionResult) -> dict[str, Any]:
        """What graphql-core found, with its errors where they happened; raises what is wrong with all of it."""
        if result.data is None:
            assert result.errors
            raise result.errors[0]
        for error in result.errors or ():
            self.has_unresolved = True
            assert error.path
            *way, last = error.path
            at: Any = result.data
            for key in way:
                at = at[key]
            at[last] = Unresolved(error)
        return result.data


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Stands where graphql-core met an error."""

    error: GraphQLError


def answered(steps: Sequence[Step], found: Mapping[str, Any], failures: Failures) -> Answer:
    """The answer with its fields in the order of the operation."""
    data = {step.key: found[step.key] for step in steps}
    return Completion(failures).answer(steps, data) if failures else {"data": data}


def failed(error: Exception) -> Answer:
    """The answer where all of it failed."""
    return {"data": None} | with_errors([GraphQLError(str(error), original_error=error)])


def with_errors(errors: Iterable[GraphQLError]) -> Answer:
    """Errors as the answer shows them, if there are any."""
    explanations = shown(map(explained, errors))
    return {"errors": explanations} if explanations else {}


class Nulled(Exception):  # noqa: N818  (an outcome: it goes up to what can be null)
    """A field failed."""

    def __init__(self, error: Exception, step: Step, path: Path) -> None:
        super().__init__(step.key)
        self.error = error
        self.step = step
        self.path = path

    @property
    def located(self) -> GraphQLError:
        """The error with the field's place in the document and in the answer."""
        return located_error(self.error, self.step.selected.nodes, self.path)


@dataclass
class Completion:
    """Puts null where something failed, and collects the errors in the order of the answer, as many as are told."""

    failures: Failures
    errors: list[GraphQLError] = field(default_factory=list)

    def answer(self, steps: Sequence[Step], data: dict[str, Any]) -> Answer:
        """The answer with this data."""
        try:
            return {"data": self._object(_by_key(steps), data, ())} | with_errors(self.errors)
        except Nulled as nulled:
            return {"data": None} | with_errors([*self.errors, nulled.located])

    def _object(self, steps: Mapping[str, list[Step]], value: dict[str, Any], path: Path) -> dict[str, Any]:
        for key in filter(steps.get, value):
            for step in filter(self._leads, steps[key]):
                value[key] = self._value(step, step.output if step.declared else None, value[key], (*path, key))
        return value

    def _value(self, step: Step, type_: Any, value: Any, path: Path) -> Any:
        try:
            return self._completed(step, get_nullable_type(type_), value, path)
        except Nulled as nulled:
            if is_non_null_type(type_):
                raise
            if len(self.errors) < MAX_ERRORS:
                self.errors.append(nulled.located)
            return None

    def _completed(self, step: Step, type_: Any, value: Any, path: Path) -> Any:
        if isinstance(value, Unresolved):
            raise Nulled(value.error, step, path)
        if value == step.number and step.number in self.failures.by_number:
            raise Nulled(self.failures.by_number[step.number], step, path)
        if isinstance(value, list) and is_list_type(type_):
            return [self._value(step, type_.of_type, item, (*path, place)) for place, item in enumerate(value)]
        return self._object(self._below(step), value, path) if isinstance(value, dict) else value

    def _leads(self, step: Step) -> bool:
        """Whether something failed at the step or below it."""
        if step.number not in self._leading:
            below = (child for children in self._below(step).values() for child in children)
            is_here = self.failures.has_unresolved or step.number in self.failures.by_number
            self._leading[step.number] = is_here or any(map(self._leads, below))
        return self._leading[step.number]

    def _below(self, step: Step) -> Mapping[str, list[Step]]:
        """The steps below one by their keys: of an object that may have several types, those of all of them."""
        if step.declared is None:  # GraphQL's own: nothing of ours is below it
            return {}
        if step.number not in self._known:
            is_of_many = is_abstract_type(get_named_type(step.output))
            children = [child for table in NODES for child in step.children_of(table)] if is_of_many else step.children
            self._known[step.number] = _by_key(children)
        return self._known[step.number]

    @cached_property
    def _leading(self) -> dict[int, bool]:
        return {}

    @cached_property
    def _known(self) -> dict[int, Mapping[str, list[Step]]]:
        return {}


def _by_key(steps: Iterable[Step]) -> Mapping[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(step.key, []).append(step)
    return found

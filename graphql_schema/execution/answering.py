"""One answer while it is put together, to any kind of operation: what is read for it, and what fails on the way."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orjson import Fragment, loads

from db.errors import BadInput, Forbidden
from graphql_schema.core.changes import Shown
from graphql_schema.core.context import Context
from graphql_schema.core.tree import Member, given_of
from graphql_schema.execution.answers import Answer, Completion, Failures
from graphql_schema.execution.asked import Asked
from graphql_schema.execution.compiling import statement
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.payloads import Payload, key_in, plain
from graphql_schema.execution.plan import references, shown
from graphql_schema.execution.resolving import resolve


@dataclass(slots=True)
class Answering:
    """One answer to an operation. A field that fails is among its failures; the others are answered all the same."""

    operation: Operation
    context: Context
    failures: Failures = field(default_factory=Failures)

    def answer(self, found: Mapping[str, Any], members: Sequence[Member] | None = None) -> Answer:
        """The answer with what was found, by key, in the order of the operation; of all fields, or of these."""
        shown = self.operation.plan.members if members is None else members
        data = {member.key: found[member.key] for member in shown}
        return Completion(self.failures).answer(shown, data) if self.failures else {"data": data}

    async def show(self, member: Member, payload: Payload) -> Any:
        """The selection of the payload of a mutation or an event. Statements answer it, or graphql-core all of it."""
        if not self.operation.is_compiled:
            return (await self.resolve([member.key], payload))[member.key]
        keys = {child: key_in(row, payload) for child, row in references(member)}
        found: dict[str, Any] = {child.key: None for child, key in keys.items() if key is None}
        if isinstance(payload, Shown) and payload.texts:  # by the statement that has done it
            found |= {child.key: text and Fragment(text) for child, text in zip(keys, payload.texts, strict=True)}
        if left := [child for child in keys if child.key not in found]:
            found |= await self.read(left, keys)
        return {child.key: found[child.key] if child in keys else plain(child, payload) for child in shown(member)}

    async def resolve(self, keys: Container[str], root: Any = None) -> dict[str, Any]:
        """The answers that graphql-core gives to the fields of the root with these keys."""
        return self.failures.resolved(await resolve(self.operation, self.context, keys, root))

    async def read(self, members: Sequence[Member], keys: Mapping[Member, Any] | None = None) -> dict[str, Any]:
        """The answers of fields by one statement, as text in JSON unless something in it has failed.

        `keys` are those of the rows that a payload names.
        """
        plan, viewer = self.operation.plan, self.context.viewer
        found: dict[str, Any] = self._refused(members)
        asked = plan.asked([one for one in members if one.key not in found], self.operation.variables)
        self.failures.by_number |= asked.failures
        wrong = [member for member in members if member.number in asked.failures] if asked.failures else []
        found |= {one.key: self.failures.add(asked.failures[one.number]) for one in wrong}
        if not asked.members:
            return found
        for member in asked.members if keys else ():
            asked.give(member, "key", keys[member])  # type: ignore[index]
        try:
            compiled = plan.written(asked, viewer) or await statement(plan, asked, self.context)
        except BadInput as error:
            return found | self._failed(asked, error)
        try:
            arguments, weight = asked.arguments(compiled, viewer), self.operation.estimate.weight
            row = await self.context.fetch(compiled, arguments, weight=weight)
            assert row
            as_value = loads if asked.failures else Fragment
            return found | {member.key: as_value(text) for member, text in zip(asked.members, row, strict=True)}
        except Exception as error:  # noqa: BLE001  (explained or masked)
            return found | self._failed(asked, error)

    def _refused(self, members: Sequence[Member]) -> dict[str, Any]:
        """The fields that the viewer may not ask for, by key."""
        found = {}
        for member in members:
            given = given_of(member.node)
            if given is None or given.declared.allows is None:
                continue
            try:
                given.declared.admit(self.context.viewer, given.values(self.operation.variables))
            except Forbidden as refusal:
                found[member.key] = self.failures.add(refusal)
        return found

    def _failed(self, asked: Asked, error: Exception) -> dict[str, Any]:
        return {member.key: self.failures.add(error) for member in asked.members}

"""A mutation whose fields are done one after the other, each in a transaction of its own.

What was done is told, whatever comes after it: a field that fails is null by itself, and the next is done all the same.
Only the end of the operation's time stops the rest, which is told too.
"""

from dataclasses import dataclass, field
from typing import Any

from db.errors import NotExecuted, TooSlow
from graphql_schema.core.context import Context
from graphql_schema.core.tree import Constant, Member, Row
from graphql_schema.execution.answering import Answering
from graphql_schema.execution.answers import Answer
from graphql_schema.execution.compiling import compile_ahead
from graphql_schema.execution.deadline import Deadline
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.payloads import Payload, key_in, plain
from graphql_schema.execution.plan import shown


@dataclass(slots=True)
class Mutating(Answering):
    """A mutation as far as it is done: the payloads of its fields by key, and what of them is shown."""

    payloads: dict[str, Payload] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)

    async def run(self, deadline: Deadline) -> Answer:
        """The answer; raises TooSlow when nothing of it was done in time."""
        try:
            await deadline.keep(self._do_all())
        except TooSlow as error:
            if not self.payloads:
                raise
            self._stop(error)
        return self.answer(self.found)

    async def _do_all(self) -> None:
        await compile_ahead(self.operation, self.context)
        for member in self.operation.plan.members:
            self.found[member.key] = await self._answered(member)

    async def _answered(self, member: Member) -> Any:
        """Do a field; returns what is selected of it."""
        if isinstance(member.node, Constant):
            return member.node.value
        try:
            payload = await done(member, self.operation, self.context)
        except Exception as error:  # noqa: BLE001  (explained or masked)
            return self.failures.add(error)
        self.payloads[member.key] = payload
        try:
            return await self.show(member, payload)
        except Exception as error:  # noqa: BLE001  (explained or masked)
            return self._unshown(member, error)

    def _stop(self, error: TooSlow) -> None:
        """Tell what of the rest is done."""
        reason: Exception = error
        for member in self.operation.plan.members:
            if member.key in self.found:
                continue
            if isinstance(member.node, Constant):
                self.found[member.key] = member.node.value
            elif member.key in self.payloads:
                self.found[member.key] = self._unshown(member, error)
            else:
                self.found[member.key] = self.failures.add(reason)
            reason = NotExecuted()

    def _unshown(self, member: Member, error: Exception) -> dict[str, Any]:
        """The payload of what is done, where the objects in it could not be read."""
        payload = self.payloads[member.key]
        return {child.key: self._unread(child, payload, error) for child in shown(member)}

    def _unread(self, child: Member, payload: Payload, error: Exception) -> Any:
        if not isinstance(child.node, Row):
            return plain(child, payload)
        return None if key_in(child.node, payload) is None else self.failures.add(error)


async def done(member: Member, operation: Operation, context: Context) -> Payload:
    """The payload of a field of a mutation, which is done now."""
    node: Any = member.node
    arguments = node.given.values(operation.variables)
    payload: Payload = await node.field.mutate(context, arguments, operation.showings.get(member.key))
    return payload

"""A mutation whose fields are done one after the other, each in a transaction of its own.

What was done is told, whatever comes after it: a field that fails is null by itself, and the next is done all the same.
Only the end of the operation's time stops the rest, which is told too.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from db.errors import NotExecuted, TooSlow
from graphql_schema.core.context import Context
from graphql_schema.core.mutations import Reference
from graphql_schema.execution.answers import Answer, Failures, answered
from graphql_schema.execution.deadline import Deadline
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.python_values import plain
from graphql_schema.execution.steps import Step

Payload = Mapping[str, Any]
Prepare = Callable[[Operation, Context], Awaitable[None]]
Show = Callable[[Operation, Context, Step, Payload, Failures], Awaitable[Any]]


@dataclass(slots=True)
class Mutating:
    """A mutation as far as it is done: the payloads by the number of the step, and what of them is shown, by key."""

    operation: Operation
    context: Context
    prepare: Prepare
    show: Show
    payloads: dict[int, Payload] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)
    failures: Failures = field(default_factory=Failures)

    async def run(self, deadline: Deadline) -> Answer:
        """The answer; raises TooSlow when nothing of it was done in time."""
        try:
            await deadline.keep(self._do_all())
        except TooSlow as error:
            if not self.payloads:
                raise
            self._stop(error)
        return answered(self.operation.plan.steps, self.found, self.failures)

    async def _do_all(self) -> None:
        await self.prepare(self.operation, self.context)
        for step in self.operation.plan.steps:
            self.found[step.key] = step.parent.name if step.is_typename else await self._done(step)

    async def _done(self, step: Step) -> Any:
        """What is selected of a field, once it is done."""
        assert step.field
        try:
            arguments = dict(step.arguments(self.operation.variables))
            payload = await step.field.resolve(None, self.context, step.name, arguments)
        except Exception as error:  # noqa: BLE001  (explained or masked)
            return self.failures.add(step, error)
        self.payloads[step.number] = payload
        try:
            return await self.show(self.operation, self.context, step, payload, self.failures)
        except Exception as error:  # noqa: BLE001  (explained or masked)
            return self._unshown(step, error)

    def _stop(self, error: TooSlow) -> None:
        """Tell what of the rest is done."""
        reason: Exception = error
        for step in self.operation.plan.steps:
            if step.key in self.found:
                continue
            if step.is_typename:
                self.found[step.key] = step.parent.name
            elif step.number in self.payloads:
                self.found[step.key] = self._unshown(step, error)
            else:
                self.found[step.key] = self.failures.add(step, reason)
            reason = NotExecuted()

    def _unshown(self, step: Step, error: Exception) -> dict[str, Any]:
        """The payload of what is done, where the objects in it could not be read."""
        payload = self.payloads[step.number]
        return {child.key: self._unread(child, payload, error) for child in step.children}

    def _unread(self, child: Step, payload: Payload, error: Exception) -> Any:
        if not isinstance(child.field, Reference):
            return plain(child, payload)
        return None if payload.get(child.name) is None else self.failures.add(child, error)

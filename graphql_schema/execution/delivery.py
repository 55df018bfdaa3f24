"""Answers a query in parts, one statement each, as fast as they can be read and however slowly they are taken."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from orjson import dumps, loads

from db.errors import TooSlow
from graphql_schema.core.context import Context
from graphql_schema.execution.answers import Answer
from graphql_schema.execution.documents import Definition, DefinitionInParts
from graphql_schema.execution.increments import Increment, Progress
from graphql_schema.execution.operations import Operation


@dataclass(slots=True)
class Delivery:
    """One operation with its `parts`, each of them answered by `execute`; without parts it is answered as a whole."""

    operation: Operation
    context: Context
    parts: DefinitionInParts | None
    execute: Callable[[Operation, Context], Awaitable[Answer]]
    made: asyncio.Queue[Increment | Exception] = field(default_factory=asyncio.Queue)

    async def increments(self, deadline: float) -> AsyncGenerator[Increment, None]:
        """What there is to send, made within so many seconds. Raises what comes before the first part only."""
        # What is read does not wait for a client to take it: a connection is held no longer than by another query.
        making = asyncio.create_task(self._make(deadline))
        try:
            has_next = True
            while has_next:
                increment = await self.made.get()
                if isinstance(increment, Exception):
                    raise increment
                yield increment
                has_next = increment.has_next
        finally:
            making.cancel()

    async def _make(self, deadline: float) -> None:
        progress = Progress(list(self.parts.later) if self.parts else ())
        try:
            async with asyncio.timeout(deadline):
                await (self._in_parts(self.parts, progress) if self.parts else self._whole(progress))
        except Exception as error:  # noqa: BLE001  (it is the answer, or that to what is still promised)
            failure = TooSlow() if isinstance(error, TimeoutError) else error
            self.made.put_nowait(progress.give_up(failure) if progress.has_begun else failure)

    async def _whole(self, progress: Progress) -> None:
        self.made.put_nowait(progress.begin(await self.execute(self.operation, self.context)))

    async def _in_parts(self, parts: DefinitionInParts, progress: Progress) -> None:
        async with self.context.database.snapshot(weight=self.operation.estimate.weight) as self.context.snapshot:
            self.made.put_nowait(progress.begin(await self._part(parts.first)))
            for part, definition in parts.later.items():
                if part in progress.promised:
                    self.made.put_nowait(progress.go_on(part, await self._part(definition)))

    async def _part(self, definition: Definition) -> Answer:
        """The answer to a part of the operation, as Python has it."""
        plan = definition.plan(self.operation.variables)
        found = await self.execute(replace(self.operation, definition=definition, plan=plan), self.context)
        answer: Answer = loads(dumps(found))
        return answer

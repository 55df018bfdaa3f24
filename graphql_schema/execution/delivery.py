"""Answers a query in parts, one statement each, as fast as they can be read and however slowly they are taken."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace

from orjson import dumps, loads

from db.errors import TooSlow
from graphql_schema.core.context import Context
from graphql_schema.execution import queries
from graphql_schema.execution.answers import Answer
from graphql_schema.execution.compiling import compile_ahead
from graphql_schema.execution.deferring import Deferred
from graphql_schema.execution.increments import Increment, Progress
from graphql_schema.execution.operations import Operation
from graphql_schema.execution.plan import Plan


@dataclass(slots=True)
class Delivery:
    """One query, in its parts; or without parts, as a whole.

    `turn` is the payer's: a delivery holds a connection until its last part is read.
    """

    operation: Operation
    context: Context
    turn: asyncio.Lock
    made: asyncio.Queue[Increment | Exception] = field(default_factory=asyncio.Queue)

    async def increments(self, deadline: float) -> AsyncGenerator[Increment, None]:
        """The increments to send, made within so many seconds. Raises what comes before the first part only."""
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
        parts = self.operation.plan.parts
        progress = Progress([part for part in parts or () if part])
        try:
            async with asyncio.timeout(deadline):
                await (self._in_parts(parts, progress) if parts else self._whole(progress))
        except Exception as error:  # noqa: BLE001  (it is the answer, or that to what is still promised)
            failure = TooSlow() if isinstance(error, TimeoutError) else error
            self.made.put_nowait(progress.give_up(failure) if progress.has_begun else failure)

    async def _whole(self, progress: Progress) -> None:
        self.made.put_nowait(progress.begin(await queries.answer(self.operation, self.context)))

    async def _in_parts(self, parts: Mapping[Deferred | None, Plan], progress: Progress) -> None:
        weight = self.operation.estimate.weight
        async with self.turn:
            operations = {part: await self._compiled(plan) for part, plan in parts.items()}
            async with self.context.database.snapshot(weight=weight) as self.context.snapshot:
                for part, operation in operations.items():
                    if part is None:
                        self.made.put_nowait(progress.begin(await self._answer(operation)))
                    elif part in progress.promised:
                        self.made.put_nowait(progress.go_on(part, await self._answer(operation)))

    async def _compiled(self, plan: Plan) -> Operation:
        """A part of the operation, with its statement."""
        part = replace(self.operation, plan=plan)
        await compile_ahead(part, self.context)
        return part

    async def _answer(self, operation: Operation) -> Answer:
        """The answer to a part of the operation, as Python has it."""
        answer: Answer = loads(dumps(await queries.answer(operation, self.context)))
        return answer

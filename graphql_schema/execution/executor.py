"""Runs operations against the schema. Transports differ in framing only: all of them come through here.

A query is one statement. A mutation or an event names rows by their keys, and what is selected of them is one statement
again.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable, Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

from graphql import GraphQLSchema

from db.errors import Overloaded
from graphql_schema.core.context import Context
from graphql_schema.core.tree import Constant, Member
from graphql_schema.execution import atomic, queries
from graphql_schema.execution.answers import Answer
from graphql_schema.execution.deadline import Deadline
from graphql_schema.execution.delivery import Delivery
from graphql_schema.execution.increments import Increment
from graphql_schema.execution.limits import Limits
from graphql_schema.execution.mutations import Mutating
from graphql_schema.execution.operations import Operation, Operations, Request
from graphql_schema.execution.subscriptions import Subscriptions
from graphql_schema.execution.worker import Worker


class Executor:
    """Runs operations against one schema. One that does not compile resolves all in Python, to equal answers.

    An operation, and each event of a subscription, is stopped after `deadline` seconds, in the database too.
    """

    def __init__(
        self, schema: GraphQLSchema, *, compiles: bool = True, limits: Limits | None = None, deadline: float = 10
    ) -> None:
        self.schema = schema
        self.limits = limits or Limits()
        self.deadline = Deadline(deadline)
        self.operations = Operations(schema, self.limits, compiles=compiles)
        self.deliveries = WeakValueDictionary[Hashable, asyncio.Lock]()
        """Locks of deliveries: each payer gets one after the other, as each holds a connection until its last part."""
        self.subscriptions = Subscriptions(self.deadline)

    @property
    def worker(self) -> Worker:
        """The thread beside the event loop."""
        return self.operations.memory.worker

    def prepare(self, request: Request) -> Operation:
        """The operation of a request: see `Operations.prepare`."""
        return self.operations.prepare(request)

    def read(
        self, request: Request, payer: Hashable, *, charge: Callable[[str], object] = lambda _text: None
    ) -> Coroutine[Any, Any, Operation]:
        """The operation of a request, made ready while others are answered: see `Operations.read`."""
        return self.operations.read(request, payer, charge=charge)

    async def execute(self, operation: Operation, context: Context) -> Answer:
        """The answer of a query or a mutation. Its data may hold `orjson.Fragment`s: text that PostgreSQL wrote.

        Raises TooSlow, and then nothing of a mutation is done; Overloaded, when not one field could begin.
        """
        if operation.kind != "mutation":
            answer = await self.deadline.keep(queries.answer(operation, context))
        elif atomic.is_asked_for(operation, context.viewer):
            answer = await self.deadline.keep(atomic.run(operation, context))
        else:
            answer = await Mutating(operation, context).run(self.deadline)
        if "errors" in answer and _all_overloaded(operation.plan.members, answer["errors"]):
            raise Overloaded
        return answer

    def execute_in_parts(self, operation: Operation, context: Context) -> AsyncGenerator[Increment, None]:
        """The parts of the answer to a query; raises what `execute` raises, if at the start."""
        turn = self.deliveries.setdefault(context.payer, asyncio.Lock())
        return Delivery(operation, context, turn).increments(self.deadline.seconds)

    def subscribe(self, operation: Operation, context: Context) -> AsyncGenerator[Answer, None]:
        """The answers to the events of a subscription: see `Subscriptions.answers`."""
        return self.subscriptions.answers(operation, context)


def _all_overloaded(members: Sequence[Member], errors: Sequence[Mapping[str, Any]]) -> bool:
    refused = [error.get("path") for error in errors if error["extensions"]["code"] == Overloaded.code]
    return all([member.key] in refused for member in members if not isinstance(member.node, Constant))

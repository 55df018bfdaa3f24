"""Runs operations against the schema. Transports differ in framing only: all of them come through here.

A query is one statement. A mutation or an event names rows by their keys, and what is selected of them is one statement
again.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any
from weakref import WeakValueDictionary

from graphql import GraphQLSchema
from graphql.execution.values import VariableValues

from db.cache import get_or_make
from db.errors import Overloaded
from graphql_schema.core.context import Context
from graphql_schema.core.errors import RequestError
from graphql_schema.core.tree import Constant, Member
from graphql_schema.execution import atomic, queries
from graphql_schema.execution.answers import Answer
from graphql_schema.execution.cost import known
from graphql_schema.execution.deadline import Deadline
from graphql_schema.execution.definitions import Definition
from graphql_schema.execution.delivery import Delivery
from graphql_schema.execution.documents import Document, read
from graphql_schema.execution.increments import Increment
from graphql_schema.execution.limits import check_cost
from graphql_schema.execution.memory import Memory
from graphql_schema.execution.mutations import Mutating
from graphql_schema.execution.operations import CostError, Operation, Request
from graphql_schema.execution.plan import Plan
from graphql_schema.limits import Limits
from graphql_schema.live.subscriptions import Messages, Subscriptions

SIZE: Callable[[Any], int] = attrgetter("bytes")


class Executor:
    """Finds the operations of requests to one schema, and runs them. Documents and plans are kept for everybody.

    An executor that does not compile resolves all in Python, to equal answers. An operation, and each event of a
    subscription, is stopped after `deadline` seconds, in the database too.
    """

    def __init__(
        self, schema: GraphQLSchema, *, compiles: bool = True, limits: Limits | None = None, deadline: float = 10
    ) -> None:
        self.schema = schema
        self.compiles = compiles
        self.limits = limits or Limits()
        self.deadline = Deadline(deadline)
        self.memory = Memory()
        self.worker = self.memory.worker
        self._read = partial(read, schema=schema, limits=self.limits, memory=self.memory)
        self.deliveries = WeakValueDictionary[Hashable, asyncio.Lock]()
        """Locks of deliveries: each payer gets one after the other, as each holds a connection until its last part."""
        self.subscriptions = Subscriptions(self.deadline)

    def prepare(self, request: Request) -> Operation:
        """Find the operation of a request, and make here what is not kept; raises RequestError and CostError."""
        definition = self.document(request.query).definition(request.operation_name)
        variables, given = definition.variables, request.variables or {}
        number, values = variables.count(given), variables.values(given)
        make = partial(definition.plan, values, compiles=self.compiles)
        plan = get_or_make(self.memory.plans, definition.key(values), make, SIZE)
        return self._operation(definition, values, request, plan, number)

    async def read(
        self, request: Request, payer: Hashable, *, charge: Callable[[str], object] = lambda _text: None
    ) -> Operation:
        """Prepare it while others are answered: what is not kept is made in the thread, when it is the payer's turn.

        A text that is not kept is charged for. Raises Overloaded too, and what `charge` does.
        """
        text, name, memory, worker = request.query, request.operation_name, self.memory, self.worker
        document: Any = memory.documents.get(text)
        if is_new := document is None:
            charge(text)
            make = partial(self._read, text, name)
            document = await worker.get_or_make(memory.documents, text, make, SIZE, payer=payer)
        definition = document.definition(name)
        if not definition.is_prepared:
            await worker.run(definition.prepare, payer)
        variables, given = definition.variables, request.variables or {}
        number, coerce = variables.count(given), partial(variables.values, given)
        values = coerce() if number <= self.limits.values else await worker.run(coerce, payer)
        key = definition.key(values)
        plan: Any = memory.plans.get(key)
        if plan is None:
            planning = partial(definition.plan, values, compiles=self.compiles)
            plan = await worker.get_or_make(memory.plans, key, planning, SIZE, payer=payer)
        if is_new:
            memory.settle()
        return self._operation(definition, values, request, plan, number)

    def document(self, text: str) -> Document:
        """The document of a text, read here if it is not kept."""
        document: Document = get_or_make(self.memory.documents, text, partial(self._read, text, None), SIZE)
        return document

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

    def subscribe(self, operation: Operation, context: Context, **how: Any) -> Messages:
        """The messages of a subscription: see `Subscriptions.messages`."""
        return self.subscriptions.messages(operation, context, **how)

    def _operation(
        self, definition: Definition, values: VariableValues, request: Request, plan: Plan, number: int
    ) -> Operation:
        estimate = known(plan.cost, values.coerced).with_values(number)
        operation = Operation(definition, values, request, plan, estimate, plan.is_dry_run(values))
        try:
            check_cost(estimate.nodes, estimate.points, self.limits)
        except RequestError as refusal:
            raise CostError(refusal, operation) from None
        return operation


def _all_overloaded(members: Sequence[Member], errors: Sequence[Mapping[str, Any]]) -> bool:
    refused = [error.get("path") for error in errors if error["extensions"]["code"] == Overloaded.code]
    return all([member.key] in refused for member in members if not isinstance(member.node, Constant))

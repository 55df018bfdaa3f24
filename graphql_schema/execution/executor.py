"""Runs operations against the schema. Transports differ in framing only: all of them come through here.

A query is one statement, which answers all root fields that a statement can answer; what only Python can compute goes
to graphql-core. A mutation or an event names rows by their keys, and what is selected of them is one statement again.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from graphql import ExecutionResult, GraphQLSchema
from graphql.execution.values import VariableValues
from orjson import Fragment, loads

from db.errors import BadInput, Forbidden, Overloaded
from graphql_schema.core.context import Context
from graphql_schema.core.errors import RequestError
from graphql_schema.core.tree import Constant, Member
from graphql_schema.execution import atomic
from graphql_schema.execution.answers import Answer, Failures, answered
from graphql_schema.execution.compiling import Compiling
from graphql_schema.execution.deadline import Deadline
from graphql_schema.execution.definitions import Definition
from graphql_schema.execution.delivery import Delivery
from graphql_schema.execution.documents import Documents
from graphql_schema.execution.increments import Increment
from graphql_schema.execution.limits import Limits
from graphql_schema.execution.listening import Listening
from graphql_schema.execution.mutating import Mutating
from graphql_schema.execution.operations import CostError, Operation, Request
from graphql_schema.execution.payloads import Payload, key_in, plain
from graphql_schema.execution.plan import Plan, references, shown
from graphql_schema.execution.resolving import Resolving, only
from graphql_schema.execution.threads import Turns, in_thread

T = TypeVar("T")


class Executor:
    """Runs operations against one schema. One that does not compile resolves all in Python, to equal answers.

    An operation, and each event of a subscription, is stopped after `deadline` seconds, in the database too.
    """

    def __init__(
        self, schema: GraphQLSchema, *, compiles: bool = True, limits: Limits | None = None, deadline: float = 10
    ) -> None:
        self.schema = schema
        self.compiles = compiles
        self.limits = limits or Limits()
        self.deadline = Deadline(deadline)
        self.documents = Documents(schema, self.limits)
        self.turns = Turns()
        self.deliveries = WeakValueDictionary[Hashable, asyncio.Lock]()
        """Locks of deliveries: each payer gets one after the other, as each holds a connection until its last part."""
        self.compiling = Compiling(self.turns)
        self.listening = Listening(self._event, self._compile_ahead, self.deadline)
        self.resolving = Resolving(schema, self.turns, self.documents.memory.shown)

    def prepare(self, request: Request) -> Operation:
        """Find the operation of the request; raises RequestError, and CostError for one that asks for too much."""
        return self._operation(self.documents.definition(request.query, request.operation_name), request)

    async def read(self, request: Request, payer: Hashable) -> Operation:
        """Prepare it while others are answered: a new text can take a tenth of a second. Raises Overloaded too.

        Each payer has the thread in turn.
        """
        if operation := self.known(request):
            return operation
        documents, text, name = self.documents, request.query, request.operation_name
        async with self.turns.turn(payer):
            definition = documents.find(text, name)
            if definition is None:
                definition = documents.keep(text, name, await in_thread(partial(documents.read, text, name)))
            operation = await in_thread(partial(self._operation, definition, request))
            self.documents.memory.settle()
            return operation

    async def beside(self, work: Callable[[], T], payer: Hashable) -> T:
        """Do work while others are answered, when it is this payer's turn. Raises Overloaded."""
        async with self.turns.turn(payer):
            return await in_thread(work)

    def known(self, request: Request) -> Operation | None:
        """The operation, if nothing of it has to be worked out."""
        definition = self.documents.find(request.query, request.operation_name)
        if definition is None or definition.size(request.variables or {}) > self.limits.values:
            return None
        values = definition.values(request.variables)
        plan = definition.planned(values)
        return self._planned(definition, values, plan, request) if plan and definition.is_cut(values) else None

    def _operation(self, definition: Definition, request: Request) -> Operation:
        values = definition.values(request.variables)
        return self._planned(definition, values, definition.plan(values), request)

    def _planned(self, definition: Definition, values: VariableValues, plan: Plan, request: Request) -> Operation:
        parts = definition.in_parts(values) if self.compiles and not plan.obstacles else None
        estimate = plan.cost.estimate(values.coerced).with_values(definition.size(request.variables or {}))
        operation = Operation(definition, values, request, plan, estimate, plan.is_dry_run(values), parts)
        try:
            self.limits.check_cost(operation.estimate.nodes, operation.estimate.points)
        except RequestError as refusal:
            raise CostError(refusal, operation) from None
        return operation

    async def execute(self, operation: Operation, context: Context) -> Answer:
        """The answer of a query or a mutation. Its data may hold `orjson.Fragment`s: text that PostgreSQL wrote.

        Raises TooSlow, and then nothing of a mutation is done; Overloaded, when not one field could begin.
        """
        if operation.kind == "mutation" and not atomic.is_asked_for(operation, context.viewer):
            answer = await Mutating(operation, context, self._compile_ahead, self._show).run(self.deadline)
        else:
            answer = await self.deadline.keep(self._execute(operation, context))
        if "errors" in answer and _all_overloaded(operation.plan.members, answer["errors"]):
            raise Overloaded
        return answer

    async def _execute(self, operation: Operation, context: Context) -> Answer:
        if operation.kind == "mutation":
            await self._compile_ahead(operation, context)
            return await atomic.run(operation, context, show=self._show)
        if operation.is_dry_run:
            return await self._resolve(operation, self.resolving.price(operation, context))
        if not self.compiles:
            whole = operation.definition.document
            return await self._resolve(operation, self.resolving.resolve(operation, context, whole))
        return await self._query(operation, context)

    def execute_in_parts(self, operation: Operation, context: Context) -> AsyncGenerator[Increment, None]:
        """The parts of the answer to an operation that is deferring; raises what `execute` raises, if at the start."""
        turn = self.deliveries.setdefault(context.payer, asyncio.Lock())
        delivery = Delivery(operation, context, partial(self._part, operation, context), self._execute, turn)
        return delivery.increments(self.deadline.seconds)

    async def _part(self, operation: Operation, context: Context, plan: Plan) -> Operation:
        """A part of an operation, compiled."""
        part = replace(operation, plan=plan, parts=None)
        await self.compiling.ahead(part, context)
        return part

    async def explain(self, operation: Operation, context: Context, *, analyze: bool = False) -> dict[str, Any]:
        """The statement of a query with PostgreSQL's plan for it, for an administrator; with `analyze` it is run.

        Raises Forbidden for everybody else, and BadInput for what no statement answers.
        """
        if not context.viewer.is_admin:
            raise Forbidden("Only administrators see how an operation is answered.")
        if operation.kind != "query" or operation.plan.obstacles:
            raise BadInput("Only a query that is compiled as a whole can be explained.")
        asked = operation.plan.asked(operation.plan.compiled, operation.variables)
        for error in asked.failures.values():
            raise error
        statement = operation.plan.statement(asked, context.viewer)
        arguments = asked.arguments(statement, context.viewer)
        options = "ANALYZE, BUFFERS, FORMAT JSON" if analyze else "FORMAT JSON"
        ((plan,),) = await context.database.readers.fetch(f"EXPLAIN ({options}) {statement.sql}", arguments)
        return {"sql": statement.sql, "parameters": list(statement.types), "plan": loads(plan)}

    def subscribe(self, operation: Operation, context: Context) -> AsyncGenerator[Answer, None]:
        """The answers to the events of a subscription: see `Listening.answers`."""
        return self.listening.answers(operation, context)

    async def _query(self, operation: Operation, context: Context) -> Answer:
        plan, failures = operation.plan, Failures()
        found = plan.constants | await self._read(operation, context, plan.compiled, failures)
        if plan.obstacles:
            rest = self.resolving.introspect if plan.introspects else self.resolving.compute
            found |= failures.resolved(await rest(operation, context))
        return answered(plan.members, found, failures)

    async def _resolve(self, operation: Operation, running: Awaitable[ExecutionResult]) -> Answer:
        failures = Failures()
        found = failures.resolved(await running)
        return answered([member for member in operation.plan.members if member.key in found], found, failures)

    async def _show(
        self, operation: Operation, context: Context, member: Member, payload: Payload, failures: Failures
    ) -> Any:
        """The selection of a payload or an event. Statements answer it, or graphql-core all of it."""
        if self.compiles and not operation.plan.obstacles:
            return await self._payload(operation, context, member, payload, failures)
        result = await self.resolving.resolve(operation, context, only(operation, {member.key}), payload)
        return failures.resolved(result)[member.key]

    async def _event(self, operation: Operation, payload: Payload, context: Context) -> Answer:
        """The answer to an event that the viewer may know of."""
        failures = Failures()
        (member,) = operation.plan.members
        found = {member.key: await self._show(operation, context, member, payload, failures)}
        return answered(operation.plan.members, found, failures)

    async def _payload(
        self, operation: Operation, context: Context, member: Member, payload: Payload, failures: Failures
    ) -> dict[str, Any]:
        """The selection of a payload or an event: rows by one statement, the rest from Python."""
        keys = {child: key_in(row, payload) for child, row in references(member)}
        found = {child.key: None for child, key in keys.items() if key is None}
        wanted = [child for child in keys if child.key not in found]
        found |= await self._read(operation, context, wanted, failures, keys=keys)
        return {child.key: found[child.key] if child in keys else plain(child, payload) for child in shown(member)}

    async def _read(
        self,
        operation: Operation,
        context: Context,
        members: Sequence[Member],
        failures: Failures,
        *,
        keys: Mapping[Member, Any] | None = None,
    ) -> dict[str, Any]:
        """The answers of fields by one statement, as text in JSON unless something in it has failed."""
        plan, viewer = operation.plan, context.viewer
        asked = plan.asked(members, operation.variables)
        failures.by_number |= asked.failures
        wrong = {member.key: asked.failure(member) for member in members} if asked.failures else {}
        found: dict[str, Any] = {key: failures.add(error) for key, error in wrong.items() if error}
        if not asked.members:
            return found
        for member in asked.members if keys else ():
            asked.give(member, "key", keys[member])  # type: ignore[index]
        try:
            statement = plan.written(asked, viewer) or await self.compiling.statement(plan, asked, context)
        except BadInput as error:
            return found | {member.key: failures.add(error) for member in asked.members}
        try:
            row = await context.fetch(statement, asked.arguments(statement, viewer), weight=operation.estimate.weight)
            assert row
            as_value = loads if asked.failures else Fragment
            return found | {member.key: as_value(text) for member, text in zip(asked.members, row, strict=True)}
        except Exception as error:  # noqa: BLE001  (explained or masked)
            return found | {member.key: failures.add(error) for member in asked.members}

    async def _compile_ahead(self, operation: Operation, context: Context) -> None:
        """Compile what is read once something is done, or heard."""
        if self.compiles and not operation.plan.obstacles:
            await self.compiling.ahead(operation, context)


def _all_overloaded(members: Sequence[Member], errors: Sequence[Mapping[str, Any]]) -> bool:
    refused = [error.get("path") for error in errors if error["extensions"]["code"] == Overloaded.code]
    return all([member.key] in refused for member in members if not isinstance(member.node, Constant))

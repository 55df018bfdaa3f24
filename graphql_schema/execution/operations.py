"""An operation: what a client sent, found in its document, with its variables; and what can be known before it runs."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any

from graphql import GraphQLSchema
from graphql.execution.values import VariableValues

from db.cache import get_or_make
from graphql_schema.core.errors import RequestError
from graphql_schema.core.mutations import Showing
from graphql_schema.execution.cost import Estimate
from graphql_schema.execution.definitions import Definition
from graphql_schema.execution.documents import Document, read
from graphql_schema.execution.limits import Limits
from graphql_schema.execution.memory import Memory
from graphql_schema.execution.plan import Plan, PlanInParts


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as a client sent it."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with its variables, how it is answered, and what it comes to at most.

    A dry run is only priced: nothing of it runs but `rateLimit`.
    """

    definition: Definition
    variables: VariableValues
    request: Request
    plan: Plan
    estimate: Estimate
    is_dry_run: bool
    showings: dict[str, Showing] = field(default_factory=dict)
    """The statements of its changes by their keys, once they are compiled."""

    @property
    def kind(self) -> str:
        """query, mutation or subscription."""
        return self.definition.kind

    @property
    def is_compiled(self) -> bool:
        """Whether statements answer all of it."""
        return not self.plan.obstacles

    @property
    def parts(self) -> PlanInParts | None:
        """The plans of the parts that can come one after the other, if a client lets them."""
        return self.plan.parts

    @property
    def is_deferring(self) -> bool:
        """Whether parts of its answer come later, if the client likes."""
        return self.kind == "query" and self.parts is not None

    @property
    def points(self) -> int:
        """The points that are paid before it runs."""
        return 0 if self.is_dry_run else self.estimate.points

    def actual(self, objects: int) -> int:
        """The price in the end, if its answer holds so many objects."""
        return min(self.points, self.estimate.actual(objects))

    @property
    def estimate_by_path(self) -> list[tuple[str, int, int]]:
        """The cost field by field: the path, the nodes and the weight that it adds."""
        return list(self.plan.cost.by_path(self.variables.coerced))


class CostError(RequestError):
    """An operation was refused because it may answer with too much: it says with how much."""

    def __init__(self, refusal: RequestError, operation: Operation) -> None:
        Exception.__init__(self, *refusal.args)
        self.errors, self.discreet = refusal.errors, refusal.discreet
        self.operation = operation


SIZE: Callable[[Any], int] = attrgetter("bytes")


class Operations:
    """Finds the operations of requests. Documents and plans are kept for everybody who sends them."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, compiles: bool) -> None:
        self.schema = schema
        self.limits = limits
        self.compiles = compiles
        self.memory = Memory()

    def prepare(self, request: Request) -> Operation:
        """Find the operation of a request, and make here what is not kept; raises RequestError and CostError."""
        definition = self.document(request.query).definition(request.operation_name)
        given = request.variables or {}
        number, values = definition.variables.count(given), definition.variables.values(given)
        make = partial(definition.plan, values, compiles=self.compiles)
        plan = get_or_make(self.memory.plans, definition.key(values), make, SIZE)
        return self._operation(definition, values, request, plan, number)

    async def read(self, request: Request, payer: Hashable, *, charge: Callable[[str], object]) -> Operation:
        """Prepare it while others are answered: what is not kept is made in the thread, when it is the payer's turn.

        A text that is not kept is charged for. Raises Overloaded too, and what `charge` does.
        """
        text, name, memory, worker = request.query, request.operation_name, self.memory, self.memory.worker
        document: Any = memory.documents.get(text)
        if is_new := document is None:
            charge(text)
            make = partial(self._read, text, name)
            document = await worker.get_or_make(memory.documents, text, make, SIZE, payer=payer)
        definition = document.definition(name)
        if not definition.is_prepared:
            await worker.run(definition.prepare, payer)
        given = request.variables or {}
        number = definition.variables.count(given)
        if number <= self.limits.values:
            values = definition.variables.values(given)
        else:
            values = await worker.run(partial(definition.variables.values, given), payer)
        key = definition.key(values)
        plan: Any = memory.plans.get(key)
        if plan is None:
            make = partial(definition.plan, values, compiles=self.compiles)
            plan = await worker.get_or_make(memory.plans, key, make, SIZE, payer=payer)
        if is_new:
            memory.settle()
        return self._operation(definition, values, request, plan, number)

    def document(self, text: str) -> Document:
        """The document of a text, read here if it is not kept."""
        document: Document = get_or_make(self.memory.documents, text, partial(self._read, text, None), SIZE)
        return document

    def _read(self, text: str, name: str | None) -> Document:
        return read(text, name, self.schema, limits=self.limits, memory=self.memory)

    def _operation(
        self, definition: Definition, values: VariableValues, request: Request, plan: Plan, number: int
    ) -> Operation:
        estimate = plan.cost.estimate(values.coerced).with_values(number)
        operation = Operation(definition, values, request, plan, estimate, plan.is_dry_run(values))
        try:
            self.limits.check_cost(estimate.nodes, estimate.points)
        except RequestError as refusal:
            raise CostError(refusal, operation) from None
        return operation

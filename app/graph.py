"""The graph as this process serves it: what every transport needs to run an operation."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from app import costs, introspection, logs, metrics
from app.auth import Sessions
from app.key_limits import KeyLimits
from app.persisted.find import Persisted
from app.rate_limits import Charge, Keys, RateLimited, RateLimits, Throttle, payers
from app.requests import Members
from app.settings import Audience
from db.access import GUEST, Viewer
from db.base import new_id
from db.engine import Database
from db.errors import Overloaded
from db.roots import at
from graphql_schema.core.context import Budget, Context, Events, Presence
from graphql_schema.execution import CostError, Executor, Operation, RequestError
from graphql_schema.execution.answers import Answer
from graphql_schema.execution.cost import objects_in


@dataclass(frozen=True, slots=True)
class Client:
    """The sender of an operation: the viewer, the credential and the address.

    `wants_fields` is whether the answer shows the cost field by field, and `asked` the origin that was asked.
    """

    viewer: Viewer = GUEST
    credential: str | None = None
    host: str | None = None
    wants_fields: bool = False
    asked: str | None = None

    @property
    def pays(self) -> Keys:
        """The buckets that the operation is paid out of."""
        return payers(self.viewer, self.host)


class Answered(NamedTuple):
    """The JSON of an answer with its cost, and the state of the emptiest bucket after it."""

    body: bytes
    throttle: Throttle


@dataclass(frozen=True, slots=True)
class Graph:
    """The executor and what it runs with in this process."""

    executor: Executor
    database: Database
    events: Events
    sessions: Sessions
    persisted: Persisted
    rate_limits: RateLimits
    key_limits: KeyLimits
    audience: Audience = "everybody"
    """The viewers who may learn the schema."""
    presence: Presence | None = None
    """Where people are at this moment."""
    origin: str | None = None
    """The origin at which browsers reach this server; None where it is the one that they ask."""
    note: Callable[[UUID | None], object] = lambda _user_id: None
    """Notes that somebody asks."""
    changing: set[asyncio.Task[Answer]] = field(default_factory=set)
    """The mutations that run."""

    async def prepare(self, members: Members, client: Client) -> Operation:
        """The operation in the checked members of a request, as a use of the API key that it came with.

        Raises RequestError, what `Persisted.find` raises, and RateLimited for one more than the key allows.
        """
        tenant = "guests" if client.viewer.is_guest else str(client.viewer.id)
        try:
            read = partial(self.executor.read, payer=client.pays[0], charge=partial(self._charge_for_text, client))
            request = await self.persisted.find(members, tenant, read, beside=partial(self._beside, client))
            operation = await read(request)
        except CostError as error:
            throttle = self.rate_limits.status(client.pays)
            error.extensions = {"cost": orjson.Fragment(cost_of(error.operation, None, client, throttle))}
            raise
        except RequestError as error:
            if not introspection.includes(self.audience, client.viewer):
                introspection.hide(error)
            raise
        introspection.check(self.audience, operation, client.viewer)
        if not operation.is_dry_run:
            await self.key_limits.use(client.viewer)
        return operation

    async def execute(self, operation: Operation, client: Client) -> Answered:
        """The answer to a query or a mutation; raises RateLimited. What never gets its answer is paid in full."""
        with self.charged(operation, client) as charge:
            body, at = await self.run(operation, client)
        actual = operation.actual(objects_in(body))
        throttle = self.rate_limits.settle(charge, actual)
        return Answered(costs.with_cost(body, cost_of(operation, actual, client, throttle), at), throttle)

    @contextmanager
    def charged(self, operation: Operation, client: Client) -> Iterator[Charge]:
        """Charge for an operation as `charge` does, and give the points back if the operation could not even begin."""
        charge = self.charge(operation, client)
        try:
            yield charge
        except Overloaded:
            self.rate_limits.settle(charge, 0)
            raise

    def charge(self, operation: Operation, client: Client) -> Charge:
        """Take the points that an operation may cost from the buckets of the client; raises RateLimited."""
        try:
            return self.rate_limits.take(client.pays, operation.points)
        except RateLimited as error:
            error.extensions = {"cost": orjson.Fragment(cost_of(operation, None, client, error.throttle))}
            raise

    async def run(self, operation: Operation, client: Client) -> tuple[bytes, bytes]:
        """The JSON of the answer to an operation that somebody else has charged for, and that of `extensions.at`."""
        context, started = self.context(client), time.perf_counter()
        context.budget = partial(self._budget, operation, client)
        running = self.executor.execute(operation, context)
        answer = await (self._to_its_end(running) if operation.kind == "mutation" else running)
        metrics.count(operation, answer, seconds=time.perf_counter() - started)
        if context.viewer != client.viewer:
            self.sessions.forget(client.credential)
        moved = at(context.moved, context.viewer.id)
        return orjson.dumps(answer), orjson.dumps(moved) if moved else b""

    def context(self, client: Client) -> Context:
        """A new context for one operation of a client: rows that one operation has loaded are stale for the next."""
        payer, request_id = client.pays[0], new_id()
        self.note(client.viewer.id)
        logs.note(request_id=request_id.hex)
        take_text = partial(self.rate_limits.take_compiled, payer)
        return Context(
            client.viewer,
            self.database,
            self.events,
            presence=self.presence,
            payer=payer,
            request_id=request_id,
            origin=self.origin or client.asked,
            take_text=take_text,
        )

    def _charge_for_text(self, client: Client, text: str) -> None:
        """A new text takes time to read, even if it is refused then. What an operator has listed is on the house."""
        if not self.persisted.trusted.has(text):
            self.rate_limits.take_text(client.pays[0], text)

    async def _beside(self, client: Client, text: str, work: Callable[[], bool]) -> bool:
        """The outcome of work on a new text, done beside the event loop. The client pays for each time that a text is
        read.
        """
        self.rate_limits.take_text(client.pays[0], text)
        return await self.executor.worker.run(work, client.pays[0])

    def _budget(self, operation: Operation, client: Client) -> Budget:
        throttle, estimate = self.rate_limits.status(client.pays), operation.estimate
        limit, reset_at = int(throttle.maximum_available), datetime.fromtimestamp(throttle.full_at, UTC)
        return Budget(estimate.points, estimate.nodes, limit, throttle.whole_points, reset_at)

    async def _to_its_end(self, running: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer of a mutation. It goes on when its client leaves: no change is made without its event."""
        task = asyncio.create_task(running)
        self.changing.add(task)
        task.add_done_callback(self.changing.discard)
        return await asyncio.shield(task)


def cost_of(operation: Operation, actual: float | None, client: Client, throttle: Throttle) -> bytes:
    """The JSON of `extensions.cost`: `actual` points, or None if it was refused."""
    fields = costs.by_field(operation) if client.wants_fields else b""
    return costs.cost(operation.estimate.points, actual, throttle=throttle, fields=fields)

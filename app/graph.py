"""The graph as this process serves it: what every transport needs to run an operation."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from app import audience, metrics
from app.auth import Sessions
from app.persisted.find import Persisted
from app.rate_limits import Charge, RateLimits, Throttle, principal_key
from app.requests import Members
from app.settings import Audience
from db.access import GUEST, Viewer
from db.engine import Database
from graphql_schema.core.context import Context, Events
from graphql_schema.execution import Executor, Operation, RequestError
from graphql_schema.execution.cost import objects_in
from graphql_schema.execution.executor import Answer


@dataclass(frozen=True, slots=True)
class Client:
    """Who sends an operation: as whom, with which credential, and from which address."""

    viewer: Viewer = GUEST
    credential: str | None = None
    host: str | None = None


class Answered(NamedTuple):
    """The JSON of an answer, and how the bucket of who asked stands after it."""

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
    audience: Audience = "everybody"
    """Who may learn the schema."""
    changing: set[asyncio.Task[Answer]] = field(default_factory=set)
    """The mutations that run."""

    async def prepare(self, members: Members, viewer: Viewer) -> Operation:
        """The operation in the checked members of a request; raises RequestError, and what `Persisted.find` raises."""
        tenant = "guests" if viewer.is_guest else str(viewer.id)
        try:
            operation = self.executor.prepare(await self.persisted.find(members, tenant))
        except RequestError as refused:
            if not audience.includes(self.audience, viewer):
                audience.hide_suggestions(refused)
            raise
        audience.check(self.audience, operation, viewer)
        return operation

    async def execute(self, operation: Operation, client: Client) -> Answered:
        """The answer to a query or a mutation; raises RateLimited."""
        charge, body = self.charge(operation, client), b""
        try:
            body = await self._execute(operation, client)
        finally:
            throttle = self.rate_limits.settle(charge, operation.estimate.actual(objects_in(body)))
        return Answered(body, throttle)

    def charge(self, operation: Operation, client: Client) -> Charge:
        """Take what the operation may cost from who asks for it; raises RateLimited."""
        keys = (principal_key(client.viewer.id, client.host),)
        return self.rate_limits.take(keys, operation.estimate.points)

    def context(self, viewer: Viewer) -> Context:
        """What one operation of a viewer gets. A new one for each: what one has loaded is stale for the next."""
        return Context(viewer, self.database, self.events)

    async def _execute(self, operation: Operation, client: Client) -> bytes:
        context, started = self.context(client.viewer), time.perf_counter()
        running = self.executor.execute(operation, context)
        answer = await (self._to_its_end(running) if operation.kind == "mutation" else running)
        metrics.count(operation, answer, seconds=time.perf_counter() - started)
        if context.viewer != client.viewer:
            self.sessions.forget(client.credential)
        return orjson.dumps(answer)

    async def _to_its_end(self, running: Coroutine[Any, Any, Answer]) -> Answer:
        """What a mutation answers. It goes on when its client leaves: a change is not made without being told of."""
        task = asyncio.create_task(running)
        self.changing.add(task)
        task.add_done_callback(self.changing.discard)
        return await asyncio.shield(task)

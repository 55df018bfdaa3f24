"""The graph as this process serves it: what every transport needs to run an operation."""

import time
from dataclasses import dataclass
from typing import Any

from app import metrics
from app.auth import Sessions
from db.access import Viewer
from db.engine import Database
from graphql_schema.core.context import Context, Events
from graphql_schema.execution import Executor, Operation


@dataclass(frozen=True, slots=True)
class Graph:
    """The executor with the database, the events and the sessions of this process."""

    executor: Executor
    database: Database
    events: Events
    sessions: Sessions

    async def execute(self, operation: Operation, viewer: Viewer, *, credential: str | None) -> dict[str, Any]:
        """The answer to a query or a mutation of a viewer who came with this credential."""
        context, started = self.context(viewer), time.perf_counter()
        answer = await self.executor.execute(operation, context)
        metrics.count(operation, answer, seconds=time.perf_counter() - started)
        if context.viewer != viewer:
            self.sessions.forget(credential)
        return answer

    def context(self, viewer: Viewer) -> Context:
        """What one operation of a viewer gets. A new one for each: what one has loaded is stale for the next."""
        return Context(viewer, self.database, self.events)

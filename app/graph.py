"""The graph as this process serves it: what every transport needs to run an operation."""

from dataclasses import dataclass
from typing import Any

from app.auth import Sessions
from app.persisted.find import Persisted
from app.requests import Members
from db.access import Viewer
from db.engine import Database
from graphql_schema.core.context import Context, Events
from graphql_schema.execution import Executor, Operation


@dataclass(frozen=True, slots=True)
class Graph:
    """The executor with the database, the events, the sessions and the persisted operations of this process."""

    executor: Executor
    database: Database
    events: Events
    sessions: Sessions
    persisted: Persisted

    async def prepare(self, members: Members, viewer: Viewer) -> Operation:
        """The operation in the checked members of a request; raises RequestError, and what `Persisted.find` raises."""
        tenant = "guests" if viewer.is_guest else str(viewer.id)
        return self.executor.prepare(await self.persisted.find(members, tenant))

    async def execute(self, operation: Operation, viewer: Viewer, *, credential: str | None) -> dict[str, Any]:
        """The answer to a query or a mutation of a viewer who came with this credential."""
        answer = await self.executor.execute(operation, self.context(viewer))
        if operation.kind == "mutation":
            self.sessions.forget(credential)
        return answer

    def context(self, viewer: Viewer) -> Context:
        """What one operation of a viewer gets. A new one for each: what one has loaded is stale for the next."""
        return Context(viewer, self.database, self.events)

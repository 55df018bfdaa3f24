"""The limit: one statement written by hand for each operation, behind bare Starlette. It reads no GraphQL.

Like Trellis it asks who sends a token, and keeps the answer for some seconds. It has no access rules. A mutation writes
what Trellis writes: the change, its event under the next number of its topic, and its entry in the audit log. With
`OUTBOX=off` it leaves events and numbers out.
"""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from db.tokens import token_hash

Arguments = Callable[[dict[str, Any], UUID], tuple[Any, ...]]

KEPT = 5.0  # seconds
SESSION = """
SELECT u.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = $1 AND s.expires_at > now() AND u.is_active"""

OUTBOX = "/* outbox */"
"""Stands in a statement where the parts of `outbox.sql` come, which write what `happened`."""

_STATEMENTS = {path.stem: path.read_text() for path in Path(__file__).parent.glob("*.sql")}
_OUTBOX = "" if os.environ.get("OUTBOX") == "off" else _STATEMENTS["outbox"]


def after(cursor: str | None) -> tuple[datetime | None, str | None]:
    """The time and the key of the last course of a page."""
    if cursor is None:
        return None, None
    created_at, key = cursor.split("/")
    return datetime.fromisoformat(created_at), key


def writing(name: str) -> str:
    """The statement of a mutation, with what writes its event."""
    return _STATEMENTS[name].replace(OUTBOX, _OUTBOX)


OPERATIONS: dict[str, tuple[str, Arguments]] = {
    "Project": (_STATEMENTS["point"], lambda variables, _: (variables["project"],)),
    "Projects": (_STATEMENTS["list"], lambda _, viewer: (viewer,)),
    "Talk": (_STATEMENTS["deep"], lambda variables, _: (variables["project"],)),
    "Catalogue": (_STATEMENTS["catalogue"], lambda variables, _: after(variables["after"])),
    "Commits": (_STATEMENTS["commits"], lambda variables, _: (variables["repository"],)),
    "AddComment": (
        writing("comment"),
        lambda variables, viewer: (variables["thread"], viewer, variables["content"], uuid4()),
    ),
    "ResolveThread": (
        writing("resolve"),
        lambda variables, viewer: (variables["thread"], viewer, uuid4()),
    ),
    "EditDocument": (
        writing("edit"),
        lambda variables, viewer: (
            variables["document"],
            viewer,
            variables["version"],
            variables["content"],
            variables["summary"],
            uuid4(),
        ),
    ),
}


class Answers:
    """The endpoint."""

    def __init__(self) -> None:
        self.pool: Any = None
        self.viewers: dict[str, tuple[UUID, float]] = {}

    async def __call__(self, request: Request) -> Response:
        asked = orjson.loads(await request.body())
        async with self.pool.acquire() as connection:
            viewer = await self.viewer(connection, request.headers["authorization"])
            statement, arguments = OPERATIONS[asked["operationName"]]
            data = await connection.fetchval(statement, *arguments(asked["variables"], viewer))
        return Response(b'{"data":%b}' % data.encode(), media_type="application/json")

    async def viewer(self, connection: Any, authorization: str) -> UUID:
        """Who sends this `Authorization` header."""
        token = authorization.removeprefix("Bearer ")
        viewer, until = self.viewers.get(token, (None, 0.0))
        if viewer is None or until < time.monotonic():
            viewer = await connection.fetchval(SESSION, token_hash(token))
            if viewer is None:
                raise PermissionError("This token does not hold.")
            self.viewers[token] = viewer, time.monotonic() + KEPT
        return viewer

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """The pool, for as long as the application runs; PGHOST and its like say where the database is."""
        settings = {"timezone": "UTC"}
        async with asyncpg.create_pool(max_size=10, reset=_unchanged, server_settings=settings) as self.pool:
            yield


async def _unchanged(_connection: Any) -> None:
    """No statement changes its connection, so none needs a round trip to be reset."""


answers = Answers()
app = Starlette(routes=[Route("/graphql", answers.__call__, methods=["POST"])], lifespan=answers.lifespan)

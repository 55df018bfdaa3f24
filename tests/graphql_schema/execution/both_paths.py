"""Runs operations by both paths over one database, which none of them changes, and says where the answers differ."""

import asyncio
import gc
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Any

import orjson
from hypothesis import reject
from hypothesis import strategies as st
from structlog.testing import capture_logs

from app.work import LOOP
from db.access import GUEST
from db.history import Past
from db.outbox import Event
from graphql_schema.core.context import Context
from graphql_schema.execution import Estimate, Executor, Request, RequestError
from graphql_schema.schema import executor
from tests.conftest import Graph, NotingDatabase
from tests.graphql_schema.execution import rows
from tests.graphql_schema.execution.arguments import Pool
from tests.graphql_schema.execution.operations import Drawn, operations, payloads
from tests.world import World

PEOPLE = ("ada", "ben", "vera", "sam", "ines", "olga", "root", None)
"""An owner, a member, one who may only look, a student, an instructor, an outsider, an administrator and a guest."""

TIMEOUT = 120
"""Seconds that an operation may take: to resolve a large one takes long on a busy machine."""


@dataclass
class BothPaths:
    """The graph compiled, and the graph resolved."""

    runner: asyncio.Runner
    pool: Pool
    compiled: Graph
    resolved: Graph
    pools: dict[str | None, Pool] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    compared: set[str] = field(default_factory=set)
    """What had the same answer by both paths."""

    def operations(self, who: str | None) -> st.SearchStrategy[Drawn]:
        """Queries, mostly about what somebody sees."""
        return operations(executor.schema, self._pool(who))

    def payloads(self, who: str | None, kind: str, name: str, arguments: Mapping[str, Any]) -> st.SearchStrategy[Drawn]:
        """Mutations or subscriptions of one field with these arguments."""
        return payloads(executor.schema, self._pool(who), kind, name, arguments)

    def compare(self, drawn: Drawn, *people: str | None, event: Event | None = None) -> None:
        """Fail where the two answers to an operation differ; it is run once with each of its values of variables.

        The people ask in turn: what is kept of an operation must not depend on who came first.
        """
        if not self._is_valid(drawn):
            reject()
        # More than half of what Hypothesis draws is what it has drawn before: nothing has changed since then.
        if (compared := repr((drawn, people, event))) in self.compared:
            return
        self.counts["operations"] += 1
        requests = [Request(drawn.text, variables=variables) for variables in drawn.variables]
        asked, in_turn = list(zip(cycle(people), requests, strict=False)), []
        for who, request in asked:
            compiled, resolved = self._answers(who, request, event)
            self.counts["answers"] += 1
            self.counts["with errors"] += "errors" in compiled or "errors" in resolved
            same(compiled, resolved)
            in_turn.append(compiled)
        if not drawn.text.startswith("mutation"):
            assert self._at_once(asked * 2, event) == in_turn * 2
        self.compared.add(compared)

    def statements(self, who: str | None, drawn: Drawn, event: Event | None = None) -> tuple[list[str], dict[str, Any]]:
        """The statements that the compiled path runs for an operation, and the answer."""
        if not self._is_valid(drawn):
            reject()
        noted = self.compiled.database.statements
        noted.clear()
        request = Request(drawn.text, variables=drawn.variables[0])
        answer = self.runner.run(_answer(self.compiled, who, request, event))
        return list(noted), answer

    def estimated(self, who: str | None, drawn: Drawn) -> Iterator[tuple[Estimate, dict[str, Any]]]:
        """What an operation is estimated to come to and its answer, with each of its values of variables."""
        if not self._is_valid(drawn):
            reject()
        for variables in drawn.variables:
            request = Request(drawn.text, variables=variables)
            answer = self.runner.run(_answer(self.compiled, who, request, None))
            yield self.compiled.executor.prepare(request).estimate, answer

    def _at_once(self, asked: list[tuple[str | None, Request]], event: Event | None) -> list[dict[str, Any]]:
        """The compiled answers to operations that are asked at the same moment, which share their statements."""

        async def all_of_them() -> list[dict[str, Any]]:
            return await asyncio.gather(*(_answer(self.compiled, who, request, event) for who, request in asked))

        return self.runner.run(all_of_them())

    def _answers(self, who: str | None, request: Request, event: Event | None) -> list[dict[str, Any]]:
        async def both() -> list[dict[str, Any]]:
            return await asyncio.gather(*(_answer(g, who, request, event) for g in (self.compiled, self.resolved)))

        with capture_logs() as logs:
            answers = self.runner.run(both())
        assert not logs, [(entry["event"], repr(entry.get("exc_info"))) for entry in logs]
        return answers

    def _is_valid(self, drawn: Drawn) -> bool:
        """Whether the operation is as the generator means it to be, and within the limits; few are not."""
        try:
            for variables in drawn.variables:
                self.compiled.executor.prepare(Request(drawn.text, variables=variables))
        except RequestError:
            return False
        return True

    def _pool(self, who: str | None) -> Pool:
        if who not in self.pools:
            self.pools[who] = self.runner.run(_seen(self.compiled, who, self.pool))
        return self.pools[who]


@contextmanager
def both_paths(url: str, world: World) -> Iterator[BothPaths]:
    """Both paths over the small world in the database at `url`, with odd rows added to it."""
    with asyncio.Runner(loop_factory=LOOP) as runner:
        database = NotingDatabase(url)
        compiling = Executor(executor.schema, deadline=TIMEOUT)
        resolving = Executor(executor.schema, compiles=False, deadline=TIMEOUT)
        documents = compiling.memory.documents
        resolving.memory.documents = documents  # parsed and validated once for both
        graphs = Graph(database, world, compiling), Graph(database, world, resolving)
        try:
            yield BothPaths(runner, runner.run(_prepare(database)), *graphs)
        finally:
            runner.run(database.close())
        assert database.malformed == [], database.malformed


def same(compiled: dict[str, Any], resolved: dict[str, Any]) -> None:
    """Fail unless two answers are the same, to the order of their members, with the same errors at the same places."""
    # Not by orjson, which takes no number that is as large as some here.
    if json.dumps(compiled) != json.dumps(resolved):
        texts = (json.dumps(answer, indent=2, ensure_ascii=False) for answer in (compiled, resolved))
        raise AssertionError("\n".join(["compiled, resolved:", *texts]))


async def _answer(graph: Graph, who: str | None, request: Request, event: Event | None) -> dict[str, Any]:
    """The answer to a query or a mutation, or to the one event of a subscription, as clients get it."""
    operation = graph.executor.prepare(request)
    if event is None:
        answer = await graph.executor.execute(operation, graph.context(who))
    else:
        context = Context(graph.world.viewer(who), graph.database, Said(event))
        *_, message = [message async for message in graph.executor.subscribe(operation, context)]
        answer = json.loads(message.body)
    decoded: dict[str, Any] = json.loads(orjson.dumps(answer), parse_float=_number)
    return decoded


def _number(digits: str) -> float | int:
    """A number with a point. PostgreSQL writes none where nothing is behind it, and Python does: both mean the same."""
    number = float(digits)
    return int(number) if number.is_integer() else number


@dataclass
class Said:
    """A source in which one event is heard, whatever is listened to."""

    event: Event

    @asynccontextmanager
    async def listen(self, _topic: str) -> AsyncIterator[AsyncIterator[Event]]:
        yield self._events()

    async def since(self, topic: str, epoch: str, after: int) -> Past:
        raise NotImplementedError  # nobody comes back to it

    async def _events(self) -> AsyncIterator[Event]:
        yield self.event


async def _prepare(database: NotingDatabase) -> Pool:
    async with database.work(GUEST) as work:
        await rows.populate(await work.session(), Random(7))
    async with database.read() as session:
        found = await rows.pool(session)
    gc.freeze()  # what is here stays: looking through it again and again takes a fifth of the time
    return found


async def _seen(graph: Graph, who: str | None, pool: Pool) -> Pool:
    """The pool with ids mostly of what somebody sees."""
    query, seen = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", dict[str, list[str]]()
    for type_name, ids in pool.ids.items():
        nodes = (await graph.data(who, query, ids=ids[:100]))["nodes"]
        seen[type_name] = [node["id"] for node in nodes if node]
    return pool.about(seen)

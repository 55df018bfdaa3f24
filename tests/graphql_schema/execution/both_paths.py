"""Runs operations by both paths over one database, which no operation changes, and says where the answers differ."""

import asyncio
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from hypothesis import reject
from hypothesis import strategies as st
from structlog.testing import capture_logs

from db.access import GUEST
from graphql_schema.execution import Executor, RequestError
from graphql_schema.schema import executor
from tests.conftest import Graph, NotingDatabase
from tests.graphql_schema.execution import rows
from tests.graphql_schema.execution.arguments import Pool
from tests.graphql_schema.execution.operations import Drawn, operations
from tests.world import World

PEOPLE = ("ada", "ben", "vera", "sam", "ines", "olga", "root", None)
"""An owner, a member, one who may only look, a student, an instructor, an outsider, an administrator and a guest."""

OF_ARGUMENTS = {"BAD_USER_INPUT", "BAD_CURSOR"}


@dataclass
class BothPaths:
    """The graph compiled, and the graph resolved."""

    runner: asyncio.Runner
    pool: Pool
    compiled: Graph
    resolved: Graph
    pools: dict[str | None, Pool] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def operations(self, who: str | None) -> st.SearchStrategy[Drawn]:
        """Queries, mostly about what somebody sees."""
        if who not in self.pools:
            self.pools[who] = self.runner.run(self._pool(who))
        return operations(executor.schema, self.pools[who])

    def compare(self, who: str | None, drawn: Drawn) -> None:
        """Fail where the two answers to an operation differ."""
        if not self._is_valid(drawn):
            reject()
        with capture_logs() as logs:
            compiled, resolved = self.runner.run(self.ask(who, drawn))
        self.counts["operations"] += 1
        self.counts["errors"] += "errors" in compiled or "errors" in resolved
        assert not logs, [(entry["event"], repr(entry.get("exc_info"))) for entry in logs]
        same(compiled, resolved)

    def _is_valid(self, drawn: Drawn) -> bool:
        """Whether the operation is as the generator means it to be; few are not."""
        try:
            self.compiled.executor.documents.definition(drawn.text, None)
        except RequestError:
            return False
        return True

    async def _pool(self, who: str | None) -> Pool:
        seen = dict[str, list[str]]()
        for type_name, ids in self.pool.ids.items():
            data = await self.compiled.data(who, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids[:100])
            seen[type_name] = [node["id"] for node in data["nodes"] if node]
        return self.pool.about(seen)

    async def ask(self, who: str | None, drawn: Drawn) -> tuple[dict[str, Any], dict[str, Any]]:
        """Both answers to an operation."""
        compiled = await self.compiled(who, drawn.text, **drawn.variables)
        return compiled, await self.resolved(who, drawn.text, **drawn.variables)


@contextmanager
def both_paths(url: str, world: World) -> Iterator[BothPaths]:
    """Both paths over the small world in the database at `url`, with odd rows added to it."""
    with asyncio.Runner() as runner:
        database = NotingDatabase(url)
        resolving = Executor(executor.schema, compiles=False)
        resolving.documents = executor.documents  # parsed and validated once for both
        graphs = Graph(database, world), Graph(database, world, resolving)
        try:
            yield BothPaths(runner, runner.run(_prepare(database)), *graphs)
        finally:
            runner.run(database.close())


def same(compiled: dict[str, Any], resolved: dict[str, Any]) -> None:
    """Fail unless two answers are the same, but for errors in arguments.

    A statement checks all of its arguments before it runs, so that a wrong one is told even where no object is found
    that has the field; and what it answers together fails together.
    """
    roots = {error["path"][0] for error in _errors(compiled) + _errors(resolved)}
    ours, theirs = ({error["extensions"]["code"] for error in _errors(answer)} for answer in (compiled, resolved))
    assert theirs <= ours, (compiled.get("errors"), resolved.get("errors"))
    assert ours - theirs <= OF_ARGUMENTS, (compiled.get("errors"), resolved.get("errors"))
    if not roots:
        assert _text(compiled) == _text(resolved), f"\n{_text(compiled)}\n{_text(resolved)}"
    elif compiled["data"] and resolved["data"]:
        texts = [_text(answer, without=roots) for answer in (compiled, resolved)]
        assert texts[0] == texts[1], "\n".join(texts)


def _errors(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return list(answer.get("errors", ()))


def _text(answer: dict[str, Any], *, without: Container[str] = ()) -> str:
    return orjson.dumps({key: value for key, value in answer["data"].items() if key not in without}).decode()


async def _prepare(database: NotingDatabase) -> Pool:
    async with database.work(GUEST) as work:
        await rows.populate(work.session, Random(7))
    async with database.read() as session:
        return await rows.pool(session)

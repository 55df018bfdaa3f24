"""No change holds the event loop, whatever is selected of it: its statement is compiled beside it, and once that is
known little is left to do.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from graphql_schema.core import changes
from graphql_schema.core.changes import OneStatement
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.execution import Executor, Request, changing, plan
from graphql_schema.schema import executor
from tests.conftest import UNLIMITED, Graph, untraced
from tests.graphql_schema.asking import with_ids
from tests.graphql_schema.execution.both_paths import TIMEOUT
from tests.graphql_schema.test_roots import MUTATIONS
from tests.invariants.schema import edges, object_type, others
from tests.world import World

LONGEST = 0.01
"""Seconds of processor time that a change takes the thread of the event loop, from its operation to its answer."""

CHANGES = [
    name
    for name, field in object_type("Mutation").fields.items()
    if (found := declared_of(field)) and isinstance(found.declared, OneStatement)
]
"""The mutations that are one statement."""


def selected(name: str, *, deep: bool = False) -> str:
    """All that a payload has; of its objects their values, or what they lead to as well."""
    payload = f"{name[0].upper()}{name[1:]}Payload"
    found = others(payload)
    for edge in edges(payload):
        inner = others(edge.target)
        more = [one.select() for one in edges(edge.target)] if deep else []
        found.append(edge.select(" ".join(inner + more)))
    return " ".join(found)


def asked(name: str, selection: str, *, directive: str = "", keys: tuple[str, ...] = ("one",)) -> str:
    """The operation that does a mutation under each of these keys."""
    given = object_type("Mutation").fields[name].args["input"].type
    fields = " ".join(f"{key}: {name}(input: $input) {{ {selection} }}" for key in keys)
    return f"mutation ($input: {given}) {directive} {{ {fields} }}"


def requests(name: str, given: Any, *, deep: bool) -> Iterator[Request]:
    """A mutation by itself, under a key, and twice in a transaction; and that with all that it leads to if `deep`."""
    light, variables = asked(name, selected(name)), {"input": given}
    yield Request(light, variables=variables)
    yield Request(light, variables=variables, extensions={"idempotencyKey": name})
    for is_deep in {False, deep}:
        text = asked(name, selected(name, deep=is_deep), directive="@atomic", keys=("a", "b"))
        yield Request(text, variables=variables)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("compiles", [True, False], ids=["compiled", "resolved"])
async def test_no_statement_of_a_change_is_compiled_on_the_event_loop(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch, *, compiles: bool
) -> None:
    cold = replace(graph, executor=Executor(executor.schema, limits=UNLIMITED, compiles=compiles, deadline=TIMEOUT))
    culprits, compiled = list[str](), list[str]()

    def noting(compile_: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            (culprits if threading.current_thread() is threading.main_thread() else compiled).append(str(compile_))
            return compile_(*arguments, **options)

        return noted

    modules: tuple[Any, ...] = (plan, changing, changes)
    for module in modules:
        monkeypatch.setattr(module, "statement", noting(module.statement))
    with untraced():
        for name in CHANGES:
            who, given = MUTATIONS[name]
            for request in requests(name, with_ids(world, given), deep=compiles):
                await cold.executor.execute(cold.executor.prepare(request), cold.context(who))
                assert culprits == [], request
    assert len(compiled) > len(CHANGES)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """What other tests have left is not collected meanwhile."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected", "patient")
@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_whose_statement_is_known_takes_the_event_loop_little(
    graph: Graph, world: World, name: str
) -> None:
    who, given = MUTATIONS[name]
    text = asked(name, selected(name))
    with untraced():
        for one in (unknown(given), with_ids(world, given)):  # the first is refused, and everything is compiled by then
            operation = graph.executor.prepare(Request(text, variables={"input": one}))
            started = time.thread_time()
            await graph.executor.execute(operation, graph.context(who))
            spent = time.thread_time() - started
    assert spent < LONGEST


def unknown(given: Any) -> Any:
    """The input with ids of nothing."""
    match given:
        case dict():
            return {name: unknown(value) for name, value in given.items()}
        case list():
            return [unknown(value) for value in given]
        case str() if given.startswith("@"):
            return "nothing"
    return given

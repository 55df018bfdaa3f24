"""What is kept of documents takes neither memory that it gives back late, nor time of the collector of garbage."""

import gc
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from db.access import GUEST
from db.cache import Cache
from graphql_schema.execution import Executor, Request, RequestError, memory
from graphql_schema.execution.memory import Memory
from graphql_schema.schema import executor

WIDE = "projects(first: 1) { totalCount nodes { id name documents { totalCount nodes { id phase } } } }"
OPERATIONS = {
    "a query": """query ($first: Int, $order: CourseOrder, $id: ID!) {
        courses(first: $first, orderBy: $order, filter: {featured: true}) { totalCount nodes { id ...More } }
        node(id: $id) { id ... on Course { title ... @defer { id } } } viewer { name } ... { viewer { email } }
    } fragment More on Course { title modules(first: 2) { nodes { lessons(last: 1) { nodes { id } } } } }""",
    "a mutation": """mutation ($input: AddCommentInput!) @atomic {
        addComment(input: $input) { comment { id author { name } } errors { code } } }""",
    "a subscription": "subscription ($id: ID!) { documentEvents(documentId: $id) { kind comment { id } } }",
    "the schema": "{ __schema { types { name } } }",
    "a mistake": "{ nothing }",
    "arguments that make no sense": '{ courses(after: "none") { totalCount } }',
}
VALUES = {"first": 2, "order": "TITLE_ASC", "id": f"crs_{'0' * 32}", "input": {"threadId": "x", "content": "y"}}


@pytest.fixture
def uncollected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The collector does nothing by itself, and looks at nothing that was there before."""
    monkeypatch.setattr(Memory, "is_settling", True)
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


def use(fresh: Executor, text: str) -> None:
    """Send an operation twice, and compile what is read for it."""
    for _ in range(2):
        try:
            operation = fresh.prepare(Request(text, variables={n: v for n, v in VALUES.items() if f"${n}:" in text}))
        except RequestError:
            continue
        for plan in (operation.plan, *_plans_of_parts(operation)):
            for members in plan.reads:
                asked = plan.asked(members, operation.variables)
                _ = asked.members and plan.statement(asked, GUEST)


def _plans_of_parts(operation: Any) -> list[Any]:
    return list((operation.plan.parts or {}).values())


def kept(memory: Memory) -> list[Cache[Any]]:
    segmented = (memory.documents, memory.statements)
    return [memory.plans, memory.shown, *(one for both in segmented for one in (both.once, both.again))]


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("text", OPERATIONS.values(), ids=OPERATIONS)
def test_what_makes_room_is_gone_at_once(text: str) -> None:
    fresh = Executor(executor.schema)
    use(fresh, text)
    gc.collect()  # what was in the way while it was read and compiled
    for one in kept(fresh.memory):
        while len(one):
            one.pop(next(iter(one._values)))
    assert gc.collect() == 0


@pytest.mark.usefixtures("uncollected")
async def test_no_collection_of_garbage_takes_long_however_much_is_kept() -> None:
    """Less than 50 ms of processor time: so long the event loop may stand still."""
    fresh, number = Executor(executor.schema), 0
    plans = fresh.memory.plans
    with timed() as collections:
        while plans.taken_in < plans.max_bytes:
            number += 1
            text = f"query N{number} {{ {' '.join(f'p{n}: {WIDE}' for n in range(20))} }}"
            for _ in range(2):
                await fresh.read(Request(text), "somebody")
        gc.collect()
    assert plans.bytes > plans.max_bytes * 0.9
    assert len(collections) > 5
    assert max(collections) < 0.05


@contextmanager
def timed() -> Iterator[list[float]]:
    """The processor time of every collection, in seconds, as they come."""
    found, begun = list[float](), 0.0

    def note(phase: str, _info: object) -> None:
        nonlocal begun
        if phase == "start":
            begun = time.thread_time()
        else:
            found.append(time.thread_time() - begun)

    gc.callbacks.append(note)
    gc.enable()
    try:
        yield found
    finally:
        gc.callbacks.remove(note)


class Node:
    """Something that can be in a cycle."""

    itself: object = None


def test_what_became_a_cycle_after_it_was_settled_is_collected_in_the_end(
    uncollected: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "OFTEN", 2)
    kept, node = Memory(), Node()
    found = weakref.ref(node)
    kept.plans.put("one", None, memory.SETTLED)
    kept.settle()
    node.itself = node
    del node
    gc.collect()
    assert found() is not None
    kept.plans.put("other", None, memory.SETTLED)
    kept.settle()
    assert found() is None

"""New texts are read beside everything else, each once; and not more of them than can be."""

import asyncio
from threading import Event

import pytest

from app.reading import MOST_WAITING, THREAD, Reading
from db.access import GUEST
from db.errors import Overloaded
from graphql_schema.execution import Executor, Request, RequestError
from graphql_schema.schema import executor
from tests.app.serving import until

KNOWN = Request("{ __typename }")


@pytest.fixture
def reading() -> Reading:
    """One that knows a single text."""
    fresh = Reading(Executor(executor.schema))
    fresh.executor.prepare(KNOWN)
    return fresh


async def test_what_is_known_need_not_wait_for_what_is_new(reading: Reading) -> None:
    read = Event()
    busy = THREAD.submit(read.wait)
    new = asyncio.create_task(reading.prepare(Request("{ new: __typename }")))
    assert (await reading.prepare(KNOWN)).kind == "query"
    assert not new.done()
    read.set()
    assert (await new).kind == "query"
    assert busy.result()


async def test_a_text_is_read_once(reading: Reading) -> None:
    request = Request("{ twice: __typename }")
    first, second = await reading.prepare(request), await reading.prepare(request)
    assert first.definition is second.definition


async def test_what_is_refused_is_not_kept(reading: Reading) -> None:
    with pytest.raises(RequestError):
        await reading.prepare(Request("{ nothing }"))
    assert not reading.executor.documents.has("{ nothing }", None)
    assert reading.waiting == 0


async def test_as_many_as_are_allowed_wait_and_no_more(reading: Reading) -> None:
    read = Event()
    busy = THREAD.submit(read.wait)
    waiting = [asyncio.create_task(reading.prepare(Request(f"{{ a{n}: __typename }}"))) for n in range(MOST_WAITING)]
    await until(lambda: reading.waiting == MOST_WAITING)
    with pytest.raises(Overloaded):
        await reading.prepare(Request("{ more: __typename }"))
    read.set()
    assert len(await asyncio.gather(*waiting)) == MOST_WAITING
    assert busy.result()


async def test_the_statement_of_a_new_text_is_written_where_it_is_read(reading: Reading) -> None:
    request = Request("{ courses(first: 1) { nodes { id } } }")
    assert (await reading.prepare(request, GUEST)).plan.statements

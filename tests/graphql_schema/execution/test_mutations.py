"""What a mutation of several fields tells of each of them: what is there is done, and what is null is not."""

from typing import Any

import orjson
import pytest
from sqlalchemy import func, select, text

from db import session_settings, tables
from db.access import GUEST
from db.errors import TooSlow
from graphql_schema.execution import Executor, Request
from tests.conftest import Graph

REFUSE = "BEGIN RAISE EXCEPTION 'unfit' USING ERRCODE = '22000'; END"
UNFIT = (
    f"CREATE FUNCTION unfit() RETURNS trigger LANGUAGE plpgsql AS $$ {REFUSE} $$",
    "CREATE TRIGGER unfit BEFORE INSERT ON comments FOR EACH ROW WHEN (NEW.content = 'unfit') EXECUTE FUNCTION unfit()",
)
HOLD = "SELECT 1 FROM specification_documents FOR UPDATE"
ADD = "addComment(input: { threadId: $thread, content: %s }) { comment { content %s } errors { code } }"
EDIT = 'editDocument(input: { documentId: $document, content: "New", expectedVersion: 2 }) { errors { code } }'
DONE = {"comment": {"content": "fine"}, "errors": []}


def add(content: str, more: str = "") -> str:
    return ADD % (f'"{content}"', more)


async def send(graph: Graph, fields: str, *, directive: str = "", **extensions: Any) -> Any:
    declared = "$thread: ID!, $document: ID!" if "$document" in fields else "$thread: ID!"
    query = f"mutation ({declared}) {directive} {{ {fields} }}"
    given = {"thread": graph.world.thread_0.public_id, "document": graph.world.requirements.public_id}
    operation = graph.executor.prepare(Request(query, variables=given, extensions=extensions))
    return orjson.loads(orjson.dumps(await graph.executor.execute(operation, graph.context("ben"))))


def told(answer: Any) -> list[tuple[str, list[str]]]:
    return [(error["extensions"]["code"], error["path"]) for error in answer["errors"]]


async def comments(graph: Graph) -> int:
    async with graph.database.read() as session:
        return await session.scalar(select(func.count()).select_from(tables.Comment)) or 0


@pytest.fixture
async def unfit(either: Graph) -> Graph:
    """The graph where PostgreSQL refuses a comment that says "unfit"."""
    async with either.database.work(GUEST) as work:
        for statement in UNFIT:
            await work.execute(text(statement))
    return either


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_field_that_fails_is_null_and_the_others_are_done_and_told(unfit: Graph, place: int) -> None:
    before = await comments(unfit)
    keys = ["a", "b", "c"]
    fields = (f"{key}: {add('unfit' if key == keys[place] else 'fine')}" for key in keys)
    answer = await send(unfit, " ".join(["__typename", *fields]))
    assert told(answer) == [("BAD_USER_INPUT", [keys[place]])]
    assert answer["data"] == {"__typename": "Mutation"} | dict.fromkeys(keys, DONE) | {keys[place]: None}
    assert await comments(unfit) == before + 2


@pytest.mark.parametrize("together", [{"directive": "@atomic"}, {"idempotencyKey": "k"}])
async def test_where_all_is_one_transaction_all_fields_are_null(unfit: Graph, together: dict[str, str]) -> None:
    before = await comments(unfit)
    answer = await send(unfit, f"a: {add('fine')} b: {add('unfit')} c: {add('fine')}", **together)
    assert answer["data"] == {"a": None, "b": None, "c": None}
    assert told(answer) == [("BAD_USER_INPUT", ["b"]), ("ROLLED_BACK", ["a"]), ("ROLLED_BACK", ["c"])]
    assert await comments(unfit) == before


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a lock for long."""
    monkeypatch.setitem(session_settings.SERVER_SETTINGS, "lock_timeout", "50ms")


@pytest.mark.usefixtures("impatient")
async def test_what_gets_no_lock_in_time_leaves_the_fields_around_it_whole(either: Graph) -> None:
    before = await comments(either)
    async with either.database.work(GUEST) as holding:
        await holding.execute(text(HOLD))
        answer = await send(either, f"a: {add('fine')} {EDIT} b: {add('fine')}")
    assert told(answer) == [("GATEWAY_TIMEOUT", ["editDocument"])]
    assert answer["data"] == {"a": DONE, "editDocument": None, "b": DONE}
    assert await comments(either) == before + 2


@pytest.mark.usefixtures("impatient")
async def test_what_is_done_and_cannot_be_shown_is_told_to_be_done(either: Graph) -> None:
    before = await comments(either)
    async with either.database.engine.connect() as holding:
        await holding.execute(text("LOCK TABLE commits IN ACCESS EXCLUSIVE MODE"))
        commits = "thread { comments { totalCount } document { project { repository { commits { totalCount } } } } }"
        answer = await send(either, add("fine", commits))
    ((code, path),) = told(answer)
    assert (code, path[:2]) == ("GATEWAY_TIMEOUT", ["addComment", "comment"])
    assert answer["data"]["addComment"]["errors"] == []
    assert await comments(either) == before + 1


@pytest.mark.usefixtures("patient")
async def test_the_end_of_its_time_tells_what_is_done_and_what_was_not_begun(either: Graph) -> None:
    """A busy machine may do less in a short time, and that is told then: a longer one is tried."""
    answer: Any = {"data": {"a": None}}
    async with either.database.work(GUEST) as holding:
        await holding.execute(text(HOLD))
        for seconds in (0.3, 1.2, 4.8, 19.2):
            executor = Executor(either.executor.schema, compiles=either.executor.compiles, deadline=seconds)
            before = await comments(either)
            try:
                hasty = Graph(either.database, either.world, executor)
                answer = await send(hasty, f"a: {add('fine')} __typename {EDIT} b: {add('fine')} c: {add('fine')}")
            except TooSlow:
                assert await comments(either) == before
                continue
            assert await comments(either) == before + 1
            if answer["data"]["a"] == DONE:
                break
    assert answer["data"] == {"a": DONE, "__typename": "Mutation", "editDocument": None, "b": None, "c": None}
    late = [("NOT_EXECUTED", ["b"]), ("NOT_EXECUTED", ["c"])]
    assert told(answer) == [("GATEWAY_TIMEOUT", ["editDocument"]), *late]


@pytest.mark.usefixtures("patient")
async def test_what_is_done_when_its_time_ends_is_told_even_if_it_cannot_be_read(either: Graph) -> None:
    before = await comments(either)
    async with either.database.engine.connect() as holding:
        await holding.execute(text("LOCK TABLE commits IN ACCESS EXCLUSIVE MODE"))
        commits = "thread { comments { totalCount } document { project { repository { commits { totalCount } } } } }"
        for seconds in (0.3, 1.2, 4.8, 19.2):
            executor = Executor(either.executor.schema, compiles=either.executor.compiles, deadline=seconds)
            try:
                answer = await send(Graph(either.database, either.world, executor), add("fine", commits))
                break
            except TooSlow:
                assert await comments(either) == before
    assert told(answer) == [("GATEWAY_TIMEOUT", ["addComment", "comment"])]
    assert answer["data"] == {"addComment": {"comment": None, "errors": []}}
    assert await comments(either) == before + 1

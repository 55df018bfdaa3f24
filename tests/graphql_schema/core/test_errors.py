"""Errors as clients see them, caused for real: each has a code, and none has a word about what is behind the graph."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st
from orjson import dumps
from sqlalchemy import text
from structlog.testing import capture_logs

from db import session_settings
from db.access import GUEST
from db.engine import Database
from db.errors import Conflict, NotFound
from graphql_schema.core.errors import RequestError, explained, formatted, shown
from graphql_schema.execution import Request
from tests.conftest import Graph, NotingDatabase
from tests.db.scratch import scratch
from tests.db.waiting import until

QUERY = "{ courses { nodes { title } } }"
WAITING = """
    FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = 'trellis'
"""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements end soon, and what waits for a lock counts as slow."""
    monkeypatch.setitem(session_settings.SERVER_SETTINGS, "statement_timeout", "100ms")
    monkeypatch.setitem(session_settings.SERVER_SETTINGS, "lock_timeout", "0")


@asynccontextmanager
async def stuck(database: Database) -> AsyncIterator[Database]:
    """Nobody can read courses meanwhile."""
    async with scratch(database) as session:
        await session.execute(text("LOCK TABLE courses IN ACCESS EXCLUSIVE MODE"))
        yield database


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """Somebody else at the same database."""
    opened = Database(database_url)
    yield opened
    await opened.close()


def error_of(answer: Any) -> Any:
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["path"][0] == "courses"
    return error


@pytest.mark.usefixtures("impatient")
async def test_a_statement_that_takes_too_long_is_stopped(graph: Graph, other: Database) -> None:
    async with stuck(other):
        error = error_of(await graph("root", QUERY))
    assert error["extensions"] == {"code": "GATEWAY_TIMEOUT"}
    assert error["message"] == "This took too long and was stopped."
    assert (await graph.data("root", QUERY))["courses"]["nodes"]


async def test_a_connection_that_is_lost_is_told_and_replaced(graph: Graph, other: Database) -> None:
    with capture_logs() as logged:
        async with stuck(other):
            asked = asyncio.create_task(graph("root", QUERY))
            async with asyncio.timeout(60):
                while not asked.done():  # a read is run again once
                    await until(other, f"SELECT count(pg_terminate_backend(pid)) >= 0 {WAITING}")
            error = error_of(await asked)
    assert error["extensions"] == {"code": "SERVICE_UNAVAILABLE"}
    assert [entry["event"] for entry in logged] == ["unavailable"]
    assert (await graph.data("root", QUERY))["courses"]["nodes"]


async def test_what_nobody_expected_is_masked_and_found_in_the_log(graph: Graph, other: Database) -> None:
    async with other.work(GUEST) as work:
        await work.execute(text("ALTER TABLE courses RENAME COLUMN title TO secret_name"))
    with capture_logs() as logged:
        error = error_of(await graph("root", QUERY))
    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"].keys() == {"code", "errorId"}
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert {entry["event"] for entry in logged} == {"unexpected"}
    assert error["extensions"]["errorId"] in {entry["error_id"] for entry in logged}
    assert "title" in str(logged[0]["exc_info"])
    assert "title" not in str(error)


async def test_a_server_that_is_away_is_told(graph: Graph) -> None:
    nowhere = NotingDatabase("postgresql+asyncpg://trellis@/trellis?host=/nowhere&port=5432")
    away = Graph(nowhere, graph.world, graph.executor)
    with capture_logs():
        error = error_of(await away("root", QUERY))
    assert error["extensions"] == {"code": "SERVICE_UNAVAILABLE"}
    assert "nowhere" not in str(error)
    await nowhere.close()


def test_a_refusal_has_its_code_its_words_and_the_argument_at_fault() -> None:
    refused = GraphQLError("raw", path=["document"], original_error=NotFound(at="documentId"))
    assert explained(refused) == {
        "message": "There is no such object.",
        "extensions": {"code": "NOT_FOUND", "argument": "documentId"},
        "path": ["document"],
    }
    assert explained(GraphQLError("raw", original_error=Conflict("Changed.")))["extensions"] == {"code": "CONFLICT"}


def test_an_error_of_graphql_keeps_its_words() -> None:
    assert formatted(GraphQLError("Unknown field.")) == {
        "message": "Unknown field.",
        "extensions": {"code": "BAD_USER_INPUT"},
    }


@pytest.mark.parametrize("text_", ["secret", "postgresql://trellis@/trellis", "/srv/trellis/db/engine.py", "SELECT 1"])
def test_nothing_of_an_exception_is_told(text_: str) -> None:
    with capture_logs() as logged:
        shown = explained(GraphQLError(text_, original_error=RuntimeError(text_)))
    assert text_ not in str(shown)
    assert logged[0]["exc_info"].args == (text_,)
    assert logged[0]["error_id"] == shown["extensions"]["errorId"]


def test_an_answer_shows_the_first_errors_and_no_more_than_twenty() -> None:
    errors = [{"message": str(number), "extensions": {"code": "NOT_FOUND"}} for number in range(30)]
    assert shown(errors) == errors[:20]
    assert shown([]) == []


def of_bytes(number: int) -> dict[str, Any]:
    """An error that takes so many bytes."""
    empty = {"message": "", "extensions": {"code": "NOT_FOUND"}}
    return empty | {"message": "x" * (number - len(dumps(empty)))}


def test_an_error_of_2_kb_is_shown_as_it_is_and_of_a_longer_one_the_start() -> None:
    longest, longer = of_bytes(2_048), of_bytes(2_049)
    assert shown([longest, longer]) == [longest, longer | {"message": longer["message"][:300] + "…"}]


def test_an_answer_has_as_many_errors_as_16_kb_hold() -> None:
    errors = [of_bytes(1_637)] * 20  # ten of them, with what stands between and around them, are 16,381 bytes
    assert shown(errors) == errors[:10]
    assert shown([of_bytes(1_638)] * 20) == [of_bytes(1_638)] * 9


@given(st.lists(st.tuples(st.text(max_size=99), st.integers(1, 999), st.integers(0, 999)), max_size=30))
def test_errors_take_16_kb_at_most_and_each_keeps_its_code(drawn: list[tuple[str, int, int]]) -> None:
    errors: list[dict[str, Any]] = [
        {"message": text * times, "extensions": {"code": "NOT_FOUND"}, "path": ["a" * times] * more}
        for text, times, more in drawn
    ]
    found = shown(errors)
    assert len(dumps(found)) <= 16 * 1024
    assert bool(found) == bool(errors)
    for error, given_ in zip(found, errors, strict=False):
        assert error["extensions"] == {"code": "NOT_FOUND"}
        assert given_["message"].startswith(error["message"].removesuffix("…"))


async def test_errors_of_an_operation_take_16_kb_at_most(graph: Graph) -> None:
    names = (f"{'a' * 2_000}{number}: course {{ id }}" for number in range(20))
    answer = await graph(None, f"{{ {' '.join(names)} }}")
    assert len(answer["data"]) == 20
    assert len(dumps(answer["errors"])) <= 16 * 1024
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


def test_errors_of_a_request_take_16_kb_at_most(graph: Graph) -> None:
    with pytest.raises(RequestError) as refusal:
        graph.executor.prepare(Request(f"{{ viewer {{ {' '.join(f'{chr(97 + n) * 3_000}' for n in range(20))} }} }}"))
    assert 1 < len(refusal.value.errors) <= 20
    assert len(dumps(refusal.value.errors)) <= 16 * 1024

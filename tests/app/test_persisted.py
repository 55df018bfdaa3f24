"""Persisted operations on every transport: the same names, the same codes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import orjson
import pytest

from app.main import App
from app.negotiation import GRAPHQL_RESPONSE, JSON
from app.persisted.names import digest
from app.persisted.trusted import BadDocuments
from app.settings import Level, Settings
from tests.app.serving import NO_DATABASE, NO_REDIS, Served, Talk, serving, told
from tests.world import World

TEXT = "query Type { __typename }"
ANSWER = {"data": {"__typename": "Query"}}
LISTED = "query Listed { listed: __typename }"
LISTED_ANSWER = {"data": {"listed": "Query"}}
PREFLIGHT = {"graphql_require_preflight": "1"}

at = pytest.mark.parametrize


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    """A list with one document on it."""
    (file := tmp_path / "list.json").write_bytes(orjson.dumps({"listed": LISTED}))
    return file


@pytest.fixture
async def held(redis_url: str, trusted: Path, level: Level) -> AsyncIterator[Served]:
    """A server that is held to the list."""
    async with serving(NO_DATABASE, redis_url, trusted_documents=trusted, trusted_level=level) as running:
        yield running


def hashed(text: str, **others: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}, **others}


async def get(served: Served, members: dict[str, Any]) -> httpx.Response:
    """Ask with GET: objects are sent as JSON, the rest as it is."""
    texts = {name: value if isinstance(value, str) else orjson.dumps(value) for name, value in members.items()}
    return await served.send("GET", f"/graphql?{urlencode(texts)}", **PREFLIGHT)


async def subscribe(talk: Talk, members: dict[str, Any]) -> Any:
    """The answer to an operation on a socket, or the errors."""
    await talk.say(id="1", type="subscribe", payload=members)
    message = await talk.hear()
    if message["type"] == "next":
        assert await talk.hear() == {"type": "complete", "id": "1"}
    return message["payload"]


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    """The status, the code and the message of an answer without data, which nobody may keep."""
    body = answer.json()
    assert "data" not in body
    assert answer.headers["cache-control"] == "no-store"
    [error] = body["errors"]
    return answer.status_code, error["extensions"]["code"], error["message"]


@at("media_type", [JSON, GRAPHQL_RESPONSE])
async def test_a_hash_alone_once_its_text_was_sent_by_post(bare: Served, media_type: str) -> None:
    unknown = await bare.post(hashed(TEXT), accept=media_type)
    # Apollo's client looks for the code or the message, urql for the message.
    assert refused(unknown) == (200, "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
    assert told(await bare.post(hashed(TEXT, query=TEXT), accept=media_type)) == ANSWER
    assert told(await bare.post(hashed(TEXT), accept=media_type)) == ANSWER


async def test_a_hash_alone_once_its_text_was_sent_by_get(bare: Served) -> None:
    assert refused(await get(bare, hashed(TEXT)))[:2] == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert told(await get(bare, hashed(TEXT, query=TEXT))) == ANSWER
    assert told(await get(bare, hashed(TEXT, query=""))) == ANSWER


async def test_a_hash_alone_once_its_text_was_sent_over_a_socket(bare: Served) -> None:
    async with bare.talk() as talk:
        [error] = await subscribe(talk, hashed(TEXT))
        assert error == {
            "message": "PersistedQueryNotFound",
            "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
        }
        assert await subscribe(talk, hashed(TEXT, query=TEXT)) == ANSWER
        assert await subscribe(talk, hashed(TEXT)) == ANSWER
        # The client of graphql-ws cannot leave the text out.
        assert await subscribe(talk, hashed(TEXT, query="")) == ANSWER


async def test_what_one_transport_was_sent_the_others_know(bare: Served) -> None:
    async with bare.talk() as talk:
        await subscribe(talk, hashed(TEXT, query=TEXT))
        assert told(await bare.post(hashed(TEXT))) == told(await get(bare, hashed(TEXT))) == ANSWER


async def test_what_one_process_was_sent_the_others_know(redis_url: str) -> None:
    prefix = f"{uuid4().hex}:"
    async with serving(NO_DATABASE, redis_url, redis_prefix=prefix) as one:
        await one.post(hashed(TEXT, query=TEXT))
    async with serving(NO_DATABASE, redis_url, redis_prefix=prefix) as other:
        assert told(await other.post(hashed(TEXT))) == ANSWER


async def test_what_one_user_has_sent_another_does_not_know(served: Served, world: World) -> None:
    ada, ben = ({"authorization": f"Bearer {world.tokens[name]}"} for name in ("ada", "ben"))
    await served.post(hashed(TEXT, query=TEXT), **ada)
    assert told(await served.post(hashed(TEXT), **ada)) == ANSWER
    for others in (ben, {}):
        assert refused(await served.post(hashed(TEXT), **others))[1] == "PERSISTED_QUERY_NOT_FOUND"


async def test_without_redis_clients_are_asked_for_the_text_and_then_known() -> None:
    async with serving(NO_DATABASE, NO_REDIS) as running:
        assert refused(await running.post(hashed(TEXT)))[0] == 200
        assert told(await running.post(hashed(TEXT, query=TEXT))) == ANSWER
        assert told(await running.post(hashed(TEXT))) == ANSWER


async def test_a_persisted_mutation_needs_post_as_any_other(bare: Served) -> None:
    text = "mutation { signOut { signedOut } }"
    answer = await get(bare, hashed(text, query=text))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@at(
    ("level", "members", "status", "code"),
    [
        ("off", hashed(TEXT, query=LISTED), 400, "PERSISTED_QUERY_HASH_MISMATCH"),
        ("off", {"documentId": "other"}, 404, "PERSISTED_QUERY_NOT_IN_LIST"),
        ("off", {"documentId": "listed", "query": TEXT}, 400, "PERSISTED_QUERY_HASH_MISMATCH"),
        ("safelist", {"query": TEXT}, 403, "QUERY_NOT_IN_SAFELIST"),
        ("safelist", hashed(TEXT, query=TEXT), 403, "QUERY_NOT_IN_SAFELIST"),
        ("safelist", hashed(TEXT), 200, "PERSISTED_QUERY_NOT_FOUND"),
        ("id-only", {"query": LISTED}, 400, "PERSISTED_QUERY_ID_REQUIRED"),
        ("id-only", hashed(TEXT), 404, "PERSISTED_QUERY_NOT_IN_LIST"),
    ],
)
async def test_a_refusal_has_its_code_on_every_transport(
    held: Served, members: dict[str, Any], status: int, code: str
) -> None:
    assert refused(await held.post(members))[:2] == (status, code)
    assert refused(await held.post(members, accept=GRAPHQL_RESPONSE))[:2] == (status, code)
    assert refused(await get(held, members))[:2] == (status, code)
    async with held.talk() as talk:
        [error] = await subscribe(talk, members)
        assert error["extensions"]["code"] == code


async def test_whoever_sends_texts_outside_the_list_pays_for_their_being_read(redis_url: str, trusted: Path) -> None:
    held = {"trusted_documents": trusted, "trusted_level": "safelist"}
    limits = {"text_limit": len(TEXT), "text_limit_restored": 1}
    async with serving(NO_DATABASE, redis_url, **limits, **held) as served:
        assert told(await served.post({"documentId": "listed"})) == LISTED_ANSWER
        assert refused(await served.post({"query": TEXT}))[:2] == (403, "QUERY_NOT_IN_SAFELIST")
        assert refused(await served.post({"query": "{ other: __typename }"}))[:2] == (429, "REQUEST_RATE_LIMITED")
        assert told(await served.post({"documentId": "listed"})) == LISTED_ANSWER


@at(("level", "by"), [("off", "text"), ("log", "text"), ("safelist", "text"), ("safelist", "hash"), ("id-only", "id")])
async def test_documents_on_the_list_are_read_at_nobodys_expense(
    redis_url: str, tmp_path: Path, level: Level, by: str
) -> None:
    texts = {f"listed-{number}": f"query Listed{number} {{ listed: __typename }}" for number in range(5)}
    (file := tmp_path / "list.json").write_bytes(orjson.dumps(texts))
    held = {"trusted_documents": file, "trusted_level": level, "text_limit": 1, "text_limit_restored": 1}
    async with serving(NO_DATABASE, redis_url, **held) as served:
        for key, text in texts.items():
            members = {"id": {"documentId": key}, "hash": hashed(text), "text": {"query": text}}[by]
            assert told(await served.post(members)) == LISTED_ANSWER


@at("level", ["off", "log", "safelist", "id-only"])
@at("members", [{"documentId": "listed"}, {"documentId": f"sha256:{digest(LISTED)}"}, hashed(LISTED)])
async def test_a_document_on_the_list_runs_on_every_transport(held: Served, members: dict[str, Any]) -> None:
    assert told(await held.post(members)) == LISTED_ANSWER
    assert told(await get(held, members)) == LISTED_ANSWER
    async with held.talk() as talk:
        assert await subscribe(talk, members) == LISTED_ANSWER


@at(
    "members",
    [
        {},
        {"extensions": {}},
        {"documentId": None, "extensions": {"persistedQuery": None}},
        {"documentId": 5},
        {"extensions": {"persistedQuery": "abc"}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": digest(TEXT)}}, "query": TEXT},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}},
    ],
)
async def test_what_names_no_operation_is_a_bad_request(bare: Served, members: dict[str, Any]) -> None:
    assert refused(await bare.post(members))[:2] == (400, "BAD_REQUEST")
    async with bare.talk() as talk:
        await talk.say(id="1", type="subscribe", payload=members)
        assert (await talk.closed())[0] == 4400


def test_a_server_that_is_set_up_without_its_list_does_not_start() -> None:
    settings = Settings(database_url=NO_DATABASE, redis_url=NO_REDIS, trusted_level="safelist")
    with pytest.raises(BadDocuments, match="TRELLIS_TRUSTED_DOCUMENTS names no list"):
        App(settings)

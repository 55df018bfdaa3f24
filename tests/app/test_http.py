"""GraphQL over HTTP: what is accepted, what it is answered with, and that whatever is malformed is a coded 4xx."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus

from app.negotiation import GRAPHQL_RESPONSE, JSON
from app.responses import refusal
from db.engine import Database
from db.tokens import new_token
from tests.app.serving import NO_DATABASE, Served, serving, told
from tests.deadline import DEADLINE
from tests.world import World

TYPENAME = {"query": "{ __typename }"}
ANSWER = {"data": {"__typename": "Query"}}
PREFLIGHT = {"graphql_require_preflight": "1"}


def code_of(answer: httpx.Response) -> str:
    """The code of the one error of an answer without data."""
    body = answer.json()
    assert "data" not in body
    [error] = body["errors"]
    return str(error["extensions"]["code"])


async def get(served: Served, **parameters: str) -> httpx.Response:
    return await served.send("GET", f"/graphql?{urlencode(parameters)}", **PREFLIGHT)


async def test_a_query_by_post(bare: Served) -> None:
    answer = await bare.post(TYPENAME)
    assert (answer.status_code, told(answer)) == (200, ANSWER)


async def test_a_query_by_get(bare: Served) -> None:
    query = "query Two($yes: Boolean!) { __typename @include(if: $yes) } query One { __typename }"
    answer = await get(bare, query=query, operationName="Two", variables='{"yes": true}', extensions="")
    assert (answer.status_code, told(answer)) == (200, ANSWER)


async def test_unknown_members_are_ignored_and_null_is_absent(bare: Served) -> None:
    nothing = dict.fromkeys(("operationName", "variables", "extensions"))
    assert told(await bare.post({**TYPENAME, **nothing, "other": 1})) == ANSWER


async def test_partial_data_is_200(bare: Served) -> None:
    answer = await bare.post({"query": "mutation { signOut { signedOut } }"}, accept=GRAPHQL_RESPONSE)
    assert answer.status_code == 200
    assert answer.json()["data"] == {"signOut": None}
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        ("Application/JSON; charset=utf-8", JSON),
        (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE}, {JSON}", GRAPHQL_RESPONSE),
        (f"{JSON}, {GRAPHQL_RESPONSE}", JSON),
        (f"{GRAPHQL_RESPONSE};q=0.8, {JSON};q=0.9", JSON),
        (f"{JSON};q=0.5, */*;q=0.9", GRAPHQL_RESPONSE),
        (f"{JSON};q=0, */*", GRAPHQL_RESPONSE),
        (f"text/html, */*;q=0.1, {GRAPHQL_RESPONSE};q=0.1", GRAPHQL_RESPONSE),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        (f"{JSON};q=nan", JSON),
    ],
)
async def test_the_accepted_media_type_is_answered(bare: Served, accept: str, media_type: str) -> None:
    answer = await bare.post(TYPENAME, accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", "*/*;q=0", "application/xml, text/*", ";;q="])
async def test_nothing_acceptable_is_406(bare: Served, accept: str) -> None:
    answer = await bare.post(TYPENAME, accept=accept)
    assert (answer.status_code, code_of(answer)) == (406, "BAD_REQUEST")


async def test_an_operation_that_there_is_not_is_named_and_those_that_there_are(bare: Served) -> None:
    answer = await bare.post({"query": "query A { __typename } query C { __typename }", "operationName": "B"})
    assert answer.json()["errors"][0]["message"] == "The document has no operation `B`; it has `A`, `C`."


async def test_an_empty_name_of_an_operation_is_none_in_a_body_too(bare: Served) -> None:
    """Clients in Go send one that they were not given as an empty text."""
    assert "data" in (await bare.post({"query": "query A { __typename }", "operationName": ""})).json()
    several = await bare.post({"query": "query A { __typename } query C { __typename }", "operationName": ""})
    assert several.json()["errors"][0]["message"].startswith("Say with `operationName` which")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { __typename } query B { __typename }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { __typename }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A($id: ID!) { node(id: $id) { id } }"}, "BAD_USER_INPUT"),
    ],
)
@pytest.mark.parametrize(("media_type", "status"), [(GRAPHQL_RESPONSE, 400), (JSON, 200)])
async def test_what_graphql_refuses_has_the_status_of_its_media_type(
    bare: Served, body: dict[str, str], code: str, media_type: str, status: int
) -> None:
    answer = await bare.post(body, accept=media_type)
    assert (answer.status_code, code_of(answer)) == (status, code)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"query": "\xff"}',
        b'{"query": "\\ud800"}',
        b'{"query": "{ __typename }", "variables": {"n": NaN}}',
        b"null",
        b'"{ __typename }"',
        b"7",
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": 7}',
        b'{"query": {}}',
        b'{"query": "{ __typename }", "operationName": 7}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "variables": [1]}',
        b'{"query": "{ __typename }", "extensions": true}',
        pytest.param(b'{"query": "{ __typename }", "variables": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="deep"),
    ],
)
async def test_a_body_that_is_no_request_is_400(bare: Served, content: bytes) -> None:
    answer = await bare.send("POST", content=content, content_type=JSON)
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "address",
    [
        "/graphql",
        "/graphql?query=",
        "/graphql?query=%ff",
        "/graphql?query={__typename}&variables={",
        "/graphql?query={__typename}&variables=[]",
        "/graphql?query={__typename}&extensions=7",
    ],
)
async def test_an_address_that_is_no_request_is_400(bare: Served, address: str) -> None:
    answer = await bare.send("GET", address, **PREFLIGHT)
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


async def test_a_number_of_5000_digits_is_no_failure_of_ours(bare: Served) -> None:
    content = b'{"query": "{ __typename }", "variables": {"n": ' + b"9" * 5000 + b"}}"
    answer = await bare.send("POST", content=content, content_type=JSON)
    assert answer.status_code in {200, 400}


@pytest.mark.parametrize("content_type", ["application/xml", "application/graphql", f"{JSON}; charset=utf-16"])
async def test_another_content_type_is_415(bare: Served, content_type: str) -> None:
    answer = await bare.send("POST", content=b'{"query": "{ __typename }"}', content_type=content_type)
    assert (answer.status_code, code_of(answer)) == (415, "BAD_REQUEST")


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "gzip, identity"])
async def test_a_compressed_body_is_415_and_the_answer_says_what_would_be_read(bare: Served, coding: str) -> None:
    content = gzip.compress(orjson.dumps(TYPENAME))
    answer = await bare.send("POST", content=content, content_type=JSON, content_encoding=coding)
    assert (answer.status_code, code_of(answer)) == (415, "BAD_REQUEST")
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("coding", ["", "identity"])
async def test_a_body_that_is_said_not_to_be_compressed_is_read(bare: Served, coding: str) -> None:
    assert told(await bare.post(TYPENAME, content_encoding=coding)) == ANSWER


async def test_no_cache_keeps_an_answer_for_others(bare: Served) -> None:
    """GET and POST, refused or not, in one part or in several; what is soon not true any more is not kept at all."""
    unknown = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
    kept = [
        await bare.post(TYPENAME),
        await get(bare, query="{__typename}"),
        await get(bare, query="{"),
        await bare.post(TYPENAME, accept="text/event-stream"),
        await bare.send("POST", "/graphql/", content_type=JSON),
    ]
    forgotten = [
        await get(bare, query=""),
        await bare.post(TYPENAME, accept="text/html"),
        await bare.post(TYPENAME, authorization="Bearer x"),
        await bare.post(unknown),
    ]
    assert {answer.headers["cache-control"] for answer in kept} == {"private, no-cache"}
    assert {answer.headers["cache-control"] for answer in forgotten} == {"no-store"}
    assert {answer.headers["vary"] for answer in kept + forgotten} == {"Accept, Accept-Encoding, Authorization"}


@pytest.mark.parametrize("content_type", [f"{JSON}; charset=utf-8", f'{JSON};charset="UTF-8"', JSON.upper()])
async def test_the_content_type_may_name_its_charset(bare: Served, content_type: str) -> None:
    answer = await bare.send("POST", content=b'{"query": "{ __typename }"}', content_type=content_type)
    assert told(answer) == ANSWER


async def test_a_body_over_the_limit_is_413_before_it_is_read(bare: Served) -> None:
    reader, writer = await asyncio.open_connection(*bare.address.split(":"))
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: trellis\r\nContent-Type: application/json\r\n")
    writer.write(b"Content-Length: 1048577\r\n\r\n")
    async with asyncio.timeout(DEADLINE):
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_a_body_over_the_limit_is_413_without_a_length_too(bare: Served) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(2**20 // 1000 + 1):
            yield b" " * 1000

    answer = await bare.send("POST", content=chunks(), content_type=JSON)
    assert (answer.status_code, code_of(answer)) == (413, "BAD_REQUEST")


async def test_a_body_at_the_limit_is_read(redis_url: str) -> None:
    content = b'{"query": "{ __typename }"}'
    async with serving(NO_DATABASE, redis_url, body_limit=len(content)) as served:
        assert told(await served.send("POST", content=content, content_type=JSON)) == ANSWER
        assert (await served.send("POST", content=content + b" ", content_type=JSON)).status_code == 413


async def test_the_largest_body_is_read_with_a_length_and_without(bare: Served) -> None:
    content = b'{"query": "{ __typename }"}'.ljust(2**20)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 2**16):
            yield content[start : start + 2**16]

    assert told(await bare.send("POST", content=content, content_type=JSON)) == ANSWER
    assert told(await bare.send("POST", content=chunks(), content_type=JSON)) == ANSWER


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_another_method_is_405(bare: Served, method: str) -> None:
    answer = await bare.send(method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_a_mutation_by_get_is_405_and_does_nothing(served: Served, world: World) -> None:
    authorization = f"Bearer {world.tokens['ada']}"
    query = urlencode({"query": "mutation { signOut { signedOut } }"})
    answer = await served.send("GET", f"/graphql?{query}", authorization=authorization, **PREFLIGHT)
    assert (answer.status_code, answer.headers["allow"], code_of(answer)) == (405, "POST", "BAD_REQUEST")
    still = await served.post({"query": "{ viewer { name } }"}, authorization=authorization)
    assert still.json()["data"] == {"viewer": {"name": "Ada"}}


SUBSCRIPTION = 'subscription { documentEvents(documentId: "doc_1") { kind } }'


async def test_a_subscription_without_a_stream_is_400(bare: Served) -> None:
    for answer in (await bare.post({"query": SUBSCRIPTION}), await get(bare, query=SUBSCRIPTION)):
        assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain;x=application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "nonsense",
    ],
)
async def test_what_a_form_can_send_is_refused(bare: Served, content_type: str) -> None:
    answer = await bare.send("POST", content=b'{"query": "{ __typename }"}', content_type=content_type)
    assert (answer.status_code, code_of(answer)) == (400, "CSRF_ERROR")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_query_by_get_that_a_page_of_another_site_asks_for_is_refused(bare: Served, site: str) -> None:
    answer = await bare.send("GET", "/graphql?query={__typename}", sec_fetch_site=site)
    assert (answer.status_code, code_of(answer)) == (400, "CSRF_ERROR")


@pytest.mark.parametrize("headers", [{}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}])
async def test_a_query_by_get_that_no_other_site_asks_for_needs_no_header(
    bare: Served, headers: dict[str, str]
) -> None:
    answer = await bare.send("GET", "/graphql?query={__typename}", **headers)
    assert (answer.status_code, told(answer)) == (200, ANSWER)


@pytest.mark.parametrize("header", ["graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name"])
async def test_a_header_that_needs_a_preflight_shows_that_it_is_no_form(bare: Served, header: str) -> None:
    answer = await bare.send("GET", "/graphql?query={__typename}", **{header: "1"})
    assert told(answer) == ANSWER


async def test_a_form_with_such_a_header_is_still_not_json(bare: Served) -> None:
    answer = await bare.send("POST", content=b"{}", content_type="text/plain", **PREFLIGHT)
    assert (answer.status_code, code_of(answer)) == (415, "BAD_REQUEST")


async def test_the_address_is_exact_and_who_misses_it_is_told_which_it_is(bare: Served) -> None:
    for method in ("GET", "POST"):
        answer = await bare.send(method, "/graphql/", content=b"{}", content_type=JSON)
        assert (answer.status_code, code_of(answer)) == (404, "NOT_FOUND")
        assert "`/graphql`" in answer.json()["errors"][0]["message"]
    with pytest.raises(InvalidStatus) as refusal:
        async with bare.socket("/graphql/"):
            pass
    assert refusal.value.response.status_code == 404
    assert b"`/graphql`" in (refusal.value.response.body or b"")


async def test_without_a_database_the_answer_says_to_try_again(bare: Served) -> None:
    answer = await bare.post(TYPENAME, authorization=f"Bearer {new_token()}")
    assert (answer.status_code, code_of(answer)) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("page", ["/graphiql", "/metrics"])
async def test_a_page_that_is_not_for_everybody_is_503_while_nobody_knows_who_asks(redis_url: str, page: str) -> None:
    async with serving(NO_DATABASE, redis_url, introspection="users") as served:
        answer = await served.send("GET", page, authorization=f"Bearer {new_token()}")
    assert (answer.status_code, code_of(answer)) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"


async def test_the_front_page_leads_to_the_console(bare: Served) -> None:
    answer = await bare.send("GET", "/")
    assert (answer.status_code, answer.headers["location"]) == (307, "graphiql")


async def test_answers_are_utf8(served: Served, database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE courses SET title = '🌳' WHERE slug = 'logic'"))
    answer = await served.post({"query": '{ course(slug: "logic") { title } }'})
    assert '"title":"🌳"' in answer.content.decode()


def test_a_failure_of_ours_is_masked_and_can_be_found_in_the_log() -> None:
    with capture_logs() as entries:
        answer = refusal(ValueError("SELECT secret FROM passwords"), JSON)
    [error] = orjson.loads(answer.body)["errors"]
    assert answer.status == 500
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["extensions"]["errorId"] == entries[0]["error_id"]
    assert b"secret" not in answer.body


async def test_every_answer_says_how_it_was_made(served: Served, world: World) -> None:
    compiled = await served.post({"query": "{ viewer { name } }"}, authorization=f"Bearer {world.tokens['ada']}")
    mixed = await served.post({"query": "{ viewer { name } __schema { queryType { name } } }"})
    plans = [answer.headers["x-trellis-plan"] for answer in (compiled, mixed)]
    assert plans == ["compiled", "compiled; resolved: Query.__schema"]


@pytest.mark.parametrize("analyze", ["true", "false"])
async def test_an_administrator_sees_the_statement_and_its_plan(served: Served, world: World, analyze: str) -> None:
    body = {"query": "query ($slug: String) { course(slug: $slug) { title } }", "variables": {"slug": "logic"}}
    answer = await explained(served, body, world.tokens["root"], analyze=analyze)
    assert answer.status_code == 200
    found = answer.json()
    assert "FROM courses" in found["sql"]
    assert len(found["parameters"]) == 1
    assert ("Execution Time" in found["plan"][0]) == (analyze == "true")


async def test_nobody_else_sees_how_an_operation_is_answered(served: Served, world: World) -> None:
    answer = await explained(served, {"query": "{ viewer { name } }"}, world.tokens["ada"])
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")


async def test_what_no_statement_answers_cannot_be_explained(served: Served, world: World) -> None:
    for query in ("{ __schema { queryType { name } } }", "mutation { signOut { signedOut } }"):
        answer = await explained(served, {"query": query}, world.tokens["root"])
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")


async def explained(served: Served, body: Any, token: str, *, analyze: str = "false") -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", "content_type": "application/json"}
    return await served.send("POST", f"/graphql/explain?analyze={analyze}", content=orjson.dumps(body), **headers)

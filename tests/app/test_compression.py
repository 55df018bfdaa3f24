"""Compressed answers: for whom, from which size on, never a stream, and never at the cost of others."""

import gzip
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from graphql import get_introspection_query

from app.compression import QUICK, SMALL, gzipped
from tests.app.serving import Served
from tests.app.streams.reading import reading

SCHEMA = {"query": get_introspection_query()}
"""A query with an answer of some hundred kilobytes."""
HOLD = 0.05
"""Seconds that the event loop may stand still."""


@pytest.fixture
async def accepting(bare: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client that accepts only what a test says."""
    async with bare.client(headers={"accept-encoding": ""}) as client:
        yield client


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("GZip;q=0.5", "gzip"),
        ("br;q=1.0, *;q=0.1", "gzip"),
        ("identity;q=0.5, gzip", "gzip"),
        ("", "identity"),
        ("br", "identity"),
        ("gzip;q=0", "identity"),
        ("*, gzip;q=0", "identity"),
        ("identity, gzip;q=0.5", "identity"),
        ("nonsense;;;", "identity"),
    ],
)
async def test_an_answer_is_compressed_for_who_takes_that(
    accepting: httpx.AsyncClient, accepted: str, coding: str
) -> None:
    answer = await accepting.post("/graphql", json=SCHEMA, headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding", "identity") == coding
    assert "__schema" in answer.json()["data"]
    assert "Accept-Encoding" in answer.headers["vary"]


async def test_a_compressed_answer_is_several_times_smaller(accepting: httpx.AsyncClient) -> None:
    plain, small = [
        (await accepting.post("/graphql", json=SCHEMA, headers={"accept-encoding": accepted})).headers
        for accepted in ("identity", "gzip")
    ]
    assert int(small["content-length"]) * 4 < int(plain["content-length"])


@pytest.mark.parametrize(("length", "is_compressed"), [(SMALL - 400, False), (SMALL, True)])
async def test_what_goes_in_one_packet_is_not_compressed(
    accepting: httpx.AsyncClient, length: int, is_compressed: bool
) -> None:
    query = {"query": f"{{ {'a' * length}: __typename }}"}
    answer = await accepting.post("/graphql", json=query, headers={"accept-encoding": "gzip"})
    assert (len(answer.content) > SMALL, "content-encoding" in answer.headers) == (is_compressed, is_compressed)


async def test_a_refusal_is_compressed_like_an_answer(accepting: httpx.AsyncClient) -> None:
    query = {"query": f"{{ {' '.join(f'nothing{n}' for n in range(20))} }}"}
    answer = await accepting.post("/graphql", json=query, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["errors"]


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0"])
async def test_a_stream_is_not_compressed(bare: Served, accept: str) -> None:
    async with reading(bare, SCHEMA["query"], accept=accept) as stream:
        assert "content-encoding" not in stream.response.headers
        assert b"__schema" in await stream.whole()


async def test_compressing_ten_megabytes_never_holds_the_event_loop() -> None:
    body = b'{"node":{"id":"com_0123456789","content":"' + b"".join(b"%d," % n for n in range(1_400_000)) + b'"}}'
    started = time.thread_time()
    compressed = await gzipped(body)
    assert time.thread_time() - started < HOLD
    assert gzip.decompress(compressed) == body


async def test_what_is_compressed_on_the_event_loop_takes_less_than_a_slice_of_it() -> None:
    body = b"".join(b"%d," % n for n in range(QUICK))[:QUICK]
    started = time.thread_time()
    await gzipped(body)
    assert time.thread_time() - started < HOLD / 5

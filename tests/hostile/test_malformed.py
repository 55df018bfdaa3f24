"""Whatever arrives is answered with a code: no failure of ours, no broken connection, and nothing that is not said."""

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.app.sockets.raw import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame, raw
from tests.deadline import DEADLINE
from tests.hostile import inputs
from tests.hostile.conftest import Target

PONG = 0xA
OURS = {"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT", "OVERLOADED"}
"""The codes that say that something is wrong on our side."""
THEIRS = {1000, 1002, 1007, 1009, 4400, 4401, 4403, 4409, 4429}
"""The codes of closing that say that something is wrong on the client's side."""


@settings(max_examples=700)
@given(body=inputs.bodies, signed_in=st.booleans())
def test_a_body(target: Target, body: bytes, signed_in: bool) -> None:
    head = b"Content-Type: application/json\r\n" + (credential(target) if signed_in else b"")
    check(target, b"POST /graphql HTTP/1.1\r\n%bContent-Length: %d\r\n" % (head, len(body)), body)


@settings(max_examples=300)
@given(parameters=inputs.parameters, signed_in=st.booleans())
def test_an_address(target: Target, parameters: bytes, signed_in: bool) -> None:
    check(target, b"GET /graphql?%b HTTP/1.1\r\n%b" % (parameters, credential(target) if signed_in else b""))


@settings(max_examples=300)
@given(head=inputs.heads, method=st.sampled_from((b"POST", b"GET", b"PUT", b"get", b"\xff", b"HEAD", b"OPTIONS")))
def test_a_head(target: Target, head: bytes, method: bytes) -> None:
    body = b'{"query": "{ __typename }"}'
    check(target, b"%b /graphql HTTP/1.1\r\n%bContent-Length: %d\r\n" % (method, head, len(body)), body)


@settings(max_examples=200)
@given(body=inputs.bodies, sizes=st.lists(st.integers(-2, 60), max_size=6), cut=st.booleans())
def test_a_chunked_body(target: Target, body: bytes, sizes: list[int], cut: bool) -> None:
    head = b"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    check(target, head, b"".join(chunks(body, sizes)), cut=cut)


@settings(max_examples=500)
@given(
    sent=st.lists(st.tuples(inputs.messages, st.sampled_from((TEXT, TEXT, TEXT, BINARY, CONTINUATION)), st.booleans())),
    signed_in=st.booleans(),
)
def test_messages_on_a_socket(target: Target, sent: list[tuple[bytes, int, bool]], signed_in: bool) -> None:
    frames = [frame(opcode, data, final=final) for data, opcode, final in sent]
    with capture_logs() as entries:
        code = target.run(talk(target, frames, signed_in=signed_in))
    assert code in THEIRS
    assert errors(entries) == []


def check(target: Target, head: bytes, body: bytes = b"", *, cut: bool = False) -> None:
    """Send a request, and look at what comes back. Who cuts it off need not be answered."""
    with capture_logs() as entries:
        answer = target.run(ask(target, b"%bConnection: close\r\n\r\n%b" % (head, body), cut=cut))
    assert errors(entries) == []
    if cut and not answer:
        return
    top, _, content = answer.partition(b"\r\n\r\n")
    assert top.split()[1][:1] in {b"2", b"4"}, answer
    if content:
        coded(orjson.loads(content))


def coded(answer: Any) -> None:
    assert answer.keys() <= {"data", "errors", "extensions"}
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    assert "errors" not in answer or codes
    assert not codes & OURS, answer


def errors(entries: Any) -> list[Any]:
    return [entry for entry in entries if entry["log_level"] == "error"]


def credential(target: Target) -> bytes:
    return b"Authorization: Bearer %b\r\n" % target.world.tokens["ada"].encode()


def chunks(body: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The body in chunks of these sizes, as they are told: wrong ones too."""
    for size in sizes:
        part, body = body[: max(size, 0)], body[max(size, 0) :]
        yield b"%x\r\n%b\r\n" % (len(part) if size > 0 else max(size, 0), part) if size >= 0 else b"-%x\r\n" % -size
    yield b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"


async def ask(target: Target, request: bytes, *, cut: bool) -> bytes:
    """All that the server answers until it closes."""
    host, port = target.served.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request[: len(request) * 2 // 3] if cut else request)
        if cut:
            writer.write_eof()
        async with asyncio.timeout(DEADLINE):
            return await reader.read()
    finally:
        writer.transport.abort()


async def talk(target: Target, frames: list[bytes], *, signed_in: bool) -> int:
    """The code with which the server closes: because of the frames, or with 1000 since it is asked to at the end."""
    payload = {"authorization": f"Bearer {target.world.tokens['ada']}"} if signed_in else {}
    async with raw(target.served.address, **payload) as client:
        await client.say(*frames, frame(PING, b"over"), frame(CLOSE, (1000).to_bytes(2)))
        while True:
            opcode, data = await client.hear()
            if opcode == CLOSE:
                return int.from_bytes(data[:2])
            if opcode == TEXT and (answer := orjson.loads(data))["type"] in {"next", "error"}:
                payload = answer["payload"]
                coded({"errors": payload} if answer["type"] == "error" else payload)

"""Requests to servers that people name reach the open internet alone, and wait for nobody."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest

from app.outgoing import Web
from db.outgoing import Unanswered
from tests.app.hooks import HOST, Receiver, answering, certificate, hanging, receiving
from tests.tls import Certificate, needs_openssl

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def proof() -> Iterator[Certificate]:
    with certificate() as made:
        yield made


@pytest.fixture
async def receiver(proof: Certificate) -> AsyncIterator[Receiver]:
    async with receiving(proof) as found:
        yield found


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """The addresses that names mean, one list each time that they are asked for; others mean what they always do."""
    known = {HOST: [["127.0.0.1"]]}
    look_up = socket.getaddrinfo

    def found(host: Any, port: Any, *others: Any, **options: Any) -> Any:
        if host not in known:
            return look_up(host, port, *others, **options)
        answers = known[host]
        some = answers.pop(0) if len(answers) > 1 else answers[0]
        return [one for address in some for one in look_up(address, port, *others, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return known


def web(receiver: Receiver, *reached: str, timeout: float = 5) -> Web:
    """A way to the server, and to no other address."""
    return Web(may_reach=(reached or ("127.0.0.1",)).__contains__, tls=receiver.tls, timeout=timeout)


async def failure(way: Web, url: str) -> str:
    with pytest.raises(Unanswered) as raised:
        await way.post(url, {}, b"{}")
    return str(raised.value)


@pytest.mark.usefixtures("names")
async def test_a_request_arrives_as_it_was_sent(receiver: Receiver) -> None:
    await web(receiver).post(f"{receiver.url}?key=1", {"webhook-id": "ndl_1"}, b'{"a": 1}')
    (request,) = receiver.requests
    assert (request.line, request.body) == ("POST /hook?key=1 HTTP/1.1", b'{"a": 1}')
    assert request.headers["webhook-id"] == "ndl_1"
    assert request.headers["host"] == f"{HOST}:{receiver.port}"


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "410 Gone", "500 Internal Server Error"])
async def test_an_answer_that_takes_nothing_says_its_status_alone(receiver: Receiver, status: str) -> None:
    receiver.answers = [answering(status, "x-secret: of the receiver")]
    assert await failure(web(receiver), receiver.url) == f"The server answered {status[:3]}."


@pytest.mark.usefixtures("names")
async def test_a_redirect_is_not_followed(receiver: Receiver, proof: Certificate) -> None:
    async with receiving(proof) as other:
        for target in (f"https://127.0.0.1:{other.port}/", other.url):
            receiver.answers = [answering("307 Temporary Redirect", f"location: {target}")]
            said = await failure(web(receiver), receiver.url)
            assert said == "The server answered 307. Redirects are not followed."
        assert other.connections == 0


@pytest.mark.usefixtures("names")
async def test_a_server_that_says_nothing_is_left(receiver: Receiver) -> None:
    receiver.answers = [hanging]
    assert await failure(web(receiver, timeout=0.2), receiver.url) == "The server took too long."


@pytest.mark.usefixtures("names")
async def test_a_server_that_says_it_slowly_is_left(receiver: Receiver) -> None:
    async def dripping(writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            for letter in b"HTTP/1.1 200 OK\r\nx-long: " + b"x" * 1_000:
                writer.write(bytes([letter]))
                await writer.drain()
                await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.05)

    receiver.answers = [dripping]
    assert await failure(web(receiver, timeout=0.3), receiver.url) == "The server took too long."


@pytest.mark.usefixtures("names")
async def test_of_an_answer_without_end_nothing_is_read(receiver: Receiver) -> None:
    sent, ended = 0, asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while sent < 2**28:
                writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                await writer.drain()
                sent += 65_536
        finally:
            ended.set()

    receiver.answers = [endless]
    await web(receiver).post(receiver.url, {}, b"{}")
    async with asyncio.timeout(5):
        await ended.wait()
    assert sent < 2**26


@pytest.mark.usefixtures("names")
async def test_headers_without_end_are_no_answer(receiver: Receiver) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x-long: " + b"x" * 8_000 + b"\r\n")
            await writer.drain()

    receiver.answers = [endless]
    assert "could not be reached" in await failure(web(receiver), receiver.url)


async def test_a_server_that_is_not_the_one_of_the_name_gets_nothing(
    receiver: Receiver, names: dict[str, list[list[str]]]
) -> None:
    names["other.example.com"] = [["127.0.0.1"]]
    assert "could not be reached" in await failure(web(receiver), f"https://other.example.com:{receiver.port}/")
    assert receiver.requests == []


async def test_a_name_that_means_nothing_is_not_reached(receiver: Receiver) -> None:
    assert "could not be reached" in await failure(web(receiver), "https://nothing.invalid/")


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "0x7f.1", "2130706433", "0", "[::1]", "[::ffff:127.0.0.1]", "[::]"]
)
async def test_this_machine_is_not_reached_by_any_of_its_names(receiver: Receiver, host: str) -> None:
    said = await failure(Web(tls=receiver.tls), f"https://{host}:{receiver.port}/")
    assert said == "Nothing in a private network is reached from here."
    assert receiver.connections == 0


async def test_a_name_with_one_private_address_is_not_reached(
    receiver: Receiver, names: dict[str, list[list[str]]]
) -> None:
    names[HOST] = [["127.0.0.1", "10.0.0.1"]]
    assert await failure(web(receiver), receiver.url) == "Nothing in a private network is reached from here."
    assert receiver.connections == 0


async def test_a_name_that_means_another_address_a_moment_later_leads_to_the_one_that_was_looked_at(
    receiver: Receiver, proof: Certificate, names: dict[str, list[list[str]]]
) -> None:
    async with receiving(proof, address="127.0.0.2", port=receiver.port) as looked_at:
        names[HOST] = [["127.0.0.2"], ["127.0.0.1"]]
        await web(receiver, "127.0.0.2").post(receiver.url, {}, b"{}")
        assert (len(looked_at.requests), receiver.connections) == (1, 0)


async def test_of_several_addresses_the_first_that_lets_us_in_is_taken(
    receiver: Receiver, names: dict[str, list[list[str]]]
) -> None:
    names[HOST] = [["127.0.0.3", "127.0.0.1"]]
    await web(receiver, "127.0.0.1", "127.0.0.3").post(receiver.url, {}, b"{}")
    assert len(receiver.requests) == 1

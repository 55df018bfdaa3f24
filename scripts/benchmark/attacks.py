"""What an attacker sends, each with little effort of its own: to be run in a process beside the server.

python -m scripts.benchmark.attacks NAME PORT SECONDS
"""

import asyncio
import itertools
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import orjson

from scripts.benchmark.client import HOST

MEBIBYTE = 2**20
WORKERS = 8
SOCKETS = 200
NAMES = itertools.count()
ATTACKER = "TRELLIS_ATTACKER"
"""The variable of the environment with the token of the user who attacks, where guests cannot."""


def address() -> bytes:
    """Headers with an address that nobody else has."""
    return b"Host: x\r\nX-Forwarded-For: 10.%d.%d.%d\r\n" % tuple(secrets.token_bytes(3))


FROM = address()
"""An address of its own, so that no attack finds the bucket of points that another has emptied."""
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\n%bUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
) % FROM

Attack = Callable[[int], Awaitable[None]]


def posted(content: bytes, sender: bytes = FROM) -> bytes:
    """A request with this body, on a connection that stays open."""
    return _POST + sender + b"%bContent-Length: %d\r\n\r\n%b" % (_JSON, len(content), content)


def asked(query: str, **variables: object) -> bytes:
    """A request with this operation."""
    return posted(orjson.dumps({"query": query, "variables": variables}))


def asked_by_another(query: str, accepted: bytes = b"*/*", **variables: object) -> bytes:
    """The same from an address that has not sent anything yet."""
    sender = address() + b"Accept: %b\r\n" % accepted
    return posted(orjson.dumps({"query": query, "variables": variables}), sender)


def distinct(query: str) -> str:
    """The same operation as a text that nobody has sent before, as long as one may be."""
    return f"query N{next(NAMES)} {query}".ljust(60_000)


def bomb(line: str, levels: int = 24) -> str:
    """Fragments that spread each other, twice each."""
    fragments = (f"fragment F{n} on Query {{ {line.replace('F', f'F{n + 1}')} }}" for n in range(levels))
    return f"{{ ...F0 }} {' '.join(fragments)} fragment F{levels} on Query {{ __typename }}"


def _filters(number: int) -> dict[str, object]:
    """Filters such as nobody has put together before: a number in binary."""
    return {f"f{place}": {"search": "a"} if number >> place & 1 else None for place in range(20)}


def frame(content: bytes, opcode: int = 1) -> bytes:
    """A frame with a mask of zeros."""
    size = len(content)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes([0x80 | opcode]) + length + b"\0\0\0\0" + content


_POST, _JSON = b"POST /graphql HTTP/1.1\r\n", b"Content-Type: application/json\r\n"
_HEAD = _POST + FROM + _JSON
_INIT = frame(b'{"type":"connection_init"}')
_ASK = b'{"type":"subscribe","id":"%d","payload":{"query":"%b"}}'
_LESSONS = "lessons(first: 10) { nodes { id title content } }"
_WIDE = f"courses(first: 40) {{ nodes {{ modules(first: 10) {{ nodes {{ {_LESSONS} }} }} }} }}"

_BELOW = "documents(first: 1) { nodes { threads(first: 1) { nodes { comments(first: 1) { nodes { id } } } } } }"


_DOCUMENT = "{ projects { nodes { documents(first: 1) { nodes { id threads(first: 1) { nodes { id } } } } } } }"


def _widest(argument: str = "") -> str:
    """As many root fields as there may be, each with lists in lists."""
    fields = (f"a{n}: projects(first: 1{argument.format(n)}) {{ nodes {{ id {_BELOW} }} }}" for n in range(20))
    return f"{{ {' '.join(fields)} }}"


_FILTERS = ", ".join(f"$f{n}: SpecificationProjectFilter" for n in range(20))
_FILTERED = f"query ({_FILTERS}) {_widest(', filter: $f{}')}"

_ORDERS = ("CREATED_AT_ASC", "CREATED_AT_DESC", "NAME_ASC", "NAME_DESC", "UPDATED_AT_ASC", "UPDATED_AT_DESC")
_ORDERED = ", ".join(f"$f{n}: SpecificationProjectOrder" for n in range(20))
_IN_ORDER = f"query ({_ORDERED}) {_widest(', orderBy: $f{}')}"
_PARTS = " ".join(f"... @defer {{ d{n}: {_BELOW} }}" for n in range(14))
_IDS = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def _orders() -> dict[str, object]:
    """One of 6²⁰ orders of twenty lists."""
    return {f"f{place}": secrets.choice(_ORDERS) for place in range(20)}


REQUESTS: dict[str, Callable[[], bytes]] = {
    "body of 20 MB, with its length": lambda: posted(b" " * 20 * MEBIBYTE),
    "body of 20 MB, chunked": lambda: (
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n%b\r\n" % (b" " * 2**16)) * 320
    ),
    "JSON 500,000 deep": lambda: posted(b'{"query":' + b"[" * 500_000),
    "fragment bomb": lambda: asked(bomb("...F ...F")),
    "fragment bomb, aliased": lambda: asked(bomb("a: __typename ...F b: __typename ...F")),
    "fragment bomb, inline": lambda: asked(bomb("... { ...F } ... on Query { ...F }")),
    "64 KiB, each text new": lambda: asked(distinct("{ courses(first: 5) { nodes { title } } }")),
    "2,000 tokens, each text new": lambda: asked(distinct(f"{{ {'__typename ' * 1_900} }}")),
    "2,000 mistakes, each text new": lambda: asked(distinct(f"{{ {' '.join(f'x{n}' for n in range(19))} }}")),
    "the widest, each text new": lambda: asked(f"query N{next(NAMES)} {_widest()}"),
    "the widest, each statement new": lambda: asked(_FILTERED, **_filters(next(NAMES))),
    "shapes of 20 fields, one known text": lambda: asked(_IN_ORDER, **_orders()),
    "variables of 1 MB, one known text": lambda: asked(_IDS, ids=["a"] * 250_000),
    "deferred in 14 parts, each text new": lambda: asked_by_another(
        f"query N{next(NAMES)} {{ projects(first: 1) {{ nodes {{ id {_PARTS} }} }} }}", b"multipart/mixed"
    ),
    "the widest, each text and guest new": lambda: asked_by_another(f"query N{next(NAMES)} {_widest()}"),
    "heavy reads of a hundred guests": lambda: asked_by_another(f"query {{ {_WIDE} }}"),
    "10,000 aliases": lambda: asked(f"{{ {' '.join(f'a{n}: __typename' for n in range(10_000))} }}"[:64_000]),
    "page up to the limit": lambda: asked(f"query {{ {_WIDE} }}"),
    "introspection": lambda: asked("{ __schema { types { name fields { name type { name } } } } }"),
    "search of 40,000 words": lambda: asked(
        "query ($t: String) { courses(filter: {search: $t}) { totalCount } }", t="word " * 40_000
    ),
    "search of 1,000 characters": lambda: asked(
        "query ($t: String) { courses(filter: {search: $t}) { totalCount } }", t="word " * 200
    ),
    "guessed passwords": lambda: asked(
        'mutation { signIn(input: {email: "nobody@example.com", password: "guess"}) { token } }'
    ),
    "sign-ins of fifty people at once": lambda: asked_by_another(
        'mutation { signIn(input: {email: "nobody@example.com", password: "guess"}) { token } }'
    ),
}


def _subscribing() -> Iterator[bytes]:
    yield from (frame(_ASK % (number, b"{ __typename }")) for number in range(1_000))


TALKS: dict[str, Callable[[], bytes]] = {
    "socket without an init": lambda: b"",
    "socket that asks and does not read": lambda: (
        _INIT + b"".join(frame(_ASK % (n, b"{ __schema { types { name description } } }")) for n in range(100))
    ),
    "socket with 1,000 operations at once": lambda: _INIT + b"".join(_subscribing()),
    "socket with 40,000 empty frames": lambda: _INIT + frame(b"") * 40_000,
    "socket with 40,000 pings": lambda: _INIT + frame(b"x", opcode=9) * 40_000,
}
DRIPS = {
    "head that does not end": b"GET /graphql HTTP/1.1\r\n%bX: " % FROM,
    "body that does not end": _HEAD + b"Content-Length: 1000\r\n\r\n{",
}
CROWD = "300 subscriptions of one document, and a comment"
ATTACKS = (*REQUESTS, *TALKS, *DRIPS, CROWD)
MOST = {
    "heavy reads of a hundred guests": 100,
    "deferred in 14 parts, each text new": 6,
    "sign-ins of fifty people at once": 50,
}
"""How many send it, where that is not as many as mostly."""


async def attack(name: str, port: int) -> None:
    """Attack until it is cancelled."""
    if name in REQUESTS:
        await asyncio.gather(*(_ask(port, REQUESTS[name]) for _ in range(MOST.get(name, WORKERS))))
    elif name in TALKS:
        await asyncio.gather(*(_talk(port, TALKS[name]()) for _ in range(SOCKETS)))
    elif name == CROWD:
        await _crowd(port, os.environ[ATTACKER])
    else:
        await asyncio.gather(*(_drip(port, DRIPS[name]) for _ in range(SOCKETS)))


async def _ask(port: int, request: Callable[[], bytes]) -> None:
    """Send requests one after the other, on a new connection where the server has closed the last."""
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(HOST, port, limit=MEBIBYTE)
            while True:
                writer.write(request())
                await _answer(reader)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The body of an answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"content-length:" in head:
        return await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


async def _crowd(port: int, token: str) -> None:
    """Listen to one document on six sockets, fifty times on each, and comment on it again and again."""
    as_user = b"Authorization: Bearer %b\r\n" % token.encode()
    reader, writer = await asyncio.open_connection(HOST, port, limit=MEBIBYTE)

    async def ask(query: str) -> Any:
        writer.write(posted(orjson.dumps({"query": query}), FROM + as_user))
        return orjson.loads(await _answer(reader))["data"]

    projects = (await ask(_DOCUMENT))["projects"]["nodes"]
    document = next(one for project in projects for one in project["documents"]["nodes"] if one["threads"]["nodes"])
    listening = [asyncio.create_task(_listen(port, token, document["id"])) for _ in range(6)]
    comment = f'{{threadId: "{document["threads"]["nodes"][0]["id"]}", content: "One more"}}'
    while listening:
        await ask(f"mutation {{ addComment(input: {comment}) {{ comment {{ id }} }} }}")
        await asyncio.sleep(0.5)


async def _listen(port: int, token: str, document: str) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(HANDSHAKE)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(frame(b'{"type":"connection_init","payload":{"authorization":"Bearer %b"}}' % token.encode()))
    query = b'subscription { documentEvents(documentId: \\"%b\\") { kind comment { content } } }' % document.encode()
    writer.write(b"".join(frame(_ASK % (number, query)) for number in range(50)))
    while await reader.read(MEBIBYTE):
        pass


async def _talk(port: int, sent: bytes) -> None:
    """Open sockets one after the other, and read nothing from them."""
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(HANDSHAKE)
            await reader.readuntil(b"\r\n\r\n")
            reader._transport.pause_reading()  # type: ignore[attr-defined]  # noqa: SLF001  (nobody should do this)
            writer.write(sent)
            await writer.drain()
            await asyncio.sleep(1)
            writer.transport.abort()


async def _drip(port: int, start: bytes) -> None:
    """Send a byte a second."""
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(HOST, port)
            writer.write(start)
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(1)


async def _for(seconds: float, name: str, port: int) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await attack(name, port)


if __name__ == "__main__":
    asyncio.run(_for(float(sys.argv[3]), sys.argv[1], int(sys.argv[2])))

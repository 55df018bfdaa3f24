"""Messages of graphql-transport-ws as they are sent: what is told to many is written once."""

from functools import lru_cache

import orjson

SHARED = 8
"""Messages that are kept for others: all who are told the same are told it one after the other."""


def head_of(key: str) -> bytes:
    """The beginning of every answer to an operation, before its JSON."""
    return b'{"type":"next","id":%b,"payload":' % orjson.dumps(key)


@lru_cache(maxsize=SHARED)
def answers(head: bytes, bodies: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Messages that begin alike, with these answers."""
    return tuple(b"%b%b}" % (head, body) for body in bodies)
